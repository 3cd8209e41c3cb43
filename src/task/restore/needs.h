/* SPDX-License-Identifier: PostgreSQL */
/* Do the roles that the dumps name exist, and may the session's role do what a restore
 * does? */
#ifndef TASK_RESTORE_NEEDS_H
#define TASK_RESTORE_NEEDS_H

#include "task/machine.h"

/* The step, after the dumps were checked. It fails each account that lacks a role or a
 * right, and notes how many locks each account takes and how many its server has. */
enum step_result restore_needs_enter(void *owner);

#endif
