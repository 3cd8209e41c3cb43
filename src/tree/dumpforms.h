/* SPDX-License-Identifier: PostgreSQL */
/*
 * The forms of statements that pg_dump 8.x to 18 writes for the relations of one account,
 * as far as it takes to find the name of what each is about. Part of dumpsql.
 */
#ifndef TREE_DUMPFORMS_H
#define TREE_DUMPFORMS_H

#include "tree/dumplex.h"

/* What the next token of the statement may be. */
enum dumpforms_state {
	AT_SAME, /* as an edge's `after`: no change */
	AT_START,
	AT_OTHER, /* nothing of interest until the statement ends */
	AT_END,   /* the statement has to end here */
	AT_NAME,  /* of what it is about, or of the schema of that */
	AT_NAME_DOT,
	AT_ALTER,
	AT_VERB,
	AT_VERB_SET,
	AT_ATTACH,
	AT_IDENTITY, /* which may name its sequence */
	AT_IDENTITY_NAME,
	AT_PUBLICATION,
	AT_PUBLICATION_ADD,
	AT_CREATE,
	AT_FIND_ON,
	AT_FIND_TO,
	AT_FIND_FROM,
	AT_FIND_KIND, /* behind the first ON */
	AT_KIND,
	AT_INSERT,
	AT_REFRESH,
	AT_COPY_LIST,
	AT_COPY_COLUMN,
	AT_COPY_COMMA,
	AT_COPY_FROM,
	AT_COPY_OIDS,
	AT_COPY_ONLY_FROM,
	AT_COPY_STDIN,
	AT_COPY_END,
	AT_COPY_DATA,
	AT_RESET,
	AT_RESET_SESSION,
	AT_SET,
	AT_SET_PATH,
	AT_PATH,
	AT_PATH_COMMA,
	AT_PATH_SYSTEM,
	AT_SET_STRINGS,
	AT_STRINGS,
	AT_SET_ENCODING,
	AT_ENCODING,
	AT_SELECT,
	AT_SELECT_DOT,
	AT_FUNCTION,
	AT_CONFIG,
	AT_CONFIG_NAME,
	AT_CONFIG_COMMA,
	AT_CONFIG_VALUE,
	AT_CONFIG_LOCAL,
	AT_SETVAL,
	AT_SETVAL_NAME, /* in a literal */
	AT_SETVAL_COMMA,
	AT_SETVAL_NUMBER,
	AT_SETVAL_CALLED,
	AT_SERIAL_DOT,
	AT_SERIAL,
	AT_SERIAL_PAREN,
	AT_SERIAL_TABLE, /* in a literal */
	AT_SERIAL_COMMA,
	AT_SERIAL_COLUMN,
	AT_SERIAL_END,
	AT_BOOL,
	AT_CLOSE,
	AT_BAD_SETTING,
	AT_NOWHERE, /* no edge fits */
};

/* What a statement does to what it names. */
enum dumpsql_use {
	SQL_NO_USE,
	SQL_TABLE,    /* it creates this table, */
	SQL_VIEW,     /* or a view, */
	SQL_SEQUENCE, /* or a sequence */
	SQL_ROWS,     /* it fills it */
	SQL_RELATION, /* anything else, to a relation */
	SQL_COLUMN,   /* the same to a column; the name has one part more */
	SQL_PART,     /* to an index or to statistics, which have names of their own */
	SQL_HOOK,     /* it makes something run when the relation is filled or changed */
};

/* Where a keyword, a symbol or ('x) the literal 'x' leads. */
struct dumpforms_edge {
	const char *text;
	enum dumpforms_state to;
	enum dumpsql_use use;       /* of the name to come; SQL_NO_USE: as it was */
	enum dumpforms_state after; /* what comes behind it; AT_SAME: as it was */
};

/* The edge of a state that a token follows, NULL if there is none. */
const struct dumpforms_edge *dumpforms_find(enum dumpforms_state from,
					    const struct dumplex_token *token);

/* At which depth of parentheses does this state wait for one of its edges? -1: it does
 * not wait. */
int dumpforms_waits_at(enum dumpforms_state state);

#endif
