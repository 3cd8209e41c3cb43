/* SPDX-License-Identifier: PostgreSQL */
/* What both backends need to list accounts: a query, and words for what goes wrong. */
#ifndef FARM_BACKEND_H
#define FARM_BACKEND_H

#include "base/error.h"
#include "conf/conf.h"

/* Which of the names in the array $1 have a schema? */
extern const char farm_schemas_sql[];

/* The first connection could not be had: say how to tell where to. */
void farm_hint_place(const struct conf *conf, struct error *err);

/* The list of all accounts could not be had. `sqlstate` says why, "" if no server did. */
void farm_hint_list(const char *sqlstate, struct error *err);

#endif
