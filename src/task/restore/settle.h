/* SPDX-License-Identifier: PostgreSQL */
/*
 * Ask the servers how the transactions ended whose psql has ended: one query for all of a
 * node, in the run's own session. Transactions that end while a query is running are
 * asked about by the next one.
 *
 * 1. restore_settle_begin(), once.
 * 2. restore_settle() for each psql that ended and reported which transaction it began.
 * 3. `settled` is called once for each of these, during that call or later.
 */
#ifndef TASK_RESTORE_SETTLE_H
#define TASK_RESTORE_SETTLE_H

#include "catalog/restore.h"
#include "task/restore/state.h"

struct restore_settle_calls {
	/* CATALOG_UNKNOWN: the server cannot be asked or does not answer;
	 * CATALOG_RUNNING: the transaction does not end. */
	void (*settled)(struct restore_unit *unit, enum catalog_outcome outcome);
	/* The node could not be asked and has therefore failed. Called before
	 * `settled`. */
	void (*failed)(struct restore_node *node);
};

/* *calls must outlive the restore. */
void restore_settle_begin(struct restore *restore,
			  const struct restore_settle_calls *calls);

void restore_settle(struct restore_unit *unit);

/* A signal came: do not wait long for the servers' answers. */
void restore_settle_hurry(struct restore *restore);

#endif
