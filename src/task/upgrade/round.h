/* SPDX-License-Identifier: PostgreSQL */
/*
 * One question to all nodes of a farm that can be worked with, side by side.
 *
 * 1. upgrade_round_start() calls `ask` for each of them.
 * 2. Each answer, be it an error, calls upgrade_round_answered().
 * 3. The last one of these calls `done`, in which the round may be freed.
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
	size_t pending; /* its own: the answers that are still to come */
};

/* False: it is over already, and `done` is not called. */
MUST_CHECK bool upgrade_round_start(struct upgrade_round *round, const struct farm *farm);

/* May be called within `ask`, where a node has nothing to be asked. */
void upgrade_round_answered(struct upgrade_round *round);

#endif
