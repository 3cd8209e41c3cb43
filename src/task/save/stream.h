/* SPDX-License-Identifier: PostgreSQL */
/*
 * A batch of many accounts: one pg_dump writes an archive, which is split into their
 * files.
 *
 * 1. save_stream_prepare() before the child is started; save_stream_release() if it could
 *    not be started.
 * 2. save_stream_started() when it is running: a thread splits what it writes.
 * 3. save_stream_finished() when it has ended. After the thread has ended, too, the dumps
 *    are checked, or the batch is divided or tried again, or its accounts have failed.
 *    The item ends or goes back to the worklist.
 */
#ifndef TASK_SAVE_STREAM_H
#define TASK_SAVE_STREAM_H

#include "task/save/state.h"

/*
 * Fill in *child, and sort the accounts.
 * Errors: ERROR_SYSTEM if no pipe can be made.
 */
MUST_CHECK bool save_stream_prepare(struct save_batch *batch, struct child_opts *child,
				    struct error *err);
void save_stream_started(struct save_batch *batch);
void save_stream_finished(struct save_batch *batch, const struct child_result *result);
/* Does nothing for a batch without a stream. */
void save_stream_release(struct save_batch *batch);

/* Release what all streams of the run share. */
void save_streams_release(struct save *save);

#endif
