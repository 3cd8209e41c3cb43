/* SPDX-License-Identifier: PostgreSQL */
/*
 * Was anything changed behind the snapshot's back while it was dumped? A dump that may
 * be wrong for that has failed.
 *
 * 1. save_recheck_start() for each node whose dumps have ended, while others still dump.
 * 2. The step waits for all that were begun. Where one could not be done, all dumps of
 *    that node have failed: none of them can be told from an empty one.
 */
#ifndef TASK_SAVE_RECHECK_H
#define TASK_SAVE_RECHECK_H

#include "task/save/state.h"

void save_recheck_start(struct save_node *node);

/* To be cancelled by save_nodes_disconnect(). */
enum step_result save_recheck_enter(void *owner);

#endif
