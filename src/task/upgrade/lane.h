/* SPDX-License-Identifier: PostgreSQL */
/*
 * The lanes: sessions, each of which upgrades one waiting account of a node after another,
 * and then goes on to another node.
 *
 * 1. upgrade_lanes_init(), once for a run.
 * 2. upgrade_lanes_start(): each lane works until nothing is left for it; then the sessions
 *    are freed and `done` is called, from the loop. It may then be started again.
 * 3. Accounts may be waiting still: those that nobody was left for.
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
/* When nothing runs. */
void upgrade_lanes_release(struct upgrade_lanes *lanes);

/* _global alone, in one lane. */
void upgrade_lanes_start_global(struct upgrade_lanes *lanes);
void upgrade_lanes_start(struct upgrade_lanes *lanes);

/*
 * Have the servers end what runs, on one node or, if it is NULL, on all; what is being
 * committed is waited for. A second call waits no longer. The machine is cancelled, or
 * the node is lost.
 */
void upgrade_lanes_stop(struct upgrade_lanes *lanes, const struct farm_node *on);

#endif
