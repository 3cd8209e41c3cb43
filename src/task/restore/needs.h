/* SPDX-License-Identifier: PostgreSQL */
/* Are the roles there that the dumps name, and may ours do what a restore does? */
#ifndef TASK_RESTORE_NEEDS_H
#define TASK_RESTORE_NEEDS_H

#include "task/machine.h"

/* The step, after the check of the dumps. Fails the accounts that would fail for want of
 * a role or a right; notes how many locks each takes, and what the servers have. */
enum step_result restore_needs_enter(void *owner);

#endif
