/* SPDX-License-Identifier: PostgreSQL */
/*
 * The accounts that wait to be upgraded, by the node that they are on, and how many lanes
 * each node may have for them. An account is given out by upgrade_queue_take() and is not
 * given out again unless it is put back.
 */
#ifndef TASK_UPGRADE_QUEUE_H
#define TASK_UPGRADE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "task/machine.h"
#include "task/upgrade/account.h"

/* All but `place` is the queue's own. */
struct queue_node {
	struct farm_node *place;
	unsigned jobs;           /* lanes at once, at most */
	unsigned lanes;          /* that are on it */
	size_t waiting;          /* accounts, when all lanes were started */
	size_t next;             /* the first account that may be waiting */
	struct error lane_error; /* why a lane had to leave */
};

/* All zero is empty. */
struct upgrade_queue {
	struct upgrade_accounts *accounts;
	const struct machine *machine; /* of the run: is it cancelled? */
	struct queue_node *nodes;      /* of the farm, in its order */
};

/* Ownership: the accounts and the machine must outlive *queue, which the caller releases. */
void upgrade_queue_init(struct upgrade_queue *queue, struct upgrade_accounts *accounts,
			const struct machine *machine);
void upgrade_queue_release(struct upgrade_queue *queue);

/* How many wait on each node, and how many lanes it can have: said, if those are few. */
void upgrade_queue_measure(struct upgrade_queue *queue);

/* May anything more be begun on the node? */
bool upgrade_queue_is_open(const struct upgrade_queue *queue,
			   const struct queue_node *node);

/*
 * The next account of a node, planned; with `is_global` that is _global or none. It stays
 * where it is. NULL: nothing is left, or the node is not open.
 */
struct upgrade_account *upgrade_queue_find(struct upgrade_queue *queue,
					   struct queue_node *node, bool is_global);

/* The same, and it is the caller's. */
struct upgrade_account *upgrade_queue_take(struct upgrade_queue *queue,
					   struct queue_node *node, bool is_global);
void upgrade_queue_put_back(struct upgrade_queue *queue,
			    const struct upgrade_account *account);

/* A node with more to do, and room for a lane more; NULL: there is none. */
struct queue_node *upgrade_queue_find_node(struct upgrade_queue *queue,
					   const struct queue_node *besides);

/* The same before anything was given out: there are still more accounts than lanes. */
bool upgrade_queue_has_room(const struct queue_node *node);

/* Each lane enters a node, and leaves it. */
void upgrade_queue_enter(struct queue_node *node);
void upgrade_queue_leave(struct queue_node *node);

/* Why a lane may have to leave. */
void upgrade_queue_note_error(struct queue_node *node, const struct error *err);

/* Fail those that nobody was left for, unless --fail-fast keeps them from being begun. */
void upgrade_queue_fail_waiting(struct upgrade_queue *queue);

#endif
