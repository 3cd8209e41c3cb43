/* SPDX-License-Identifier: PostgreSQL */
/* Backend Pg: a farm of one node, the database that was named. */
#ifndef FARM_BACKEND_PG_H
#define FARM_BACKEND_PG_H

#include "farm/private.h"

struct farm_pg;

/*
 * Connect to the node and add its accounts to the farm; `listed` is called once, unless
 * the farm is closed first.
 * Ownership: the caller frees it with farm_pg_free(), after the node's session has ended.
 */
struct farm_pg *farm_pg_start(struct farm *farm, farm_listed_fn *listed);

/* NULL is allowed. */
void farm_pg_free(struct farm_pg *single);

#endif
