/* SPDX-License-Identifier: PostgreSQL */
/*
 * The statements of a plain dump, token by token: where psql ends a statement, what it
 * concerns, what it sets. Part of dumpscan.
 *
 * Only the names in a statement are kept, so it may have any length.
 */
#ifndef DUMP_SQL_H
#define DUMP_SQL_H

#include <stdbool.h>

#include "dump/lex.h"
#include "dump/statement.h"

/* `is_whole`: it is the dump of a whole schema, not only of relations. */
void dumpsql_init(struct dumpsql *sql, const char *watch_column, bool is_whole);
/* Process a token of the first four kinds. */
enum dumpsql_effect dumpsql_token(struct dumpsql *sql, const struct dumplex_token *token);

#endif
