/* SPDX-License-Identifier: PostgreSQL */
/*
 * What the catalogue says about the tenants before the first command, to find out which
 * of the failed ones were changed: a command that fails in the middle of a step leaves
 * the steps as they were.
 *
 * 1. tenants_marks_start(), once, before the first command.
 * 2. tenants_marks_compare(), each time that commands have been run and judged.
 */
#ifndef TASK_TENANTS_MARKS_H
#define TASK_TENANTS_MARKS_H

#include "task/tenants/tenant.h"

/* All zero is empty. */
struct tenants_marks {
	struct tenants *tenants;
	void (*done)(void *owner, const struct error *err);
	void *owner;
	char **before, **after; /* for each tenant; NULL: its schema does not exist */
};

/*
 * Read the marks of all tenants. `done` is called later, never during this call.
 * Ownership: the caller releases *marks; *tenants must outlive it.
 */
void tenants_marks_start(struct tenants_marks *marks, struct tenants *tenants,
			 void (*done)(void *owner, const struct error *err), void *owner);

/*
 * Set `is_touched` of the tenants whose command failed and whose schema is not as it was.
 * `done` is called later, unless this returns false: none has failed since the last time.
 */
MUST_CHECK bool tenants_marks_compare(struct tenants_marks *marks,
				      void (*done)(void *owner, const struct error *err),
				      void *owner);
void tenants_marks_release(struct tenants_marks *marks);

#endif
