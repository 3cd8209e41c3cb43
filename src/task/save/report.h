/* SPDX-License-Identifier: PostgreSQL */
/* What a save did, as its caller is told. */
#ifndef TASK_SAVE_REPORT_H
#define TASK_SAVE_REPORT_H

#include "task/save/state.h"

/* When the machine has ended. Ownership: the caller releases *report, which was empty. */
void save_report_fill(const struct save *save, struct report *report);

#endif
