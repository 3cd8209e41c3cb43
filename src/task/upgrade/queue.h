/* SPDX-License-Identifier: PostgreSQL */
/*
 * The accounts that are waiting to be upgraded, by node, and how many lanes each node may
 * have. upgrade_queue_take() gives each account out once, and again only after it was put
 * back.
 */
#ifndef TASK_UPGRADE_QUEUE_H
#define TASK_UPGRADE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "task/machine.h"
#include "task/upgrade/account.h"

/* Everything except `place` is private to the queue. */
struct queue_node {
	struct farm_node *place;
	unsigned jobs;           /* the maximum of lanes at once */
	unsigned lanes;          /* now on it */
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

/* Count what is waiting on each node, and choose its number of lanes. A small number is
 * logged. */
void upgrade_queue_measure(struct upgrade_queue *queue);

/* May another account be begun on the node? */
bool upgrade_queue_is_open(const struct upgrade_queue *queue,
			   const struct queue_node *node);

/*
 * The next account of a node, with its plan; with `is_global`, _global or nothing. It
 * stays in the queue. NULL if nothing is left, or the node is not open.
 */
struct upgrade_account *upgrade_queue_find(struct upgrade_queue *queue,
					   struct queue_node *node, bool is_global);

/* The same, and take it out of the queue. */
struct upgrade_account *upgrade_queue_take(struct upgrade_queue *queue,
					   struct queue_node *node, bool is_global);
void upgrade_queue_put_back(struct upgrade_queue *queue,
			    const struct upgrade_account *account);

/* Another node than `besides` with accounts waiting and room for a lane; NULL if there is
 * none. */
struct queue_node *upgrade_queue_find_node(struct upgrade_queue *queue,
					   const struct queue_node *besides);

/* Before any account is given out: does the node have more accounts than lanes, and room
 * for another lane? */
bool upgrade_queue_has_room(const struct queue_node *node);

/* A lane calls these when it moves to a node and when it leaves. */
void upgrade_queue_enter(struct queue_node *node);
void upgrade_queue_leave(struct queue_node *node);

/* Note why a lane may have to leave. */
void upgrade_queue_note_error(struct queue_node *node, const struct error *err);

/* Fail the accounts for which no lane was left, except those that --fail-fast keeps from
 * being begun. */
void upgrade_queue_fail_waiting(struct upgrade_queue *queue);

#endif
