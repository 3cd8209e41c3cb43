/* SPDX-License-Identifier: PostgreSQL */
/*
 * Was anything changed during the dump that snapshots do not hide? A dump that may be
 * wrong for that reason fails.
 *
 * 1. save_recheck_start() for each node whose dumps have ended, while others are still
 *    dumping.
 * 2. The step waits for all that were started. If one cannot be completed, all dumps of
 *    its node fail: none of them can be told from an empty one.
 */
#ifndef TASK_SAVE_RECHECK_H
#define TASK_SAVE_RECHECK_H

#include "task/save/state.h"

void save_recheck_start(struct save_node *node);

/* save_nodes_disconnect() cancels it. */
enum step_result save_recheck_enter(void *owner);

#endif
