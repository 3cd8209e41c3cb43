/* SPDX-License-Identifier: PostgreSQL */
/* Load the units, up to -j at once, each with one psql in one transaction. */
#ifndef TASK_RESTORE_LOAD_H
#define TASK_RESTORE_LOAD_H

#include "task/machine.h"
#include "task/restore/state.h"

/*
 * The steps: first the units with _global, then all others. A step itself fails only if
 * it was cancelled or the environment of a psql cannot be built. If a unit cannot be
 * loaded, its accounts fail, not the step.
 */
enum step_result restore_load_global_enter(void *owner);
enum step_result restore_load_accounts_enter(void *owner);
void restore_load_cancel(void *owner);

/* Call this after farm_node_failed(), in any step: it cancels what is running on the node
 * and fails what is waiting for it. */
void restore_load_node_lost(struct restore_node *node);

void restore_load_release(struct restore *restore);

#endif
