/* SPDX-License-Identifier: PostgreSQL */
/*
 * A batch of one account: pg_dump writes the file itself, as its stdout.
 *
 * 1. save_alone_prepare() before the child is started.
 * 2. save_alone_finished() when it has ended: the dump is checked, or tried again later,
 *    or has failed. The item ends or goes back to the worklist.
 */
#ifndef TASK_SAVE_ALONE_H
#define TASK_SAVE_ALONE_H

#include "task/save/state.h"

/*
 * Fill in *child.
 * Errors: ERROR_SYSTEM if the file cannot be created.
 */
MUST_CHECK bool save_alone_prepare(struct save_batch *batch, struct child_opts *child,
				   struct error *err);
void save_alone_finished(struct save_batch *batch, const struct child_result *result);

#endif
