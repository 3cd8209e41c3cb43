/* SPDX-License-Identifier: PostgreSQL */
/*
 * How the dump of an account ended, for good: exactly one of these for each account that
 * is to be dumped. After the last one of its node save.dump.node_ended is called.
 */
#ifndef TASK_SAVE_DUMP_END_H
#define TASK_SAVE_DUMP_END_H

#include "task/save/state.h"

/* It was written, checked and found good. */
void save_dump_end_good(struct save_account *account);

/* It failed, or is not tried any more: its file is deleted, and the reason is said with
 * what is known to do about it. */
void save_dump_end_failed(struct save_account *account, const struct error *err);

/* Tell the caller of the run how far it is. */
void save_dump_end_show_progress(const struct save *save);

#endif
