/* SPDX-License-Identifier: PostgreSQL */
/* Backend PgFarm: the proxy says which accounts there are, and on which node each is. */
#ifndef FARM_BACKEND_PGFARM_H
#define FARM_BACKEND_PGFARM_H

#include "farm/private.h"
#include "pg/session.h"

struct farm_pgfarm;

/*
 * Ask the proxy for the accounts and their nodes, add them to the farm, and connect to
 * the nodes. Then the proxy is not needed any more. `listed` is called once, unless the
 * farm is closed; with an error also if no node can be had.
 * Ownership: the caller frees it, once all sessions have ended.
 */
struct farm_pgfarm *farm_pgfarm_start(struct farm *farm, farm_listed_fn *listed);

/* The proxy's own session, which the caller ends; it is not used any more. NULL: there is
 * none. So is NULL given. */
struct session *farm_pgfarm_give_session(struct farm_pgfarm *proxy);

/* NULL is fine. */
void farm_pgfarm_free(struct farm_pgfarm *proxy);

#endif
