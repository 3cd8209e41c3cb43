/* SPDX-License-Identifier: PostgreSQL */
/*
 * A lexical scanner of plain SQL dumps, as pg_dump 8.x to 18 writes them and psql 15 and
 * later would read them. It tells whether a dump is complete, whether psql can be trusted
 * with it, and what it holds.
 *
 *	struct dumpscan scan;
 *
 *	dumpscan_init(&scan, &hooks);
 *	while (...)
 *		dumpscan_feed(&scan, data, length);
 *	ok = dumpscan_finish(&scan, &err);
 *
 * The result does not depend on how the input is divided. Memory is constant, and nothing
 * is allocated, so there is nothing to release; but the struct must not be moved.
 *
 * A sound dump ends with pg_dump's closing comment, at the top level, and if it began
 * with "\restrict KEY", with the matching "\unrestrict KEY". It has no other backslash
 * command, each COPY has pg_dump's form and its data, and all releases of psql read it
 * in the same way. Beyond that, the scanner refuses only what pg_dump never writes: for
 * the relations of an account, such as a carriage return outside literals, or a
 * function; for a whole schema, such as an extension, or a function in C. A hook is told
 * what each statement concerns.
 *
 * Names in a database cannot make a truncated file look complete: in literals, quoted
 * names and data the closing comment is not at the top level; in pg_dump's "-- Name:
 * ..." comments it is not a separate line. (A pg_dump from before February 2012 wrote
 * line breaks in names into its comments. If there is a \restrict, its random key
 * prevents that, too.)
 *
 * The scanner cannot see what expressions do while they are evaluated, such as changing a
 * setting: standard_conforming_strings, for which there is `ambiguous_line`, or
 * client_encoding.
 */
#ifndef DUMP_SCAN_H
#define DUMP_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/error.h"
#include "dump/lex.h"
#include "dump/needs.h"
#include "dump/refs.h"
#include "dump/rows.h"
#include "dump/sql.h"

enum dumpscan_problem {
	DUMPSCAN_SOUND,
	DUMPSCAN_EMPTY,
	DUMPSCAN_CUT_IN_DATA,
	DUMPSCAN_CUT_IN_LITERAL, /* or in a quoted name */
	DUMPSCAN_CUT_IN_COMMENT,
	DUMPSCAN_CUT_IN_STATEMENT,
	DUMPSCAN_NO_CLOSING,
	DUMPSCAN_TEXT_AFTER_CLOSING,
	DUMPSCAN_NO_UNRESTRICT,
	DUMPSCAN_OTHER_UNRESTRICT, /* it has a different key */
	DUMPSCAN_LONE_UNRESTRICT,
	DUMPSCAN_BACKSLASH,
	DUMPSCAN_BAD_COPY,
	DUMPSCAN_BAD_NAME,
	DUMPSCAN_BAD_STATEMENT,
	DUMPSCAN_BAD_SETTING,
	DUMPSCAN_BAD_BODY,
	DUMPSCAN_BAD_TOKEN,
	DUMPSCAN_VARIABLE, /* psql would substitute one of its variables here */
	DUMPSCAN_CARRIAGE_RETURN,
	DUMPSCAN_BYTE_ORDER_MARK,
	DUMPSCAN_NUL,
};

typedef void (*dumpscan_target_fn)(void *owner, enum dumpsql_use use, const char *schema,
				   const char *name);

typedef void (*dumpscan_right_fn)(void *owner, enum dumpsql_right part, const char *text);

/*
 * on_target: the relation that a statement creates, fills, changes or attaches
 * something to. Names are as the server would have them. The schema of an unqualified
 * name is the first of the last search_path, "" if that is empty. on_value: the watched
 * column of each COPY row of a table of the watched name, in any schema; NULL for NULL,
 * truncated at DUMPROWS_VALUE_MAX bytes. on_reference: a qualified name in a statement,
 * whatever its purpose. on_need: what must exist for a statement, as in dump/needs.h.
 * Each may be NULL.
 */
struct dumpscan_hooks {
	bool is_whole; /* it is to be the dump of a whole schema */
	const char *watch_table;
	const char *watch_column;
	dumpscan_target_fn on_target;
	dumprows_value_fn on_value;
	dumpscan_right_fn on_right; /* `text` is that of a part that has one */
	dumprefs_fn on_reference;
	dumpneeds_fn on_need;
	void *owner;
};

/* Nothing is counted after a problem, except bytes. */
struct dumpscan_result {
	uint64_t bytes;
	uint64_t lines;
	uint64_t rows;   /* of COPY data */
	uint32_t tables; /* CREATE [UNLOGGED|FOREIGN] TABLE */
	/* The first plain '...' that would end elsewhere with the other setting of
	 * standard_conforming_strings: psql may read the rest differently. 0: none. */
	uint64_t ambiguous_line;
	enum dumpscan_problem problem;
	uint64_t problem_line;
	char excerpt[64]; /* printable; the text with the problem, or "" */
};

struct dumpscan {
	struct dumpscan_result result; /* to be read after dumpscan_finish() */

	/* The rest is private. */
	struct dumpscan_hooks hooks;
	struct dumplex lex;
	struct dumpsql sql;
	struct dumprows rows;
	struct dumprefs refs;
	struct dumpneeds needs;
	int state;
	bool has_newline; /* the last byte was one */
	bool is_ending;   /* the input is the line end that the file lacks */
	uint64_t statement_line;
	bool has_statement;
	bool is_right;            /* the statement is GRANT or REVOKE */
	char key[DUMP_TEXT_SIZE]; /* of \\restrict; "" without one */
	bool is_closed;           /* nothing significant followed the closing comment */
	bool is_unrestricted;
	uint64_t text_after_line;
};

/* Ownership: *hooks is copied (it may be NULL); the strings in it and `owner` must
 * outlive the scan. */
void dumpscan_init(struct dumpscan *scan, const struct dumpscan_hooks *hooks);

void dumpscan_feed(struct dumpscan *scan, const char *data, size_t length);

/* The current line, for hooks. */
uint64_t dumpscan_line(const struct dumpscan *scan);

/* Is the next byte part of a COPY's data? */
bool dumpscan_is_in_rows(const struct dumpscan *scan);

/* Has a statement begun, and not ended? */
bool dumpscan_is_in_statement(const struct dumpscan *scan);

/* The end of the file. Errors: ERROR_DATA, in one line, if it is not a sound dump. */
MUST_CHECK bool dumpscan_finish(struct dumpscan *scan, struct error *err);

#endif
