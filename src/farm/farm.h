/* SPDX-License-Identifier: PostgreSQL */
/*
 * Where the accounts live: the nodes, connected, and which of them each account is on.
 * Backend Pg is a farm of one node; on a PgFarm the proxy is asked.
 *
 * 1. farm_start() finds out which accounts there are and where, and connects to each node
 *    that has one of them; each connection as session_start() makes it, with lock and
 *    snapshot.
 * 2. `ready` is called once, with or without an error of the whole. A node that cannot be
 *    reached is an error of that node only, unless there is no other.
 * 3. When the session of a node ends later by itself, `lost` is called for it.
 * 4. farm_free() at any time, from a callback too: after it no callback is called any
 *    more.
 */
#ifndef FARM_FARM_H
#define FARM_FARM_H

#include "farm/members.h"
#include "farm/opts.h"

/* `opts` is copied; what it points to must live as long as the farm. */
struct farm *farm_start(const struct farm_opts *opts);

/* End the session of a node, as farm_disconnect() does with all. */
void farm_node_disconnect(struct farm_node *node);

/*
 * End all sessions: queries that are under way call back with an error during this call,
 * which may also free the farm. Nothing can be asked of it afterwards.
 */
void farm_disconnect(struct farm *farm);
void farm_free(struct farm *farm);

#endif
