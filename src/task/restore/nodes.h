/* SPDX-License-Identifier: PostgreSQL */
/*
 * The nodes of a restore. Each that can be worked with is asked something, all side by
 * side, and the step goes on when all have answered. One that fails takes its accounts
 * with it; the run goes on as long as another one is left.
 */
#ifndef TASK_RESTORE_NODES_H
#define TASK_RESTORE_NODES_H

#include <stdbool.h>

#include "base/error.h"
#include "task/machine.h"
#include "task/restore/state.h"

struct restore_question {
	/* Send the query, whose callback ends with restore_nodes_answered(), once. False:
	 * there is nothing to ask this node. */
	bool (*ask)(struct restore_node *node);
	/* All have answered: how does the step end? NULL: as restore_nodes_check() says. */
	enum step_result (*answered)(struct restore *restore);
};

/* One for each node of the farm. */
void restore_nodes_make(struct restore *restore);
/* Also what the parts keep for a node. */
void restore_nodes_release(struct restore *restore);

static inline bool restore_node_is_usable(const struct restore_node *node)
{
	return node->farm_node->error.kind == ERROR_NONE;
}

/* It cannot be worked with any more. The first reason stays. */
void restore_node_fail(struct restore_node *node, const struct error *err);

/* A query before the load failed; within its callback. Warn that `what` is not known, or
 * fail the node if its session is lost. */
void restore_node_not_known(struct restore_node *node, const char *what,
			    const struct error *why);

/* A free connection for each job: how many the nodes have, told if it is less than asked
 * for. */
void restore_nodes_choose_jobs(struct restore *restore);

/*
 * Ask the usable nodes; *question must outlive the step. Returns what the step is to
 * return: STEP_WAIT, or how it ended if no node was asked.
 */
enum step_result restore_nodes_ask(struct restore *restore,
				   const struct restore_question *question);

/* A node has answered, or will not. After the last one the machine moves, so this is the
 * last thing that a callback does. */
void restore_nodes_answered(struct restore_node *node);

/* STEP_NEXT if there is a node to work with, or nothing to do on any; else STEP_FAIL, and
 * the run's error is that of the first node. */
enum step_result restore_nodes_check(struct restore *restore);

#endif
