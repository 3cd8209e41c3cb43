/* SPDX-License-Identifier: PostgreSQL */
/* Is the save one of this database? */
#ifndef TASK_RESTORE_ORIGIN_H
#define TASK_RESTORE_ORIGIN_H

#include "task/machine.h"

/* The step, after the plan. Fails, and names what would be replaced, when the save is of
 * another database and --from-other-database is not given. */
enum step_result restore_origin_enter(void *owner);

#endif
