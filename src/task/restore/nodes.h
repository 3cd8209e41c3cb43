/* SPDX-License-Identifier: PostgreSQL */
/*
 * The nodes of a restore. A step asks all usable nodes at the same time and continues
 * when all have answered. If a node fails, its accounts fail; the run continues as long
 * as another node is left.
 */
#ifndef TASK_RESTORE_NODES_H
#define TASK_RESTORE_NODES_H

#include <stdbool.h>

#include "base/error.h"
#include "task/machine.h"
#include "task/restore/state.h"

struct restore_question {
	/* Send the query. Its callback must end with one restore_nodes_answered().
	 * Returns false if there is nothing to ask this node. */
	bool (*ask)(struct restore_node *node);
	/* All have answered: the result of the step. NULL: that of
	 * restore_nodes_check(). */
	enum step_result (*answered)(struct restore *restore);
};

/* Make one for each node of the farm. */
void restore_nodes_make(struct restore *restore);
/* Also frees what other files keep for each node. */
void restore_nodes_release(struct restore *restore);

static inline bool restore_node_is_usable(const struct restore_node *node)
{
	return node->farm_node->error.kind == ERROR_NONE;
}

/* Mark it as unusable. Only the first reason is kept. */
void restore_node_fail(struct restore_node *node, const struct error *err);

/* Call this in the callback of a query that failed before the load. It warns that `what`
 * is not known, or fails the node if its session is lost. */
void restore_node_not_known(struct restore_node *node, const char *what,
			    const struct error *why);

/* Choose how many jobs each node gets: one for each free connection. If that is less than
 * was asked for, it is logged. */
void restore_nodes_choose_jobs(struct restore *restore);

/*
 * Ask the usable nodes; *question must outlive the step. The step returns what this
 * returns: STEP_WAIT, or its result if there was no node to ask.
 */
enum step_result restore_nodes_ask(struct restore *restore,
				   const struct restore_question *question);

/* A node has answered or will not answer. The last answer moves the machine, so a
 * callback must do nothing after this call. */
void restore_nodes_answered(struct restore_node *node);

/* STEP_NEXT if a node is usable or there is no node; otherwise STEP_FAIL, with the error
 * of the first node as that of the run. */
enum step_result restore_nodes_check(struct restore *restore);

#endif
