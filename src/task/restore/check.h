/* SPDX-License-Identifier: PostgreSQL */
/* Read and check every dump before the first one is loaded. */
#ifndef TASK_RESTORE_CHECK_H
#define TASK_RESTORE_CHECK_H

#include "task/machine.h"

/* The step, which reads on worker threads. It fails an account whose dump is missing,
 * incomplete, not as the manifest says, or not for the psql of its node. */
enum step_result restore_check_enter(void *owner);

#endif
