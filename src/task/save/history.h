/* SPDX-License-Identifier: PostgreSQL */
/* Which old saves go when this one comes, by the rules of store/retention.h. */
#ifndef TASK_SAVE_HISTORY_H
#define TASK_SAVE_HISTORY_H

#include "task/save/state.h"

/* Note in the new manifest, which has its start, which saves go and which it replaces. */
void save_history_plan(const struct save *save, struct manifest *manifest);

#endif
