/* SPDX-License-Identifier: PostgreSQL */
/* What is restored: the save, locked and opened, and which of its accounts are wanted. */
#ifndef TASK_RESTORE_SOURCE_H
#define TASK_RESTORE_SOURCE_H

#include "task/machine.h"
#include "task/restore/state.h"

void restore_source_init(struct restore *restore);

/* For a trial: the save is already open, and nothing has to be locked. Ownership: *save
 * is then as after savedir_release(). */
void restore_source_take(struct restore *restore, struct savedir *save);

/* The step. It fails, with the run's error, if the lock is held by another run, or the
 * save does not exist, is damaged or contains no dump. */
enum step_result restore_source_enter(void *owner);

void restore_source_release(struct restore *restore);

#endif
