/* SPDX-License-Identifier: PostgreSQL */
/*
 * The nodes of the farm, connected, each with the pg_dump that serves it.
 *
 * Several steps ask every node something, at the same time. If a node fails, its accounts
 * fail, and the run continues as long as another node is left.
 */
#ifndef TASK_SAVE_NODES_H
#define TASK_SAVE_NODES_H

#include "task/save/state.h"

bool save_node_is_usable(const struct save_node *node);
/* Mark it as unusable. The first reason stays. */
void save_node_fail(struct save_node *node, const struct error *err);

/* All nodes have answered in this step. If none is usable, the run ends. */
enum step_result save_nodes_settle(struct save *save, const char *step);

/* The step that connects to them. Afterwards `lost` is called for a node that is lost;
 * its `error` says why. */
enum step_result save_nodes_connect(void *owner);
/* End the sessions: running queries call back with an error. */
void save_nodes_disconnect(void *owner);

/* The step that finds a pg_dump for each. */
enum step_result save_nodes_find_tools(void *owner);
void save_nodes_cancel_tools(void *owner);

/* Also releases what other files have noted in them. */
void save_nodes_release(struct save *save);

#endif
