/* SPDX-License-Identifier: PostgreSQL */
/* The answer of a server to a query: rows, or why it failed. Hides libpq. */
#ifndef PG_PGRESULT_H
#define PG_PGRESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct pg_result; /* libpq's PGresult */

int pgresult_rows(const struct pg_result *result);
int pgresult_columns(const struct pg_result *result);
/* Is the type of a column text, varchar or name? */
bool pgresult_is_text(const struct pg_result *result, int column);
/* The text of a field, NULL for NULL; it lives as long as the result. */
const char *pgresult_value(const struct pg_result *result, int row, int column);
bool pgresult_is_true(const struct pg_result *result, int row, int column);
uint64_t pgresult_uint(const struct pg_result *result, int row, int column);

/* What is known of a query that failed. */
struct pg_failure {
	char sqlstate[6];       /* "" when the server did not say it: connection lost */
	size_t statements;      /* of a script, that succeeded before */
	uint64_t position;      /* in characters of the text sent, from 1; 0: unknown */
	uint64_t function_line; /* of the code block that failed, from 1; 0: not in one */
};

/*
 * Why it failed: *err (ERROR_SERVER) has the server's words and its hint, without a
 * detail that shows a row, in which a password may be; *out has the rest, but for
 * `statements`, which stays.
 */
void pgresult_describe_failure(const struct pg_result *result, struct error *err,
			       struct pg_failure *out);

#endif
