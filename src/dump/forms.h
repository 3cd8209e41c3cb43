/* SPDX-License-Identifier: PostgreSQL */
/*
 * The forms of statements that pg_dump 8.x to 18 writes for the relations of one account,
 * or for a whole schema, as far as needed to find the name of the object that each
 * concerns. Part of dumpsql.
 */
#ifndef DUMP_FORMS_H
#define DUMP_FORMS_H

#include <stdbool.h>

#include "dump/edge.h"
#include "dump/lex.h"

/* The edge of a state that a token follows, NULL if there is none; with `is_whole`, in
 * the dump of a whole schema. */
const struct dumpforms_edge *dumpforms_find(bool is_whole, enum dumpforms_state from,
					    const struct dumplex_token *token);

/* The depth of parentheses at which this state waits for one of its edges; -1: it does
 * not wait. */
int dumpforms_waits_at(enum dumpforms_state state);

#endif
