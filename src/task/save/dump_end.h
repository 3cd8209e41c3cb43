/* SPDX-License-Identifier: PostgreSQL */
/*
 * The final result of an account's dump: exactly one of these is called for each account
 * that is to be dumped. After the last one of a node, save.dump.node_ended is called.
 */
#ifndef TASK_SAVE_DUMP_END_H
#define TASK_SAVE_DUMP_END_H

#include "task/save/state.h"

/* It was written, checked and found good. */
void save_dump_end_good(struct save_account *account);

/* It failed, or is not tried again: delete its file, and log the reason, with a hint if
 * one is known. */
void save_dump_end_failed(struct save_account *account, const struct error *err);

/* Report the progress to the caller of the run. */
void save_dump_end_show_progress(const struct save *save);

#endif
