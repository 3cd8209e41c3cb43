/* SPDX-License-Identifier: PostgreSQL */
/* What is restored: the save, locked and open, and the accounts in it that are wanted. */
#ifndef TASK_RESTORE_SOURCE_H
#define TASK_RESTORE_SOURCE_H

#include "task/machine.h"
#include "task/restore/state.h"

void restore_source_init(struct restore *restore);

/* For a trial: the save is open, and nothing is to be locked. Ownership: *save is as after
 * savedir_release(). */
void restore_source_take(struct restore *restore, struct savedir *save);

/* The step. Fails, with the run's error, if the lock is not to be had or there is no such
 * save; if it is damaged; and if there is no dump in it. */
enum step_result restore_source_enter(void *owner);

void restore_source_release(struct restore *restore);

#endif
