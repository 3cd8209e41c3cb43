/* SPDX-License-Identifier: PostgreSQL */
/* What exists of each account, and what prevents restoring it. */
#ifndef TASK_RESTORE_PLAN_H
#define TASK_RESTORE_PLAN_H

#include "task/machine.h"
#include "task/restore/state.h"

/* The step: get the plan of each account from its node. */
enum step_result restore_plan_enter(void *owner);

/* The step after it: make the accounts, each with its plan. It fails those without a
 * plan. */
enum step_result restore_plan_assign_enter(void *owner);

/* Fail each account whose restore would drop something outside the metamodel, unless
 * --cascade is given. */
void restore_plan_check_outsiders(struct restore *restore);

#endif
