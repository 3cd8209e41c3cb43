/* SPDX-License-Identifier: PostgreSQL */
/*
 * Which accounts are dumped together, and in what other batches when that went wrong.
 *
 * A batch is never changed back: an account that is to be tried otherwise gets a new
 * one, which the worklist is given at once. Where the worklist takes none any more,
 * since the node is lost or the run is cancelled, the dumps of its accounts have failed.
 * Ownership: all batches live until save_batches_release().
 */
#ifndef TASK_SAVE_BATCH_H
#define TASK_SAVE_BATCH_H

#include "task/save/state.h"

/* Put all accounts that are pending into batches, before the worklist is started. */
void save_batches_make(struct save *save);
void save_batches_release(struct save *save);

/* The batch that the worklist speaks of. */
struct save_batch *save_batch_of(struct work_item *item);

/* Halve it; or give each account a batch of its own, where no other can be dumped. */
void save_batch_divide(struct save_batch *batch);
/* Those after the first `kept` leave it, and are a batch of their own. */
void save_batch_cut(struct save_batch *batch, size_t kept);
/* This one leaves its batch, though that still counts it, and is dumped by itself. */
void save_batch_single_out(struct save_account *account);

#endif
