/* SPDX-License-Identifier: PostgreSQL */
/*
 * The step that carries dumps over: an account that failed, or was not asked for, keeps
 * its last good dump. Afterwards save.carry says which were carried over and which have
 * none. All file work is done on one worker thread, at a time when nothing else is
 * running.
 */
#ifndef TASK_SAVE_CARRY_H
#define TASK_SAVE_CARRY_H

#include "task/save/state.h"

enum step_result save_carry_enter(void *owner);
void save_carry_release(struct save *save);

#endif
