/* SPDX-License-Identifier: PostgreSQL */
/* What both backends need to list accounts: a query, and hints for errors. */
#ifndef FARM_BACKEND_H
#define FARM_BACKEND_H

#include "base/error.h"
#include "conf/conf.h"

/* Which of the names in the array $1 have a schema? */
extern const char farm_schemas_sql[];

/* The first connection failed: hint at how to say which server to use. */
void farm_hint_place(const struct conf *conf, struct error *err);

/* The accounts could not be listed. `sqlstate` says why; "" if the error is not a
 * server's. */
void farm_hint_list(const char *sqlstate, struct error *err);

#endif
