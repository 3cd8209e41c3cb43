/* SPDX-License-Identifier: PostgreSQL */
/*
 * The statements of a plain dump, token by token: where one ends for psql, what it is
 * about, what it sets. Part of dumpscan.
 *
 * Nothing of a statement is kept but the names in it, so it may be of any length.
 */
#ifndef DUMP_SQL_H
#define DUMP_SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dump/forms.h"
#include "dump/lex.h"

enum { DUMPSQL_PARTS = 3 }; /* schema.table.column */

/* What a token does to the statement it belongs to. */
enum dumpsql_effect {
	SQL_GOES_ON,
	SQL_ENDS,          /* this semicolon ends it, for psql too */
	SQL_ENDS_COPY,     /* and data lines must follow */
	SQL_BAD_COPY,      /* a COPY of a form that pg_dump does not write */
	SQL_BAD_NAME,      /* a table whose name cannot be determined */
	SQL_BAD_STATEMENT, /* of a kind that pg_dump does not write for a metamodel */
	SQL_BAD_SETTING,   /* psql may read what follows otherwise than we do */
};

/* The parts of GRANT, REVOKE and SET SESSION AUTHORIZATION, in the order in which they
 * stand; the relation is the target between. */
enum dumpsql_right {
	RIGHT_NONE,
	RIGHT_GRANT,
	RIGHT_REVOKE,
	RIGHT_OPTION,    /* WITH GRANT OPTION, GRANT OPTION FOR */
	RIGHT_PRIVILEGE, /* in lower case */
	RIGHT_COLUMN,    /* for which the last privilege is */
	RIGHT_ROLE,
	RIGHT_PUBLIC,
	RIGHT_END,
	RIGHT_SESSION,    /* who grants from here on */
	RIGHT_RESET,      /* it is the owner again */
	RIGHT_OWNER,      /* outside of these: who is to own the relation, */
	RIGHT_OTHER_ROLE, /* or whom a policy is for */
};

struct dumpsql {
	/* The token that completes the name of what the statement is about sets `target`;
	 * the caller takes note and clears it. */
	enum dumpsql_use target;
	const char *schema; /* "" if it has none */
	const char *name;

	enum dumpsql_right right; /* likewise; its name is the text of the token */

	const char *watch_column; /* to find in the column lists of COPY; may be NULL */
	bool has_watched;         /* the last COPY has it, */
	uint32_t watched;         /* here, counted from 0 */

	bool has_standard_strings;     /* the last standard_conforming_strings */
	char encoding[DUMP_TEXT_SIZE]; /* the last client_encoding; "": none */
	uint64_t count;                /* tokens of the statement at hand */

	/* The rest is dumpsql's own. */
	enum dumpforms_state state;
	enum dumpforms_state after; /* behind the name */
	enum dumpsql_use use;
	char parts[DUMPSQL_PARTS][DUMP_TEXT_SIZE]; /* of the name */
	uint32_t part_count;
	char search_path[DUMP_TEXT_SIZE]; /* its first schema */
	uint32_t column;
	uint64_t paren_depth;
	uint64_t bracket_depth;  /* psql does not count these */
	bool is_after_semicolon; /* of one that did not end the statement */
};

void dumpsql_init(struct dumpsql *sql, const char *watch_column);
/* Take a token, of the first four kinds. */
enum dumpsql_effect dumpsql_token(struct dumpsql *sql, const struct dumplex_token *token);

#endif
