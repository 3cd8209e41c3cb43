/* SPDX-License-Identifier: PostgreSQL */
/*
 * A dump file, read once from its start: its size and SHA-256, what it holds, and whether
 * it is sound. It blocks, so it is for worker threads; it has no state of its own.
 */
#ifndef TREE_DUMPFILE_H
#define TREE_DUMPFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/error.h"
#include "tree/dumpscan.h"

enum { DUMPFILE_SHA256_SIZE = 65 }; /* in hex, with its NUL */

struct dumpfile_opts {
	/* Each statement must be about a relation of this schema whose name begins so, or
	 * about what belongs to one. NULL lets every schema, every name pass. */
	const char *expect_schema;
	const char *expect_prefix;
	/* A column to watch in each table of a name, as in struct dumpscan_hooks. */
	const char *watch_table;
	const char *watch_column;
	dumprows_value_fn on_value;
	void *owner; /* passed to on_value, in the thread of dumpfile_check() */
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
	bool is_restricted;      /* it has \restrict and its \unrestrict */
};

/*
 * Check the dump in `fd`, a regular file open for reading; its offset is not touched.
 * Errors: ERROR_SYSTEM if it cannot be read. For a dump that is not sound it returns true
 * as well, and ERROR_DATA says in one line why that is so.
 */
MUST_CHECK bool dumpfile_check(int fd, const struct dumpfile_opts *opts,
			       struct dumpfile_facts *out, struct error *err);

#endif
