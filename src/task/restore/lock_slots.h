/* SPDX-License-Identifier: PostgreSQL */
/* Are there lock slots enough? One transaction needs those of all its accounts, and
 * several run at once. */
#ifndef TASK_RESTORE_LOCK_SLOTS_H
#define TASK_RESTORE_LOCK_SLOTS_H

#include "task/restore/state.h"

/* After restore_units_make(). Fails the first account of each unit that needs more than
 * its server can have; warns where others may leave too few. */
void restore_locks_check(struct restore *restore);

#endif
