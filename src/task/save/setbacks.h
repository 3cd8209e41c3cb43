/* SPDX-License-Identifier: PostgreSQL */
/* How often pg_dump has failed on a node, and what is therefore no longer tried there. */
#ifndef TASK_SAVE_SETBACKS_H
#define TASK_SAVE_SETBACKS_H

#include "task/save/state.h"

/* A pg_dump has failed. Returns true if too many have failed in a row: no batch is
 * divided any more. */
bool save_setbacks_add(struct save_node *node);
/* A dump is good: everything is tried again, whatever failed before. */
void save_setbacks_clear(struct save_node *node);

/* The error for accounts that are not tried by themselves; `last` is the last failure. It
 * is valid until the next good dump. */
const struct error *save_setbacks_give_up(struct save_node *node,
					  const struct error *last);

/* The node's archives cannot be split, for this reason: dump all its accounts one by one.
 * Logged once. */
void save_setbacks_set_unknown(struct save_node *node, const struct error *why);

void save_setbacks_release(struct save_setbacks *setbacks);

#endif
