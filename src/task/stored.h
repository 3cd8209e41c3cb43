/* SPDX-License-Identifier: PostgreSQL */
/*
 * A dump in a save: is it there, is it complete, and is it what the manifest says?
 * Blocks, so call it on a worker thread.
 */
#ifndef TASK_STORED_H
#define TASK_STORED_H

#include "base/error.h"
#include "dump/check.h"
#include "store/savedir.h"
#include "product/product.h"

/* The prefix of a metamodel's relations: a dump contains nothing else. */
#define STORED_PREFIX PRODUCT_PREFIX

/* How to load dumps of whole schemas until restore can. */
#define STORED_WHOLE_HINT                                                         \
	"load one into a database without that schema, with the extensions that " \
	"manifest.json lists for it: psql -X -1 -v ON_ERROR_STOP=1 -f FILE"

struct stored_dump {
	int fd; /* open for reading; -1 if it could not be opened */
	struct dumpfile_facts facts;
	struct dumpdigests marks; /* of the bytes that were checked */
	struct strvec references; /* schemas of other accounts' relations that it names */
	struct strvec needs;      /* as in struct dumpfile_opts */
	char *version;            /* the largest one in it; NULL: none */
	bool is_filled_up; /* padded with blanks, which `version` does not contain */
	/* The manifest's entry; NULL in a save without a manifest. */
	const struct manifest_entry *entry;
};

/*
 * Open and check a dump. `expect_schema`: as in struct dumpfile_opts.
 * Ownership: the caller releases *out even after a failure; it then contains what is
 * known.
 * Errors: ERROR_DATA ("missing" if there is none), ERROR_SYSTEM if it cannot be read.
 */
MUST_CHECK bool stored_dump_open(const struct savedir *save, const char *account,
				 const char *expect_schema, struct stored_dump *out,
				 struct error *err);

/*
 * `expect_schema` for an account of this save, where only the save is there to tell: the
 * name, or NULL if nobody knows how the dump spells it.
 */
const char *stored_schema_of(const struct savedir *save, const char *account);

/* Close the file early: a run may have too many dumps to keep all of them open. */
void stored_dump_close(struct stored_dump *dump);
void stored_dump_release(struct stored_dump *dump);

#endif
