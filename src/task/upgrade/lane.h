/* SPDX-License-Identifier: PostgreSQL */
/*
 * Lanes: sessions, each of which upgrades the waiting accounts of a node one after the
 * other, and then moves to another node.
 *
 * 1. upgrade_lanes_init(), once per run.
 * 2. upgrade_lanes_start(): each lane works until nothing is left for it; then the
 *    sessions are freed and `done` is called, from the loop. After that, it may be called
 *    again.
 * 3. Accounts may still be waiting then, if no lane was left for them.
 */
#ifndef TASK_UPGRADE_LANE_H
#define TASK_UPGRADE_LANE_H

#include <stdbool.h>
#include <stddef.h>

#include "task/upgrade/queue.h"

struct lane;

/* All zero is empty. */
struct upgrade_lanes {
	struct upgrade_queue *queue;
	struct lane **list;
	size_t count;
	size_t busy;            /* connecting, or with an account */
	struct timer *all_rest; /* set when no lane is busy any more */
	void (*done)(void *owner);
	void *owner;
};

/* Ownership: the queue must outlive *lanes, which the caller releases. */
void upgrade_lanes_init(struct upgrade_lanes *lanes, struct upgrade_queue *queue,
			void (*done)(void *owner), void *owner);
/* Only while no lane is running. */
void upgrade_lanes_release(struct upgrade_lanes *lanes);

/* Upgrade _global alone, in one lane. */
void upgrade_lanes_start_global(struct upgrade_lanes *lanes);
void upgrade_lanes_start(struct upgrade_lanes *lanes);

/*
 * Have the servers cancel what is running, on one node, or on all if `on` is NULL; a
 * COMMIT is waited for. A second call does not wait any longer. Call this when the
 * machine is cancelled or the node is lost.
 */
void upgrade_lanes_stop(struct upgrade_lanes *lanes, const struct farm_node *on);

#endif
