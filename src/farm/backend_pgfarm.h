/* SPDX-License-Identifier: PostgreSQL */
/* Backend PgFarm: the proxy says which accounts exist and on which node each is. */
#ifndef FARM_BACKEND_PGFARM_H
#define FARM_BACKEND_PGFARM_H

#include "farm/private.h"
#include "pg/session.h"

struct farm_pgfarm;

/*
 * Ask the proxy for the accounts and their nodes, add them to the farm, and connect to
 * the nodes. After that the proxy is not needed any more. `listed` is called once, unless
 * the farm is closed first; it also gets an error if no node can be used.
 * Ownership: the caller frees it with farm_pgfarm_free(), after all sessions have ended.
 */
struct farm_pgfarm *farm_pgfarm_start(struct farm *farm, farm_listed_fn *listed);

/* Give the proxy's session to the caller, who ends it; it is not used any more. Returns
 * NULL if there is none. `proxy` may be NULL. */
struct session *farm_pgfarm_give_session(struct farm_pgfarm *proxy);

/* NULL is allowed. */
void farm_pgfarm_free(struct farm_pgfarm *proxy);

#endif
