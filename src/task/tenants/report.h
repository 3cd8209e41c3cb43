/* SPDX-License-Identifier: PostgreSQL */
/* What happened to each tenant, for the closing line, --json and the exit status. */
#ifndef TASK_TENANTS_REPORT_H
#define TASK_TENANTS_REPORT_H

#include <stdbool.h>

#include "task/report.h"
#include "task/tenants/tenant.h"

/*
 * Add the tenants to *out, whose `error` and `signal_number` are set, and set the result
 * of the run. `is_planned`: this was a dry run, in which a waiting tenant would be
 * upgraded. `has_failed`: the run did not reach its end.
 * Ownership: the caller releases *out.
 */
void tenants_report_fill(const struct tenants *tenants, bool is_planned, bool has_failed,
			 struct report *out);

#endif
