/* SPDX-License-Identifier: PostgreSQL */
/*
 * The tools that serve the servers of a farm: a pg_dump or psql for each major version
 * among them, looked for once, however many nodes have that version.
 *
 * 1. tools_start() looks for all of them side by side.
 * 2. `done` is called once, from the loop, when the last search has ended. A node that no
 *    tool serves has failed by then (farm_node_failed()), unless it had failed before.
 * 3. tools_free(), not before `done`.
 */
#ifndef TASK_TOOLS_H
#define TASK_TOOLS_H

#include "farm/farm.h"
#include "pg/pgtool.h"
#include "task/run.h"

struct tools;

struct tools_opts {
	const struct run_opts *run;
	const struct farm *farm; /* both must outlive the tools */
	const char *name;        /* "psql"; a literal */
	void (*done)(void *owner);
	void *owner;
};

/* Nodes that have failed are left out. */
struct tools *tools_start(const struct tools_opts *opts);

/* End all searches, as if nothing was found; `done` still comes. After it, or with NULL,
 * nothing happens. */
void tools_cancel(struct tools *tools);

/* After `done`: the tool for a node, as long as the tools live. NULL: none was looked
 * for. */
const struct pgtool *tools_find(const struct tools *tools, const struct farm_node *node);

/* NULL is fine. */
void tools_free(struct tools *tools);

#endif
