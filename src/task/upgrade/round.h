/* SPDX-License-Identifier: PostgreSQL */
/*
 * One question to all usable nodes of a farm, at the same time.
 *
 * 1. upgrade_round_start() calls `ask` for each of them.
 * 2. Each answer, or its error, calls upgrade_round_answered().
 * 3. The last of these calls `done`, in which the round may be freed.
 */
#ifndef TASK_UPGRADE_ROUND_H
#define TASK_UPGRADE_ROUND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "farm/farm.h"

struct upgrade_round {
	void (*ask)(void *asker, struct farm_node *node);
	void *asker;
	void (*done)(void *owner);
	void *owner;
	size_t pending; /* private: the answers still to come */
};

/* Returns false if it is over already; then `done` is not called. */
MUST_CHECK bool upgrade_round_start(struct upgrade_round *round, const struct farm *farm);

/* May be called from `ask`, if there is nothing to ask a node. */
void upgrade_round_answered(struct upgrade_round *round);

#endif
