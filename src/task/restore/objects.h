/* SPDX-License-Identifier: PostgreSQL */
/* Does the database have what the dumps use but no save holds: types, functions,
 * extensions and so on? */
#ifndef TASK_RESTORE_OBJECTS_H
#define TASK_RESTORE_OBJECTS_H

#include "task/machine.h"

/* The step. It fails each account that lacks such an object or the right to use it. A
 * trial skips it: there the load itself tells. */
enum step_result restore_objects_enter(void *owner);

#endif
