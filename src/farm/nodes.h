/* SPDX-License-Identifier: PostgreSQL */
/* The sessions of a farm's nodes, as its caller wants them. */
#ifndef FARM_NODES_H
#define FARM_NODES_H

#include <stdint.h>

#include "base/error.h"
#include "farm/members.h"
#include "pg/conninfo.h"

/* How long a node may be silent, where no connect_timeout is set: all others wait. */
enum { FARM_TIMEOUT_S = 10 };

/* What a server may take over one query of ours: what an account may, and a lock; 0: any
 * time. */
uint64_t farm_answer_ms(const struct farm *farm);

/* Connect to it; on_ready() is called with the node. When the session ends later by
 * itself, the node fails, and `lost` of the farm's caller is called. */
void farm_connect_node(struct farm_node *node, const struct conninfo *info,
		       void (*on_ready)(void *owner, const struct error *err));

#endif
