/* SPDX-License-Identifier: PostgreSQL */
/*
 * Ask the servers what became of the transactions whose psql has ended: one query for all
 * of a node at a time, in our own session. While it is answered, more of them gather.
 *
 * 1. restore_settle_begin(), once.
 * 2. restore_settle() for each psql that ended, and said which transaction it began.
 * 3. `settled` is called once for each of these, at once or later.
 */
#ifndef TASK_RESTORE_SETTLE_H
#define TASK_RESTORE_SETTLE_H

#include "catalog/restore.h"
#include "task/restore/state.h"

struct restore_settle_calls {
	/* CATALOG_UNKNOWN: the server cannot be asked, or does not answer;
	 * CATALOG_RUNNING: it does not come to an end. */
	void (*settled)(struct restore_unit *unit, enum catalog_outcome outcome);
	/* The node could not be asked, and has failed for that; before `settled`. */
	void (*failed)(struct restore_node *node);
};

/* *calls must outlive the restore. */
void restore_settle_begin(struct restore *restore,
			  const struct restore_settle_calls *calls);

void restore_settle(struct restore_unit *unit);

/* A signal came: do not wait long for an answer of the servers. */
void restore_settle_hurry(struct restore *restore);

#endif
