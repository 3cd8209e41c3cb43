/* SPDX-License-Identifier: PostgreSQL */
/* Say what the restore will change, before it changes anything. */
#ifndef TASK_RESTORE_ANNOUNCE_H
#define TASK_RESTORE_ANNOUNCE_H

#include "task/machine.h"

/* The step. It fails no account. */
enum step_result restore_announce_enter(void *owner);

#endif
