/* SPDX-License-Identifier: PostgreSQL */
/* Every dump is read and checked before the first one is loaded. */
#ifndef TASK_RESTORE_CHECK_H
#define TASK_RESTORE_CHECK_H

#include "task/machine.h"

/* The step: on worker threads. Fails the accounts whose dump is not there, not whole, not
 * as its manifest says, or not for the psql of their node. */
enum step_result restore_check_enter(void *owner);

#endif
