/* SPDX-License-Identifier: PostgreSQL */
/*
 * A sound dump, taken apart: its statements and the rows of its COPYs, in order.
 *
 *	struct dumpparts parts;
 *
 *	dumpparts_init(&parts, &hooks);
 *	while (...)
 *		dumpparts_feed(&parts, data, length);
 *	dumpparts_release(&parts);
 *
 * Whether a dump is sound is not judged here: see dump/check.h. Of one that is not, some
 * parts are missing. Memory is bounded, however long statements and rows are.
 */
#ifndef DUMP_PARTS_H
#define DUMP_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "dump/scan.h"

/* The most that is kept of a statement's text. */
enum { DUMPPARTS_TEXT_MAX = 4 << 20 };

/*
 * `schema` and `name`: of the first object that the statement is about, as in
 * dump/scan.h. `text`: the statement with its semicolon, without what precedes it, such
 * as comments. Statements about no object, such as SET, are skipped.
 */
struct dumpparts_hooks {
	void (*on_statement)(void *owner, enum dumpsql_use use, const char *schema,
			     const char *name, const char *text);
	/* "COPY ... FROM stdin;"; its rows follow, then on_copy_end. */
	void (*on_copy)(void *owner, const char *schema, const char *name,
			const char *text);
	/* A row without its line end, as in the file. A long row is given in pieces; the
	 * last one has is_end. */
	void (*on_row)(void *owner, const char *data, size_t length, bool is_end);
	void (*on_copy_end)(void *owner);
	void *owner;
	bool is_whole; /* as in struct dumpscan_hooks */
};

struct dumpparts {
	/* The rest is private. */
	struct dumpparts_hooks hooks;
	struct dumpscan scan;
	bool is_within_line;
	bool is_row; /* the current line is a row or the end of the rows */
	bool has_pieces;
	struct strbuf line; /* the beginning of a row */
	struct strbuf text;
	enum dumpsql_use use; /* SQL_NO_USE: nothing yet */
	char schema[DUMP_TEXT_SIZE];
	char name[DUMP_TEXT_SIZE];
};

/* Ownership: the struct must not be moved; *hooks is copied. */
void dumpparts_init(struct dumpparts *parts, const struct dumpparts_hooks *hooks);
void dumpparts_feed(struct dumpparts *parts, const char *data, size_t length);
void dumpparts_release(struct dumpparts *parts);

#endif
