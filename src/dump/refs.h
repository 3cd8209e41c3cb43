/* SPDX-License-Identifier: PostgreSQL */
/*
 * The qualified names in the statements of a dump: SCHEMA.NAME, also where a literal is
 * nothing but one, as in nextval('a._s'::regclass). Part of dumpscan.
 *
 * It does not know what a name denotes: for a.b.c it reports a.b and b.c, and the
 * column of an alias looks like a relation of a schema. Names that are too long are
 * ignored.
 */
#ifndef DUMP_REFS_H
#define DUMP_REFS_H

#include <stdbool.h>

#include "dump/lex.h"

typedef void (*dumprefs_fn)(void *owner, const char *schema, const char *name);

/* All zero at first. */
struct dumprefs {
	int state;
	char schema[DUMP_TEXT_SIZE];
};

/* Is the text exactly SCHEMA.NAME? Both have room for DUMP_TEXT_SIZE bytes. */
bool dumprefs_split(const char *text, char *schema, char *name);

void dumprefs_token(struct dumprefs *refs, const struct dumplex_token *token,
		    dumprefs_fn found, void *owner);

#endif
