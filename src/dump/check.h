/* SPDX-License-Identifier: PostgreSQL */
/*
 * Read a dump file once from its start: its size and SHA-256, its contents, and whether
 * it is sound. It blocks, so use it on worker threads; it keeps no state.
 */
#ifndef DUMP_CHECK_H
#define DUMP_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/strvec.h"
#include "dump/digests.h"
#include "dump/scan.h"

enum { DUMPFILE_SHA256_SIZE = 65 }; /* in hex, with its NUL */

struct dumpfile_opts {
	/* Each statement must concern a relation of this schema whose name has this
	 * prefix, or something that belongs to one. If the schema is NULL, all
	 * statements must concern the same schema; if the prefix is NULL, too,
	 * everything is accepted. */
	const char *expect_schema;
	const char *expect_prefix;
	/* Or that schema or anything in it, whatever its name; the prefix is NULL. */
	bool is_whole;
	/* A column to watch in each table of a given name, as in struct dumpscan_hooks.
	 * */
	const char *watch_table;
	const char *watch_column;
	dumprows_value_fn on_value;
	void *owner; /* passed to on_value, in the thread of dumpfile_check() */
	/* Schemas of other relations with this prefix that the dump names, each once;
	 * some may be something else. May be NULL. */
	struct strvec *references;
	/* What must exist before it is loaded, as dumpneeds_push() writes it: sorted,
	 * each once. May be NULL. */
	struct strvec *needs;
	/* The relations of expect_schema with that prefix that it creates are added,
	 * some of them twice. May be NULL. */
	struct strvec *created;
	/* Records what was read, for reading it again; empty initially. May be NULL. */
	struct dumpdigests *marks;
};

struct dumpfile_facts {
	/* Of the whole file, whatever its contents. */
	uint64_t size_bytes;
	char sha256[DUMPFILE_SHA256_SIZE];

	bool is_sound;
	/* Of the whole file if it is sound, otherwise up to the problem. */
	uint64_t rows;
	uint32_t tables;
	uint64_t ambiguous_line; /* as in struct dumpscan_result */
	/* Tables of other accounts that show rows of it, "schema.name,...", encoded like
	 * file names; NULL: none. */
	char *parents;
	uint64_t parents_line;  /* of the first */
	char *rights;           /* as in dump/rights.h; NULL: none */
	bool has_session;       /* it has SET SESSION AUTHORIZATION */
	struct strvec roles;    /* that it names, in its encoding */
	struct strvec owners;   /* those that will own something */
	struct strvec sessions; /* those of SET SESSION AUTHORIZATION */
	char encoding[32];      /* the last client_encoding; "": none */
	bool is_restricted;     /* it has \restrict and its \unrestrict */
};

/*
 * Check the dump in `fd`, a regular file open for reading; its offset is not touched.
 * Ownership: the caller releases *out, after success only.
 * Errors: ERROR_SYSTEM if it cannot be read. For a dump that is not sound it also returns
 * true, and ERROR_DATA gives the reason in one line.
 */
MUST_CHECK bool dumpfile_check(int fd, const struct dumpfile_opts *opts,
			       struct dumpfile_facts *out, struct error *err);
void dumpfile_facts_release(struct dumpfile_facts *facts);

#endif
