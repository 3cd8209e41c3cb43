/* SPDX-License-Identifier: PostgreSQL */
/* Is there what the dumps take for granted and no save holds: types, functions, extensions
 * and so on? */
#ifndef TASK_RESTORE_OBJECTS_H
#define TASK_RESTORE_OBJECTS_H

#include "task/machine.h"

/* The step. Fails the accounts that would fail for want of such an object, or of a right
 * to use it. Not in a trial, where the load itself tells. */
enum step_result restore_objects_enter(void *owner);

#endif
