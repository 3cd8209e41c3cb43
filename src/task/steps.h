/* SPDX-License-Identifier: PostgreSQL */
/* What status says about the tenants of a model: which steps each lacks. */
#ifndef TASK_STEPS_H
#define TASK_STEPS_H

#include "base/strvec.h"
#include "catalog/steps.h"
#include "farm/farm.h"
#include "task/report.h"

/* The schemas whose steps must be known, whichever tenants were named: all of them decide
 * what is current. Ownership: the caller releases *out. */
void steps_list_schemas(const struct farm *farm, const struct product *product,
			struct strvec *out);

/* A tenant's largest version, NULL if it has none; `*bad` is a step that is not a version,
 * or NULL. Ownership: both belong to `found`. */
const char *steps_find_version(const struct steps_found *found,
			       const struct tenant_steps *t, const char **bad);

/* Which steps of found->all a tenant has, and how many these are. Ownership: the caller
 * frees. */
bool *steps_mark(const struct steps_found *found, const struct tenant_steps *t,
		 size_t *count);

/*
 * Fill state, version, problem and `behind` of each tenant in `report`, whose accounts
 * are those of the farm, and its list of schemas that are not registered. A schema that
 * is not registered and has no steps keeps the state NULL.
 * Errors: ERROR_USAGE if there is no schema to compare with.
 */
MUST_CHECK bool steps_describe(const struct farm *farm, const struct product *product,
			       const struct steps_found *found, struct report *report,
			       struct error *err);

#endif
