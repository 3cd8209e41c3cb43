/* SPDX-License-Identifier: PostgreSQL */
/* A server's answer to a query: rows, or why it failed. Hides libpq. */
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
/* The text of a field, NULL for NULL; valid as long as the result. */
const char *pgresult_value(const struct pg_result *result, int row, int column);
bool pgresult_is_true(const struct pg_result *result, int row, int column);
uint64_t pgresult_uint(const struct pg_result *result, int row, int column);

/* SQLSTATEs: unlike the words, they are the same in every language of a server. */
#define SQLSTATE_LOCK_NOT_AVAILABLE "55P03"
#define SQLSTATE_QUERY_CANCELED "57014"

/* Details of a query that failed. */
struct pg_failure {
	char sqlstate[6];       /* "" if the server sent none: connection lost */
	size_t statements;      /* of a script: how many succeeded before */
	uint64_t position;      /* in characters of the text sent, from 1; 0: unknown */
	uint64_t function_line; /* of the code block that failed, from 1; 0: not in one */
};

/*
 * Why it failed: *err (ERROR_SERVER) has the server's message and hint, without any
 * detail that shows a row, which may contain a password; *out has the rest, except
 * `statements`, which is left unchanged.
 */
void pgresult_describe_failure(const struct pg_result *result, struct error *err,
			       struct pg_failure *out);

#endif
