/* SPDX-License-Identifier: PostgreSQL */
/* What the catalogue has but a dump does not have, by name, after the dumps of a node
 * have ended. */
#ifndef TASK_SAVE_MISSING_H
#define TASK_SAVE_MISSING_H

#include "task/save/state.h"

/*
 * Find the accounts of the node whose dumps lack relations, and ask the server for the
 * names: `found` is called for each account, with an error that says what its dump lacks;
 * then `done` is called once, with NULL or why the server did not answer. Returns false
 * if no dump lacks any; then nothing is called.
 */
struct save_missing_opts {
	struct save_node *node;
	void (*found)(struct save_account *account, const struct error *err);
	void (*done)(struct save_node *node, const struct error *err);
};
bool save_missing_name(const struct save_missing_opts *opts);

#endif
