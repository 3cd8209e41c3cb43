/* SPDX-License-Identifier: PostgreSQL */
/*
 * A model knows only which steps exist, not which ones the next release brings. So a
 * tenant is current if no other tenant (or the reference) has a step that it lacks. Named
 * tenants, and all with --all, are run whatever they have. When the first of them get new
 * steps, the others are behind.
 */
#include "task/tenants/judge.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"

enum { MOST_STEPS = 3 }; /* named in a message */

static const struct report_account *state_of(const struct tenants_look *look,
					     const struct tenant *tenant)
{
	return &look->states.accounts[tenant - tenant->tenants->list];
}

static bool is_state(const struct report_account *state, const char *name)
{
	return state->state && !strcmp(state->state, name);
}

/* Does the schema exist? */
static bool is_there(const struct report_account *state)
{
	return state->state && strcmp(state->state, "missing") != 0;
}

/* Does it lack a step? */
static bool is_behind(const struct report_account *state)
{
	return is_there(state) && !report_is_current(state) &&
	       !is_state(state, "newer") && !is_state(state, "broken");
}

/* Add "a, b, c and 4 more", from one step per line. */
static void add_steps(struct strbuf *out, const char *lines)
{
	size_t count = 0;

	while (*lines) {
		size_t length = strcspn(lines, "\n");

		if (count++ < MOST_STEPS)
			strbuf_add_format(out, "%s%.*s", count > 1 ? ", " : "",
					  (int)length, lines);
		lines += length + (lines[length] == '\n');
	}
	if (count > MOST_STEPS)
		strbuf_add_format(out, " and %zu more", count - MOST_STEPS);
}

/* ---- before ---- */

static bool check(const struct tenant *tenant, const struct report_account *state,
		  struct error *err)
{
	const struct product *product = &tenant->tenants->opts->conf->product;

	if (!state->state) {
		error_set(err, ERROR_DATA, "%s %s does not exist.", product->title,
			  tenant->place->name);
		return error_hint(err, "metamodel status lists all");
	}
	if (is_state(state, "broken"))
		return error_set(err, ERROR_DATA,
				 "its steps cannot be read, so nobody could tell what a "
				 "command does: %s",
				 state->problem);
	if (tenant->place->is_global && !product->upgrade_global) {
		error_set(err, ERROR_DATA, "there is no command for it");
		return error_hint(err, "its key in [model] is upgrade_global");
	}
	return tenant->place->is_global || is_there(state) ||
	       error_set(err, ERROR_DATA, "it has no schema");
}

/* A tenant that is listed but has no schema yet is not an error. */
static bool is_passed_over(const struct tenant *tenant,
			   const struct report_account *state)
{
	const struct run_opts *opts = tenant->tenants->opts;

	if (tenant->is_named)
		return false;
	if (tenant->place->is_global)
		return !opts->conf->product.upgrade_global;
	if (is_state(state, "missing"))
		log_warning(opts->log, "%s %s has no schema and is passed over",
			    opts->conf->product.noun, tenant->place->name);
	return is_state(state, "missing");
}

static bool is_wanted(const struct tenant *tenant, const struct report_account *state)
{
	return tenant->is_named || tenant->tenants->opts->conf->all ||
	       tenant->place->is_global || is_behind(state);
}

static void decide(struct tenant *tenant, const struct report_account *state)
{
	struct error err;

	tenant->from = state->version ? xstrdup(state->version) : NULL;
	tenant->state = state->state ? xstrdup(state->state) : NULL;
	if (is_passed_over(tenant, state))
		return;
	if (!check(tenant, state, &err)) {
		tenant_fail(tenant, "plan", &err);
		return;
	}
	if (!tenant->place->is_registered)
		log_warning(tenant->tenants->opts->log, "%s %s is not registered",
			    tenant->tenants->opts->conf->product.noun,
			    tenant->place->name);
	if (is_wanted(tenant, state))
		tenant_set_progress(tenant, TENANT_WAITING);
}

void tenants_judge_before(struct tenants *tenants, const struct tenants_look *before)
{
	for (size_t i = 0; i < tenants->count; i++)
		decide(&tenants->list[i], state_of(before, &tenants->list[i]));
}

/* ---- after ---- */

static bool check_result(const struct tenant *tenant, const struct report_account *state,
			 struct error *err)
{
	AUTO_STRBUF struct strbuf steps = { 0 };

	if (tenant->place->is_global)
		return true;
	if (is_state(state, "broken"))
		return error_set(err, ERROR_DATA,
				 "its command exited with status 0, but its steps cannot "
				 "be read: %s",
				 state->problem);
	if (!is_there(state))
		return error_set(err, ERROR_DATA,
				 "its command exited with status 0, but it has no schema "
				 "any more");
	if (!is_behind(state))
		return true;
	if (state->behind)
		add_steps(&steps, state->behind);
	else
		strbuf_add_str(&steps, "any step");
	error_set(err, ERROR_DATA, "its command exited with status 0, but %s %s",
		  tenant->is_changed ? "it still lacks" : "did nothing: it lacks",
		  steps.buf);
	return error_hint(err, "does the command upgrade this tenant, in this database?");
}

static void judge(struct tenant *tenant, const struct report_account *state)
{
	struct error err;

	free(tenant->to);
	tenant->to = state->version ? xstrdup(state->version) : NULL;
	if (tenant->progress != TENANT_EXITED)
		return;
	if (!check_result(tenant, state, &err))
		tenant_fail(tenant, "upgrade", &err);
	else
		tenant_set_progress(tenant, tenant->is_changed ? TENANT_UPGRADED
							       : TENANT_CURRENT);
}

/* It was current and is not any more. */
static bool is_overtaken(const struct tenant *tenant, const struct report_account *state)
{
	return !tenant->has_run && tenant->progress == TENANT_CURRENT &&
	       !tenant->place->is_global && is_behind(state);
}

void tenants_judge_after(struct tenants *tenants, const struct tenants_look *before,
			 const struct tenants_look *after, bool may_go_on)
{
	for (size_t i = 0; i < tenants->count; i++) {
		struct tenant *tenant = &tenants->list[i];
		const struct report_account *state = state_of(after, tenant);

		if (tenant->has_run) {
			tenant->is_changed = !tenants_look_is_same(before, after, i);
			judge(tenant, state);
		} else if (may_go_on && is_overtaken(tenant, state)) {
			free(tenant->state);
			tenant->state = xstrdup(state->state);
			tenant_set_progress(tenant, TENANT_WAITING);
		}
	}
}

void tenants_judge_unseen(struct tenants *tenants, const struct error *why)
{
	for (size_t i = 0; i < tenants->count; i++) {
		struct tenant *tenant = &tenants->list[i];
		struct error err;

		if (!tenant->has_run || tenant->progress == TENANT_UPGRADED ||
		    tenant->progress == TENANT_CURRENT)
			continue;
		tenant->is_in_doubt = true;
		if (tenant->progress != TENANT_EXITED)
			continue;
		error_set(&err, ERROR_DATA,
			  "its command exited with status 0, but it is not known what it "
			  "did: %s",
			  why->text);
		error_hint(&err, "%s", why->hint);
		tenant_fail(tenant, "upgrade", &err);
	}
}
