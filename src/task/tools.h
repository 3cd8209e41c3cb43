/* SPDX-License-Identifier: PostgreSQL */
/*
 * The tools that serve the servers of a farm: one pg_dump or psql for each major version,
 * searched for once, however many nodes have that version.
 *
 * 1. tools_start() searches for all of them at the same time.
 * 2. `done` is called once, from the loop, after the last search. A node for which there
 *    is no tool has then failed (farm_node_failed()), unless it had failed before.
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

/* End all searches as if nothing was found; `done` is still called. Does nothing after
 * `done`, or with NULL. */
void tools_cancel(struct tools *tools);

/* After `done`: the tool for a node, valid until tools_free(). NULL: none was searched
 * for. */
const struct pgtool *tools_find(const struct tools *tools, const struct farm_node *node);

/* NULL is allowed. */
void tools_free(struct tools *tools);

#endif
