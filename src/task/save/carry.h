/* SPDX-License-Identifier: PostgreSQL */
/*
 * The step that carries over: an account that failed, or was not asked for, keeps its
 * last good dump. Which those are, and which have none, is in save.carry afterwards. All
 * file work is done on one worker thread, which nothing else runs beside.
 */
#ifndef TASK_SAVE_CARRY_H
#define TASK_SAVE_CARRY_H

#include "task/save/state.h"

enum step_result save_carry_enter(void *owner);
void save_carry_release(struct save *save);

#endif
