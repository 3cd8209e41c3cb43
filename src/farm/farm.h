/* SPDX-License-Identifier: PostgreSQL */
/*
 * Where the accounts are: the nodes, connected, and which accounts each has. With backend
 * Pg the farm is one node; with PgFarm the proxy says which nodes there are.
 *
 * 1. farm_start() finds out which accounts exist and where, and connects to each node
 *    that has any of them, as session_start() does, with lock and snapshot.
 * 2. `ready` is called once, perhaps with an error of the whole farm. If a node cannot be
 *    reached, that is an error of this node only, unless it is the only one.
 * 3. If the session of a node ends by itself later, `lost` is called for it.
 * 4. farm_free() may be called at any time, even in a callback. No callback is called
 *    after it.
 */
#ifndef FARM_FARM_H
#define FARM_FARM_H

#include "farm/members.h"
#include "farm/opts.h"

/* `opts` is copied; what it points to must outlive the farm. */
struct farm *farm_start(const struct farm_opts *opts);

/* End the session of one node, as farm_disconnect() does for all. */
void farm_node_disconnect(struct farm_node *node);

/*
 * End all sessions: the callbacks of running queries get an error during this call, and
 * may free the farm. Nothing can be asked of it afterwards.
 */
void farm_disconnect(struct farm *farm);
void farm_free(struct farm *farm);

#endif
