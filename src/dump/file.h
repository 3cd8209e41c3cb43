/* SPDX-License-Identifier: PostgreSQL */
/*
 * A dump file, read once from its start: its size and SHA-256, what it holds, and whether
 * it is sound. It blocks, so it is for worker threads; it has no state of its own.
 */
#ifndef DUMP_FILE_H
#define DUMP_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/strvec.h"
#include "dump/marks.h"
#include "dump/scan.h"

enum { DUMPFILE_SHA256_SIZE = 65 }; /* in hex, with its NUL */

struct dumpfile_opts {
	/* Each statement must be about a relation of this schema whose name begins so, or
	 * about what belongs to one. A schema of NULL: all must be about the same one. A
	 * prefix of NULL, too: everything passes. */
	const char *expect_schema;
	const char *expect_prefix;
	/* A column to watch in each table of a name, as in struct dumpscan_hooks. */
	const char *watch_table;
	const char *watch_column;
	dumprows_value_fn on_value;
	void *owner; /* passed to on_value, in the thread of dumpfile_check() */
	/* Schemas of other relations whose names begin so and that are named here, each
	 * once; some may be something else. May be NULL. */
	struct strvec *references;
	/* What has to be there before it is loaded, as dumpneeds_push() writes it:
	 * sorted, each once. May be NULL. */
	struct strvec *needs;
	/* The relations of expect_schema with that prefix that it creates are added here,
	 * some of them twice. May be NULL. */
	struct strvec *created;
	/* What was read is noted here, for who reads it again; empty before. May be NULL.
	 */
	struct dumpmarks *marks;
};

struct dumpfile_facts {
	/* Of the whole file, whatever is in it. */
	uint64_t size_bytes;
	char sha256[DUMPFILE_SHA256_SIZE];

	bool is_sound;
	/* Of all of it if it is sound, else up to what is wrong. */
	uint64_t rows;
	uint32_t tables;
	uint64_t ambiguous_line; /* as in struct dumpscan_result */
	/* Tables of other accounts that show rows of it, "schema.name,...", as names of
	 * files are written; NULL: none. */
	char *parents;
	uint64_t parents_line;  /* of the first */
	char *rights;           /* as in dump/rights.h; NULL: none */
	bool has_session;       /* it has SET SESSION AUTHORIZATION */
	struct strvec roles;    /* that it names, in its encoding */
	struct strvec owners;   /* those that are to own something */
	struct strvec sessions; /* those of SET SESSION AUTHORIZATION */
	char encoding[32];      /* the last client_encoding; "": none */
	bool is_restricted;     /* it has \restrict and its \unrestrict */
};

/*
 * Check the dump in `fd`, a regular file open for reading; its offset is not touched.
 * Ownership: the caller releases *out, after success only.
 * Errors: ERROR_SYSTEM if it cannot be read. For a dump that is not sound it returns true
 * as well, and ERROR_DATA says in one line why that is so.
 */
MUST_CHECK bool dumpfile_check(int fd, const struct dumpfile_opts *opts,
			       struct dumpfile_facts *out, struct error *err);
void dumpfile_facts_release(struct dumpfile_facts *facts);

#endif
