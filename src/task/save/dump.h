/* SPDX-License-Identifier: PostgreSQL */
/*
 * The step that dumps: a pg_dump for each batch, a limited number at once, and a check of
 * each file. It ends when every account has been dumped or has failed.
 */
#ifndef TASK_SAVE_DUMP_H
#define TASK_SAVE_DUMP_H

#include "task/save/state.h"

enum step_result save_dump_enter(void *owner);
void save_dump_cancel(void *owner);

/* The node is lost: cancel its children and fail its accounts. Does nothing after the
 * step. */
void save_dump_lose_node(struct save_node *node);

void save_dump_release(struct save *save);

#endif
