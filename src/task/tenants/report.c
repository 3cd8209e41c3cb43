/* SPDX-License-Identifier: PostgreSQL */
#include "task/tenants/report.h"

#include "base/str.h"
#include "task/tenants/advice.h"

static const char *find_outcome(const struct tenant *tenant, bool is_planned)
{
	switch (tenant->progress) {
	case TENANT_CURRENT:
		return "current";
	case TENANT_WAITING:
		return is_planned ? "planned" : "unchanged";
	case TENANT_UPGRADED:
		return "upgraded";
	case TENANT_RUNNING:
	case TENANT_EXITED:
	case TENANT_FAILED:
		break;
	}
	return "failed";
}

/* Is it as wanted, or at least changed? */
static bool is_done(const struct tenant *tenant, bool is_planned)
{
	return tenant->is_changed || tenant->is_touched || tenant->is_in_doubt ||
	       (!tenant->error && (is_planned || tenant->progress != TENANT_WAITING));
}

/* Nobody asked for the global schema, or its owner takes care of it. */
static bool is_left_out(const struct tenant *tenant)
{
	return tenant->place->is_global && tenant->progress == TENANT_CURRENT &&
	       !tenant->has_run;
}

static void report_tenant(const struct tenant *tenant, bool is_planned,
			  struct report *out)
{
	struct report_account *entry = report_add(out, tenant->place->name);
	const char *version = tenant->to ? tenant->to : tenant->from;

	entry->node = xstrdup(tenant->place->node->name);
	entry->outcome = find_outcome(tenant, is_planned);
	entry->error = tenant->error ? xstrdup(tenant->error) : NULL;
	entry->from = tenant->from ? xstrdup(tenant->from) : NULL;
	entry->version = version ? xstrdup(version) : NULL;
	entry->elapsed_ms = tenant->elapsed_ms;
}

void tenants_report_fill(const struct tenants *tenants, bool is_planned, bool has_failed,
			 struct report *out)
{
	size_t done = 0, failed = 0;

	for (size_t i = 0; i < tenants->count; i++) {
		const struct tenant *tenant = &tenants->list[i];

		if (is_left_out(tenant))
			continue;
		failed += tenant->error != NULL;
		done += is_done(tenant, is_planned);
		report_tenant(tenant, is_planned, out);
	}
	if (has_failed || out->signal_number || (failed && !done))
		out->result = done ? REPORT_PARTLY : REPORT_FAILED;
	else
		out->result = failed ? REPORT_PARTLY : REPORT_DONE;
	if (failed)
		out->advice = tenants_advise(tenants);
}
