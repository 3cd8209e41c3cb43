/* SPDX-License-Identifier: PostgreSQL */
/* What became of each account, for the closing line, --json and the exit status. */
#ifndef TASK_UPGRADE_REPORT_H
#define TASK_UPGRADE_REPORT_H

#include <stdbool.h>

#include "task/report.h"
#include "task/upgrade/account.h"

/*
 * Add the accounts to *out, whose `error` and `signal_number` are set, and set the result
 * of the run. `is_planned`: this was a dry run, in which a waiting account would be
 * upgraded. `has_failed`: the run did not reach its end.
 * Ownership: the caller releases *out.
 */
void upgrade_report_fill(const struct upgrade_accounts *accounts, bool is_planned,
			 bool has_failed, struct report *out);

#endif
