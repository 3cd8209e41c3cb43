/* SPDX-License-Identifier: PostgreSQL */
/* A statement, as far as its tokens are read. dump/sql.h reads them; see there. */
#ifndef DUMP_STATEMENT_H
#define DUMP_STATEMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "dump/body.h"
#include "dump/edge.h"
#include "dump/lex.h"

enum { DUMPSQL_PARTS = 3 }; /* schema.table.column */

/* The effect of a token on its statement. */
enum dumpsql_effect {
	SQL_GOES_ON,
	SQL_ENDS,          /* this semicolon ends it, for psql too */
	SQL_ENDS_COPY,     /* and data lines must follow */
	SQL_BAD_COPY,      /* a COPY of a form that pg_dump does not write */
	SQL_BAD_NAME,      /* a table whose name cannot be determined */
	SQL_BAD_STATEMENT, /* of a kind that pg_dump does not write here */
	SQL_BAD_SETTING,   /* psql may read the rest differently */
	SQL_BAD_BODY, /* psql may find another end of this function than the server */
};

/* The parts of GRANT, REVOKE and SET SESSION AUTHORIZATION, in order; the relation is the
 * target between them. */
enum dumpsql_right {
	RIGHT_NONE,
	RIGHT_GRANT,
	RIGHT_REVOKE,
	RIGHT_OPTION,    /* WITH GRANT OPTION, GRANT OPTION FOR */
	RIGHT_PRIVILEGE, /* in lower case */
	RIGHT_COLUMN,    /* of the last privilege */
	RIGHT_ROLE,
	RIGHT_PUBLIC,
	RIGHT_END,
	RIGHT_SESSION,    /* who grants from here on */
	RIGHT_RESET,      /* it is the owner again */
	RIGHT_OWNER,      /* outside these: the new owner of the relation, */
	RIGHT_OTHER_ROLE, /* or a role that a policy applies to */
};

struct dumpsql {
	/* The token that completes the name of the statement's object sets `target`; the
	 * caller processes and clears it. */
	enum dumpsql_use target;
	const char *schema; /* "" if it has none */
	const char *name;

	enum dumpsql_right right; /* likewise; its name is the text of the token */

	const char *watch_column; /* to find in the column lists of COPY; may be NULL */
	bool has_watched;         /* the last COPY has it, */
	uint32_t watched;         /* here, counted from 0 */

	bool has_standard_strings;     /* the last standard_conforming_strings */
	char encoding[DUMP_TEXT_SIZE]; /* the last client_encoding; "": none */
	uint64_t count;                /* tokens of the current statement */

	/* The rest is private. */
	enum dumpforms_state state;
	enum dumpforms_state after; /* after the name */
	enum dumpsql_use use;
	char parts[DUMPSQL_PARTS][DUMP_TEXT_SIZE]; /* of the name */
	uint32_t part_count;
	char search_path[DUMP_TEXT_SIZE]; /* its first schema */
	uint32_t column;
	uint64_t paren_depth;
	uint64_t bracket_depth;  /* psql does not count these */
	bool is_after_semicolon; /* of one that did not end the statement */
	bool is_whole;
	bool is_routine; /* the statement makes a function or procedure */
	struct dumpbody body;
};

#endif
