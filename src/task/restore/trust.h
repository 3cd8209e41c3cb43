/* SPDX-License-Identifier: PostgreSQL */
/* Whose code would a superuser run by restoring an account? */
#ifndef TASK_RESTORE_TRUST_H
#define TASK_RESTORE_TRUST_H

#include "task/machine.h"

/* The step. Unless --as-superuser is given, it fails each account in which a role that is
 * not a superuser has defined something; a trial fails as a whole. */
enum step_result restore_trust_enter(void *owner);

#endif
