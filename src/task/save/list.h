/* SPDX-License-Identifier: PostgreSQL */
/*
 * The list: each node tells which accounts it has and how much its pg_dump can take at
 * once. After this step the accounts are there. Those that cannot be dumped have failed,
 * and so have all of a node that cannot be worked with. With --dry-run this is the end.
 */
#ifndef TASK_SAVE_LIST_H
#define TASK_SAVE_LIST_H

#include "task/machine.h"

/* To be cancelled by save_nodes_disconnect(). */
enum step_result save_list_enter(void *owner);

#endif
