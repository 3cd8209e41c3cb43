/* SPDX-License-Identifier: PostgreSQL */
/*
 * The nodes of the farm, connected, each with the pg_dump that serves it.
 *
 * In several steps every node is asked something, all side by side. One that fails takes
 * its accounts with it, and the run goes on as long as there is another.
 */
#ifndef TASK_SAVE_NODES_H
#define TASK_SAVE_NODES_H

#include "task/save/state.h"

bool save_node_is_usable(const struct save_node *node);
/* It cannot be worked with. The first reason stays. */
void save_node_fail(struct save_node *node, const struct error *err);

/* All nodes have answered in this step. Without any to go on with, this is the end. */
enum step_result save_nodes_settle(struct save *save, const char *step);

/* The step that connects to them. Afterwards `lost` is called for one that goes away, and
 * its `error` says why. */
enum step_result save_nodes_connect(void *owner);
/* End the sessions: queries that are under way call back with an error. */
void save_nodes_disconnect(void *owner);

/* The step that finds a pg_dump for each. */
enum step_result save_nodes_find_tools(void *owner);
void save_nodes_cancel_tools(void *owner);

/* With all that the parts have noted in them. */
void save_nodes_release(struct save *save);

#endif
