/* SPDX-License-Identifier: PostgreSQL */
/*
 * The end of a function's body that is written as SQL, BEGIN ATOMIC ...; END. Part of
 * dumpsql.
 *
 * psql and the server find it in different ways: the server by its grammar, psql by
 * counting the words BEGIN, CASE and END outside of parentheses. Where they disagree,
 * psql sends more or less than the function, so that is an error here. BEGIN is a name
 * that pg_dump does not quote: psql cannot load a function that has such a name in its
 * body.
 */
#ifndef DUMP_BODY_H
#define DUMP_BODY_H

#include <stdbool.h>
#include <stdint.h>

#include "dump/lex.h"

enum dumpbody_place { BODY_GOES_ON, BODY_ENDS, BODY_IS_UNCLEAR };

struct dumpbody {
	uint64_t depth; /* 0: there is none */

	/* The rest is dumpbody's own. */
	bool is_after_case;
	bool is_after_label; /* what comes is a name, whatever it is: AS, or a dot */
};

/* Behind BEGIN ATOMIC. */
void dumpbody_begin(struct dumpbody *body);

/* Take a token outside of parentheses. */
enum dumpbody_place dumpbody_token(struct dumpbody *body,
				   const struct dumplex_token *token);

#endif
