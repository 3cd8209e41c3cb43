/* SPDX-License-Identifier: PostgreSQL */
/* What is there of each account, and what stands in the way of restoring it. */
#ifndef TASK_RESTORE_PLAN_H
#define TASK_RESTORE_PLAN_H

#include "task/machine.h"
#include "task/restore/state.h"

/* The step: a plan of each account, from its node. */
enum step_result restore_plan_enter(void *owner);

/* The step after it: the accounts are made, each with its plan. Fails those that have
 * none. */
enum step_result restore_plan_assign_enter(void *owner);

/* Fails the accounts with which something outside the metamodel would go, unless it may. */
void restore_plan_check_outsiders(struct restore *restore);

#endif
