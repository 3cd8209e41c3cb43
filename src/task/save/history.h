/* SPDX-License-Identifier: PostgreSQL */
/* Which old saves are deleted when this one is published, by the rules of
 * store/retention.h. */
#ifndef TASK_SAVE_HISTORY_H
#define TASK_SAVE_HISTORY_H

#include "task/save/state.h"

/* Note in the new manifest, whose start time is set, which saves are deleted and which
 * one it replaces. */
void save_history_plan(const struct save *save, struct manifest *manifest);

#endif
