/* SPDX-License-Identifier: PostgreSQL */
/* The units are loaded, so many at once: each by one psql, in one transaction. */
#ifndef TASK_RESTORE_LOAD_H
#define TASK_RESTORE_LOAD_H

#include "task/machine.h"
#include "task/restore/state.h"

/* The steps: what has _global in it, then all else. Each fails only when it was
 * cancelled, or a psql could not be given an environment: what cannot be loaded is the
 * failure of its accounts. */
enum step_result restore_load_global_enter(void *owner);
enum step_result restore_load_accounts_enter(void *owner);
void restore_load_cancel(void *owner);

/* After farm_node_failed(), in any step: what runs on the node is ended, and what waits
 * for it fails. */
void restore_load_node_lost(struct restore_node *node);

void restore_load_release(struct restore *restore);

#endif
