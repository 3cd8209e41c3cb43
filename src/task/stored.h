/* SPDX-License-Identifier: PostgreSQL */
/*
 * A dump that lies in a save: is it there, is it whole, and is it what the manifest
 * says? It blocks, so it is for worker threads.
 */
#ifndef TASK_STORED_H
#define TASK_STORED_H

#include "base/error.h"
#include "dump/check.h"
#include "store/savedir.h"
#include "product/product.h"

/* How the names of a metamodel's relations begin: nothing else is in a dump. */
#define STORED_PREFIX PRODUCT_PREFIX

/* How dumps of whole schemas are loaded meanwhile. */
#define STORED_WHOLE_HINT                                                         \
	"load one into a database without that schema, with the extensions that " \
	"manifest.json lists for it: psql -X -1 -v ON_ERROR_STOP=1 -f FILE"

struct stored_dump {
	int fd; /* open for reading, -1 if it could not be opened */
	struct dumpfile_facts facts;
	struct dumpdigests marks; /* of the bytes that were checked */
	struct strvec references; /* schemas of relations of others that it names */
	struct strvec needs;      /* as in struct dumpfile_opts */
	char *version;            /* the largest in it; NULL: none */
	bool is_filled_up;        /* with blanks, which are not in `version` */
	/* What the manifest says; NULL in a save without one. */
	const struct manifest_entry *entry;
};

/*
 * Open and check it. `expect_schema`: as in struct dumpfile_opts.
 * Ownership: the caller releases *out, also after a failure, when it holds what is known.
 * Errors: ERROR_DATA, "missing" when there is none; ERROR_SYSTEM when it cannot be read.
 */
MUST_CHECK bool stored_dump_open(const struct savedir *save, const char *account,
				 const char *expect_schema, struct stored_dump *out,
				 struct error *err);

/*
 * `expect_schema` for an account of this save, where only the save is there to tell: the
 * name, or NULL if nobody knows how the dump spells it.
 */
const char *stored_schema_of(const struct savedir *save, const char *account);

/* Many files at once would be too many to keep open. */
void stored_dump_close(struct stored_dump *dump);
void stored_dump_release(struct stored_dump *dump);

#endif
