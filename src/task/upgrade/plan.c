/* SPDX-License-Identifier: PostgreSQL */
/*
 * An account that cannot be upgraded fails here if possible, before anything is changed.
 * Others may change an account afterwards, so its plan is made again when its turn comes.
 */
#include "task/upgrade/plan.h"

#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "catalog/grants.h"
#include "product/product.h"
#include "product/version.h"

static bool check_version(const struct upgrade_account *account, struct error *err)
{
	const struct migrations *all = account->plan.migrations;
	const struct migration *newest = &all->steps[all->count - 1];
	const struct catalog_state *state = account->state;
	AUTO_FREE char *statement = NULL;

	switch (state->kind) {
	case CATALOG_NO_VERSION:
		return true;
	case CATALOG_VERSION:
		if (!version_is_newer(state->version, newest->version))
			return true;
		error_set(err, ERROR_DATA,
			  "its version %s is newer than %s, the newest known version",
			  state->version, newest->version);
		return error_hint(err,
				  account->plan.model
					  ? "name a newer directory with --migrations"
					  : "upgrade it with a newer metamodel");
	case CATALOG_BROKEN:
		statement = catalog_set_version_statement(state, newest->version);
		error_set(err, ERROR_DATA, "%s", state->problem);
		return error_hint(err, "if it is at %s, record that: %s;",
				  newest->version, statement);
	case CATALOG_UNREADABLE:
		error_set(err, ERROR_SERVER, "%s", state->problem);
		if (state->is_forbidden)
			grants_hint_upgrade(account->place->node->session, state->owner,
					    err);
		return false;
	}
	return false;
}

/* A model's tenants, and its global schema, which has no files. */
static bool check_tenant(const struct upgrade_account *account, struct error *err)
{
	if (upgrade_account_is_global(account)) {
		error_set(err, ERROR_DATA, "no file of SQL is for it");
		return error_hint(err, "upgrade it with its product, before the tenants");
	}
	return account->state->has_schema
		       ? check_version(account, err)
		       : error_set(err, ERROR_DATA, "it has no schema");
}

static bool check_account(const struct upgrade_account *account, struct error *err)
{
	const struct product *product = &account->accounts->opts->conf->product;
	const struct farm_account *place = account->place;
	const struct catalog_state *state = account->state;

	if (!place->is_registered && !(state && state->looks_like_account))
		return error_set(err, ERROR_DATA, "%s %s does not exist.", product->title,
				 place->name);
	if (!place->node)
		return error_set(err, ERROR_DATA, "%s", place->problem);
	if (!state) {
		*err = place->node->error;
		return false;
	}
	if (account->plan.model)
		return check_tenant(account, err);
	if (!state->has_schema && !upgrade_account_is_global(account)) {
		error_set(err, ERROR_DATA,
			  "the account is registered, but has no schema");
		return error_hint(err,
				  "restore it, or delete its row in " PRODUCT_ACCOUNTS);
	}
	return check_version(account, err);
}

bool upgrade_plan_account(struct upgrade_account *account)
{
	const struct migrations *all = account->plan.migrations;
	const struct catalog_state *state = account->state;
	struct catalog_upgrade *plan = &account->plan;

	plan->first = state->kind == CATALOG_VERSION && !account->done
			      ? migrations_first_after(all, state->version)
			      : 0;
	plan->first = upgrade_account_next_step(account, plan->first);
	plan->end = migrations_transaction_end(all, plan->level, plan->first,
					       account->accounts->target->end);
	if (plan->first < plan->end)
		return true;
	upgrade_account_set_progress(account, ACCOUNT_CURRENT);
	return false;
}

void upgrade_plan_log_current(const struct upgrade_account *account)
{
	const struct log *log = account->accounts->opts->log;

	if (upgrade_account_is_global(account))
		log_info(log, "Global metamodel is up to date.");
	else
		log_info(log, "%s %s is up to date.",
			 account->accounts->opts->conf->product.title,
			 account->state->name);
}

static void tell_steps(const struct upgrade_account *account)
{
	const struct upgrade_target *target = account->accounts->target;
	AUTO_STRBUF struct strbuf list = { 0 };

	for (size_t i = account->plan.first; i < target->end;
	     i = upgrade_account_next_step(account, i + 1))
		strbuf_add_format(&list, "%s%s", list.length ? ", " : "",
				  target->migrations.steps[i].version);
	log_info(account->accounts->opts->log, "    steps: %s", list.buf);
}

/* For --dry-run: "agentzh: version 0.002 -> 0.009, 7 steps", and with --verbose which
 * steps. */
static void tell_account(const struct upgrade_account *account)
{
	const struct upgrade_target *target = account->accounts->target;
	const struct log *log = account->accounts->opts->log;
	const struct catalog_state *state = account->state;
	const char *from = state->version ? state->version : "nil";
	size_t steps = upgrade_account_count_steps(account);

	if (account->progress == ACCOUNT_CURRENT)
		log_info(log, "%s: %s%s, up to date", state->name,
			 account->done ? "" : "version ", from);
	else if (account->done)
		log_info(log, "%s: %s, %zu more", state->name, from, steps);
	else
		log_info(log, "%s: version %s -> %s, %zu step%s", state->name, from,
			 upgrade_target_version(target), steps, steps == 1 ? "" : "s");
	if (account->progress != ACCOUNT_CURRENT && log->level >= LOG_DEBUG)
		tell_steps(account);
}

/* A model's global schema, or a tenant that is listed but has no schema yet, is not an
 * error unless it is named. */
static bool is_passed_over(const struct upgrade_account *account)
{
	const struct run_opts *opts = account->accounts->opts;

	if (upgrade_account_is_global(account))
		return true;
	if (!account->state || account->state->has_schema)
		return false;
	log_warning(opts->log, "%s %s has no schema and is passed over",
		    opts->conf->product.noun, account->place->name);
	return true;
}

/* If others are named, _global is among the accounts as well, but then it is only
 * created, not upgraded. */
static bool is_wanted(const struct upgrade_account *account)
{
	const struct strvec *wanted = &account->accounts->opts->conf->accounts;

	if (account->plan.model)
		return wanted->count > 0 || !is_passed_over(account);
	if (!wanted->count || !upgrade_account_is_global(account) ||
	    (account->state && !account->state->has_schema))
		return true;
	for (size_t i = 0; i < wanted->count; i++)
		if (!strcmp(wanted->v[i], account->place->name))
			return true;
	return false;
}

static void decide(struct upgrade_account *account, const struct upgrade_trust *trust)
{
	const struct run_opts *opts = account->accounts->opts;
	struct error err;

	if (!is_wanted(account)) {
		upgrade_account_pass_over(account);
		return;
	}
	if (!check_account(account, &err)) {
		upgrade_account_fail(account, "plan", &err);
		return;
	}
	if (!account->place->is_registered)
		log_warning(opts->log, "%s %s is not registered%s",
			    opts->conf->product.noun, account->state->name,
			    account->plan.model ? "" : " in " PRODUCT_ACCOUNTS);
	if (upgrade_plan_account(account) && !upgrade_trust_check(trust, account, &err)) {
		upgrade_account_fail(account, "plan", &err);
		return;
	}
	if (opts->conf->dry_run)
		tell_account(account);
	else if (account->progress == ACCOUNT_CURRENT &&
		 upgrade_account_is_global(account))
		upgrade_plan_log_current(account);
}

void upgrade_plan_all(struct upgrade_accounts *accounts,
		      const struct upgrade_trust *trust)
{
	for (size_t i = 0; i < accounts->count; i++)
		decide(&accounts->list[i], trust);
}
