/* SPDX-License-Identifier: PostgreSQL */
/* The step that makes the dumps durable. A dump that cannot be synced has failed. */
#ifndef TASK_SAVE_SYNC_H
#define TASK_SAVE_SYNC_H

#include "task/machine.h"

enum step_result save_sync_enter(void *owner);

#endif
