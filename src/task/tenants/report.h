/* SPDX-License-Identifier: PostgreSQL */
/* What became of each tenant, for the closing line, --json and the exit status. */
#ifndef TASK_TENANTS_REPORT_H
#define TASK_TENANTS_REPORT_H

#include <stdbool.h>

#include "task/report.h"
#include "task/tenants/tenant.h"

/*
 * Add the tenants to *out, whose `error` and `signal_number` are set, and say how the run
 * ended. `is_planned`: it was a dry run, and a tenant that waits would be upgraded.
 * `has_failed`: the run did not come to its end.
 * Ownership: the caller releases *out.
 */
void tenants_report_fill(const struct tenants *tenants, bool is_planned, bool has_failed,
			 struct report *out);

#endif
