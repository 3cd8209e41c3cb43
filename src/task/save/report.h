/* SPDX-License-Identifier: PostgreSQL */
/* What a save did, for its caller. */
#ifndef TASK_SAVE_REPORT_H
#define TASK_SAVE_REPORT_H

#include "task/save/state.h"

/* After the machine has ended. Ownership: the caller releases *report, which must be
 * empty before. */
void save_report_fill(const struct save *save, struct report *report);

#endif
