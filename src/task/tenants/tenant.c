/* SPDX-License-Identifier: PostgreSQL */
#include "task/tenants/tenant.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

void tenants_init(struct tenants *tenants, const struct run_opts *opts,
		  const struct farm *farm)
{
	const struct strvec *names = &opts->conf->accounts;

	*tenants = (struct tenants){
		.opts = opts,
		.farm = farm,
		.list = xcalloc(farm->account_count + 1, sizeof(*tenants->list)),
		.count = farm->account_count,
		.over = farm->account_count,
	};
	for (size_t i = 0; i < tenants->count; i++)
		tenants->list[i] = (struct tenant){ .tenants = tenants,
						    .place = &farm->accounts[i],
						    .is_named = names->count > 0 };
}

void tenants_release(struct tenants *tenants)
{
	for (size_t i = 0; i < tenants->count; i++) {
		free(tenants->list[i].from);
		free(tenants->list[i].to);
		free(tenants->list[i].state);
		free(tenants->list[i].error);
	}
	free(tenants->list);
	failures_release(&tenants->failures);
	*tenants = (struct tenants){ 0 };
}

struct tenant *tenants_global(const struct tenants *tenants)
{
	return tenants->count && tenants->list[0].place->is_global ? &tenants->list[0]
								   : NULL;
}

bool tenants_has_global_failed(const struct tenants *tenants)
{
	const struct tenant *global = tenants_global(tenants);

	return global && global->error;
}

bool tenants_are_closed(const struct tenants *tenants)
{
	return tenants->opts->conf->fail_fast && tenants->failed;
}

static bool is_over(enum tenant_progress progress)
{
	return progress != TENANT_WAITING && progress != TENANT_RUNNING;
}

void tenant_set_progress(struct tenant *tenant, enum tenant_progress progress)
{
	struct tenants *tenants = tenant->tenants;
	const struct run_opts *opts = tenants->opts;

	tenants->over += is_over(progress);
	tenants->over -= is_over(tenant->progress);
	tenants->failed += progress == TENANT_FAILED;
	tenant->progress = progress;
	opts->progress(opts->owner, tenants->over, tenants->count);
}

void tenant_fail(struct tenant *tenant, const char *step, const struct error *err)
{
	struct tenants *tenants = tenant->tenants;

	tenant->error = xstrdup(err->text);
	tenant_set_progress(tenant, TENANT_FAILED);
	run_log_failure(tenants->opts, tenant->place, step, err, &tenants->failures);
}
