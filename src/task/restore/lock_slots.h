/* SPDX-License-Identifier: PostgreSQL */
/* Does the server have enough lock slots? A transaction needs those of all its accounts,
 * and several transactions run at once. */
#ifndef TASK_RESTORE_LOCK_SLOTS_H
#define TASK_RESTORE_LOCK_SLOTS_H

#include "task/restore/state.h"

/*
 * Call this after restore_units_make(). It fails the first account of each unit that
 * needs more locks than its server can have, and warns if other sessions may leave too
 * few.
 */
void restore_locks_check(struct restore *restore);

#endif
