/* SPDX-License-Identifier: PostgreSQL */
/* Was the save made from this database? */
#ifndef TASK_RESTORE_ORIGIN_H
#define TASK_RESTORE_ORIGIN_H

#include "task/machine.h"

/* The step, after the plan. If the save was made from another database, accounts would be
 * replaced, and --from-other-database is not given, it fails and lists those accounts. */
enum step_result restore_origin_enter(void *owner);

#endif
