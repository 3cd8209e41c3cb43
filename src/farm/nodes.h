/* SPDX-License-Identifier: PostgreSQL */
/* The sessions of a farm's nodes, as the caller of the farm wants them. */
#ifndef FARM_NODES_H
#define FARM_NODES_H

#include <stdint.h>

#include "base/error.h"
#include "farm/members.h"
#include "pg/conninfo.h"

/* How long to wait for a node if connect_timeout is not set: all others wait for it. */
enum { FARM_TIMEOUT_S = 10 };

/* The time limit for one query: --timeout plus --lock-wait; 0: no limit. */
uint64_t farm_answer_ms(const struct farm *farm);

/* Connect to a node; on_ready() is called with the node. If the session ends by itself
 * later, the node fails, and `lost` of the farm's caller is called. */
void farm_connect_node(struct farm_node *node, const struct conninfo *info,
		       void (*on_ready)(void *owner, const struct error *err));

#endif
