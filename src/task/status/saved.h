/* SPDX-License-Identifier: PostgreSQL */
/* What status says about the last save: when each account was saved, and whether that is
 * too old. */
#ifndef TASK_STATUS_SAVED_H
#define TASK_STATUS_SAVED_H

#include "farm/farm.h"
#include "task/report.h"
#include "task/run.h"

/*
 * Fill `saved_at`, `is_stale` and `size_bytes` of the accounts in `report`, and its
 * `too_old`. Blocks. Problems with the save are logged.
 */
void saved_read(const struct run_opts *opts, const struct farm *farm,
		struct report *report);

#endif
