/* SPDX-License-Identifier: PostgreSQL */
/* Backend Pg: the farm of one node, the database that we are told. */
#ifndef FARM_BACKEND_PG_H
#define FARM_BACKEND_PG_H

#include "farm/private.h"

struct farm_pg;

/*
 * Connect to the node, and add the accounts to the farm; `listed` is called once, unless
 * the farm is closed.
 * Ownership: the caller frees it, once the node's session has ended.
 */
struct farm_pg *farm_pg_start(struct farm *farm, farm_listed_fn *listed);

/* NULL is fine. */
void farm_pg_free(struct farm_pg *single);

#endif
