/* SPDX-License-Identifier: PostgreSQL */
/* How often pg_dump has failed on a node, and what is not tried there any more for it. */
#ifndef TASK_SAVE_SETBACKS_H
#define TASK_SAVE_SETBACKS_H

#include "task/save/state.h"

/* One more pg_dump has failed. True: too many in a row, no batch is to be divided. */
bool save_setbacks_add(struct save_node *node);
/* A dump is good: whatever failed before, all is tried again. */
void save_setbacks_clear(struct save_node *node);

/* What to say of accounts that are not tried by themselves, `last` being the last
 * failure. It lives until the next good dump. */
const struct error *save_setbacks_give_up(struct save_node *node,
					  const struct error *last);

/* Its archives cannot be split, for the reason given: all its accounts are dumped by
 * themselves. Says so once. */
void save_setbacks_set_unknown(struct save_node *node, const struct error *why);

void save_setbacks_release(struct save_setbacks *setbacks);

#endif
