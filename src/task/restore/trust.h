/* SPDX-License-Identifier: PostgreSQL */
/* Whose code would a superuser run by restoring an account? */
#ifndef TASK_RESTORE_TRUST_H
#define TASK_RESTORE_TRUST_H

#include "task/machine.h"

/* The step. Fails the accounts that have what others than superusers defined, unless
 * --as-superuser is given; a trial fails as a whole. */
enum step_result restore_trust_enter(void *owner);

#endif
