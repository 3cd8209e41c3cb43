/* SPDX-License-Identifier: PostgreSQL */
/* What will be different, said before anything is. */
#ifndef TASK_RESTORE_ANNOUNCE_H
#define TASK_RESTORE_ANNOUNCE_H

#include "task/machine.h"

/* The step. Fails nobody. */
enum step_result restore_announce_enter(void *owner);

#endif
