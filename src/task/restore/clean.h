/* SPDX-License-Identifier: PostgreSQL */
/*
 * What a restore of whole schemas has put aside: it stays until everything is restored,
 * and is dropped then, one schema after the other. What a killed run has left goes, too,
 * but for that of a tenant which is not there.
 */
#ifndef TASK_RESTORE_CLEAN_H
#define TASK_RESTORE_CLEAN_H

#include "task/machine.h"
#include "task/restore/state.h"

/* The step. Fails nobody: what cannot be dropped is told, with the way back. */
enum step_result restore_clean_enter(void *owner);

/* At the end of the run, when that step was not come to: say so. */
void restore_clean_tell(const struct restore *restore);

void restore_clean_release(struct restore *restore);

#endif
