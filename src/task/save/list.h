/* SPDX-License-Identifier: PostgreSQL */
/*
 * The step that lists the accounts: each node says which accounts it has and how much its
 * pg_dump can take at once. Afterwards the accounts exist; those that cannot be dumped
 * have failed, and so have all of an unusable node. With --dry-run the run ends here.
 */
#ifndef TASK_SAVE_LIST_H
#define TASK_SAVE_LIST_H

#include "task/machine.h"

/* save_nodes_disconnect() cancels it. */
enum step_result save_list_enter(void *owner);

#endif
