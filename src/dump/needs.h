/* SPDX-License-Identifier: PostgreSQL */
/*
 * Objects that the statements of a dump require: SCHEMA.NAME of types, functions and so
 * on, identified by their place in the statement, and the few objects without a schema.
 * Part of dumpscan.
 *
 * It knows the places where a name in pg_dump's output can have only one meaning. It
 * ignores other names, such as a relation after a comma in a view, names in pg_catalog,
 * and names that are too long.
 */
#ifndef DUMP_NEEDS_H
#define DUMP_NEEDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strvec.h"
#include "dump/lex.h"
#include "dump/sql.h"

/* Each is the letter used in catalog/sql/restore_objects.sql. */
enum dumpneeds_kind {
	NEED_NOTHING = 0,
	NEED_TYPE = 't',
	NEED_RELATION = 'r',
	NEED_REFERENCED = 'R', /* by a foreign key */
	NEED_PARENT = 'P',     /* of a table; the scanner does not report it */
	NEED_FUNCTION = 'f',
	NEED_TRIGGER = 'g', /* the function of one */
	NEED_COLLATION = 'c',
	NEED_OPERATOR = 'o',
	NEED_OPERATOR_CLASS = 'q',
	NEED_TEXT_SEARCH = 'k', /* a configuration */
	/* These have no schema. */
	NEED_TABLESPACE = 's',
	NEED_TABLE_METHOD = 'a',
	NEED_INDEX_METHOD = 'i',
	NEED_SERVER = 'v',
	NEED_EXTENSION = 'e',
	NEED_SETTING = 'S',
	NEED_HEADER = 'h', /* a setting before the first other statement */
};

static inline bool dumpneeds_is_relation(enum dumpneeds_kind kind)
{
	return kind == NEED_RELATION || kind == NEED_REFERENCED || kind == NEED_PARENT;
}

/* `schema` is "" if there is none. */
typedef void (*dumpneeds_fn)(void *owner, enum dumpneeds_kind kind, const char *schema,
			     const char *name);

/* All zero at first. */
struct dumpneeds {
	dumpneeds_fn found;
	void *owner;

	/* The rest is private. */
	int before;    /* the last token, */
	int before2;   /* and the one before that */
	bool is_index; /* the statement creates an index */
	bool has_where;
	bool is_in_from;      /* a table expression may begin here */
	bool is_behind_start; /* a statement that is not SET has begun */
	uint64_t selects;     /* a bit for each depth of parentheses that is a query */
	/* The name that is being read. */
	unsigned parts;
	bool is_after_dot;
	enum dumpneeds_kind kind;    /* what it is, */
	enum dumpneeds_kind if_call; /* and if a parenthesis follows */
	char schema[DUMP_TEXT_SIZE];
	char name[DUMP_TEXT_SIZE];
	/* 'SCHEMA.NAME'::regclass */
	unsigned literal;
	char literal_schema[DUMP_TEXT_SIZE];
	char literal_name[DUMP_TEXT_SIZE];
	char setting[DUMP_TEXT_SIZE];
};

/* Process a token of the first four kinds, before `sql` processes it. */
void dumpneeds_token(struct dumpneeds *needs, const struct dumplex_token *token,
		     const struct dumpsql *sql);

/* Encode a need in ASCII: its letter, then SCHEMA.NAME in hexadecimal digits. */
void dumpneeds_push(struct strvec *list, enum dumpneeds_kind kind, const char *schema,
		    const char *name);
/* Decode it; both have room for DUMP_TEXT_SIZE bytes. */
enum dumpneeds_kind dumpneeds_parse(const char *need, char *schema, char *name);

#endif
