/* SPDX-License-Identifier: PostgreSQL */
/* What a restore did, account by account. */
#ifndef TASK_RESTORE_REPORT_H
#define TASK_RESTORE_REPORT_H

#include "task/report.h"
#include "task/restore/state.h"

/* At the end of a run, even one that failed early. Ownership: the caller releases
 * *out. */
void restore_report(const struct restore *restore, struct report *out);

#endif
