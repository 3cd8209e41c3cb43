/* SPDX-License-Identifier: PostgreSQL */
/*
 * Which accounts are dumped together, and in which other batches if that failed.
 *
 * A batch never changes back: an account that is to be tried in another way gets a new
 * batch, which is added to the worklist at once. If the worklist accepts no more, since
 * the node is lost or the run is cancelled, the dumps of these accounts have failed.
 * Ownership: all batches live until save_batches_release().
 */
#ifndef TASK_SAVE_BATCH_H
#define TASK_SAVE_BATCH_H

#include "task/save/state.h"

/* Put all pending accounts into batches, before the worklist is started. */
void save_batches_make(struct save *save);
void save_batches_release(struct save *save);

/* The batch that an item of the worklist is part of. */
struct save_batch *save_batch_of(struct work_item *item);

/* Halve the batch; or give each account a batch of its own if they cannot be dumped
 * together. */
void save_batch_divide(struct save_batch *batch);
/* Move all accounts after the first `kept` ones to a batch of their own. */
void save_batch_cut(struct save_batch *batch, size_t kept);
/* Dump this account by itself. It leaves its batch, which still counts it. */
void save_batch_single_out(struct save_account *account);

#endif
