/* SPDX-License-Identifier: PostgreSQL */
/* Where the statements of a script begin, so that messages can name the line of one that
 * fails. */
#ifndef MIGRATIONS_STATEMENTS_H
#define MIGRATIONS_STATEMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/error.h"

struct statements {
	uint64_t *lines; /* of the first word of each, from 1 */
	size_t count;
};

/*
 * Read a script that is to be part of one transaction. Empty statements do not count,
 * just as for the server.
 * Ownership: the caller releases *out, after success only.
 * Errors: ERROR_USAGE, beginning with the line, for a statement that has no semicolon at
 * its end, would end, leave or outlive the transaction, or cannot run in one: COMMIT,
 * COPY, SET without LOCAL, VACUUM, psql's commands and variables.
 */
MUST_CHECK bool statements_read(const char *text, struct statements *out,
				struct error *err);
void statements_release(struct statements *statements);

#endif
