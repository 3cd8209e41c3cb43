/* SPDX-License-Identifier: PostgreSQL */
/*
 * The step that dumps: a pg_dump for each batch, so many of them at once, and a check of
 * each file. It is over when every account that could be dumped has been, or has failed.
 */
#ifndef TASK_SAVE_DUMP_H
#define TASK_SAVE_DUMP_H

#include "task/save/state.h"

enum step_result save_dump_enter(void *owner);
void save_dump_cancel(void *owner);

/* The node is lost: its children are ended, and its accounts fail. Later nothing. */
void save_dump_lose_node(struct save_node *node);

void save_dump_release(struct save *save);

#endif
