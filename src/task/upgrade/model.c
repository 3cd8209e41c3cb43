/* SPDX-License-Identifier: PostgreSQL */
/*
 * With `versions = number`, what `applied` returns is a version as OpenResty's accounts
 * have one. With `versions = set`, each file is looked for in it; steps without a file
 * count for nothing.
 */
#include "task/upgrade/model.h"

#include <stdlib.h>

#include "base/str.h"
#include "product/version.h"
#include "task/steps.h"

/* Of each file's step: does the tenant have it? Ownership: the caller frees. */
static bool *find_done(const struct migrations *files, const struct steps_found *found,
		       const struct tenant_steps *t)
{
	bool *done = xcalloc(files->count + 1, sizeof(*done));

	for (size_t i = 0; i < files->count; i++)
		for (size_t k = 0; k < t->count && !done[i]; k++)
			done[i] =
				migration_is(&files->steps[i], found->all.v[t->steps[k]]);
	return done;
}

static void set_version(const struct steps_found *found, const struct tenant_steps *t,
			struct catalog_state *state)
{
	const char *bad, *version = steps_find_version(found, t, &bad);

	if (version) {
		state->kind = CATALOG_VERSION;
		state->version = xstrdup(version);
	} else if (bad) {
		state->kind = CATALOG_UNREADABLE;
		state->problem =
			str_format("its version is '%s', which is not a number", bad);
	}
}

static void set_steps(struct upgrade_account *account, const struct steps_found *found,
		      const struct tenant_steps *t)
{
	free(steps_mark(found, t, &account->step_count));
	account->done = find_done(account->plan.migrations, found, t);
	account->plan.done = account->done;
}

static void describe(struct upgrade_account *account, const struct steps_found *found,
		     const struct tenant_steps *t, struct catalog_state *state)
{
	bool is_set = account->plan.model->is_set;

	*state = (struct catalog_state){
		.name = xstrdup(t->schema),
		.is_registered = account->place->is_registered,
		.has_schema = t->kind != STEPS_MISSING,
		.looks_like_account = t->kind == STEPS_READ && t->count,
		.kind = CATALOG_NO_VERSION,
	};
	if (t->kind == STEPS_BROKEN) {
		state->kind = CATALOG_UNREADABLE;
		state->problem = xstrdup(t->problem);
	} else if (is_set) {
		set_steps(account, found, t);
		state->version = upgrade_account_format_steps(account, 0);
	} else {
		set_version(found, t, state);
	}
}

void upgrade_model_found(struct upgrade_accounts *accounts,
			 const struct steps_found *found, struct catalog_states *out)
{
	out->list = xcalloc(found->count + 1, sizeof(*out->list));
	for (size_t i = 0; i < found->count; i++) {
		const struct tenant_steps *t = &found->list[i];
		struct catalog_state *state = &out->list[out->count];
		struct upgrade_account *account;

		if (!farm_find(accounts->farm, t->schema))
			continue;
		account = upgrade_account_find(accounts, t->schema);
		out->count++;
		describe(account, found, t, state);
		upgrade_account_found(account, state);
	}
}
