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
		if (state->number <= newest->number)
			return true;
		error_set(err, ERROR_DATA,
			  "its version %s is newer than %s, the newest known version",
			  state->version, newest->version);
		return error_hint(err, "upgrade it with a newer metamodel");
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

static bool check_account(const struct upgrade_account *account, struct error *err)
{
	const struct farm_account *place = account->place;
	const struct catalog_state *state = account->state;

	if (!place->is_registered && !(state && state->looks_like_account))
		return error_set(err, ERROR_DATA, "Account %s does not exist.",
				 place->name);
	if (!place->node)
		return error_set(err, ERROR_DATA, "%s", place->problem);
	if (!state) {
		*err = place->node->error;
		return false;
	}
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

	plan->first = state->kind == CATALOG_VERSION
			      ? migrations_first_after(all, state->number)
			      : 0;
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
		log_info(log, "Account %s is up to date.", account->state->name);
}

/* For --dry-run: "agentzh: version 0.002 -> 0.009, 7 steps", and with --verbose which
 * steps. */
static void tell_account(const struct upgrade_account *account)
{
	const struct upgrade_target *target = account->accounts->target;
	const struct log *log = account->accounts->opts->log;
	const struct catalog_state *state = account->state;
	const char *from = state->version ? state->version : "nil";
	size_t first = account->plan.first, steps = target->end - first;
	AUTO_STRBUF struct strbuf list = { 0 };

	if (account->progress == ACCOUNT_CURRENT) {
		log_info(log, "%s: version %s, up to date", state->name, from);
		return;
	}
	log_info(log, "%s: version %s -> %s, %zu step%s", state->name, from,
		 upgrade_target_version(target), steps, steps == 1 ? "" : "s");
	if (log->level < LOG_DEBUG)
		return;
	for (size_t i = first; i < target->end; i++)
		strbuf_add_format(&list, "%s%s", i > first ? ", " : "",
				  target->migrations.steps[i].version);
	log_info(log, "    steps: %s", list.buf);
}

/* If others are named, _global is among the accounts as well, but then it is only
 * created, not upgraded. */
static bool is_wanted(const struct upgrade_account *account)
{
	const struct strvec *wanted = &account->accounts->opts->conf->accounts;

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
		log_warning(opts->log,
			    "account %s is not registered in " PRODUCT_ACCOUNTS,
			    account->state->name);
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
