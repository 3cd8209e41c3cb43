/* SPDX-License-Identifier: PostgreSQL */
/* The plan: what is to be done for each account, and what cannot be. */
#include "task/upgrade_internal.h"

#include <string.h>

#include "base/auto.h"

static bool check_version(const struct upgrade_account *a, struct error *err)
{
	const struct migrations *m = &a->upgrade->migrations;
	const char *newest = m->steps[m->count - 1].version;
	const struct model_state *s = a->state;
	AUTO_FREE char *statement = NULL;

	switch (s->kind) {
	case MODEL_NO_VERSION:
		return true;
	case MODEL_VERSION:
		if (s->number <= m->steps[m->count - 1].number)
			return true;
		error_set(err, ERROR_DATA,
			  "its version %s is newer than %s, the newest that is known",
			  s->version, newest);
		return error_hint(err, "upgrade it with a newer metamodel");
	case MODEL_BROKEN:
		statement = model_set_version_statement(s, newest);
		error_set(err, ERROR_DATA, "%s", s->problem);
		return error_hint(err, "if it is at %s, say so: %s;", newest, statement);
	case MODEL_UNREADABLE:
		return error_set(err, ERROR_SERVER, "%s", s->problem);
	}
	return false;
}

static bool check_account(const struct upgrade_account *a, struct error *err)
{
	const struct model_state *s = a->state;

	if (!a->place->is_registered && !(s && s->looks_like_account))
		return error_set(err, ERROR_DATA, "Account %s does not exist.",
				 a->place->name);
	if (!a->node)
		return error_set(err, ERROR_DATA, "%s", a->place->problem);
	if (!s) {
		*err = a->node->farm_node->error;
		return false;
	}
	if (!s->has_schema && !upgrade_is_global(a)) {
		error_set(err, ERROR_DATA,
			  "the account is registered, but has no schema");
		return error_hint(err,
				  "restore it, or delete its row in _global._accounts");
	}
	return check_version(a, err);
}

bool upgrade_plan_account(struct upgrade_account *a)
{
	struct upgrade *u = a->upgrade;
	const struct model_state *s = a->state;

	a->plan.first = s->kind == MODEL_VERSION
				? migrations_first_after(&u->migrations, s->number)
				: 0;
	a->plan.end = u->end;
	if (a->plan.first < a->plan.end)
		return true;
	a->progress = ACCOUNT_CURRENT;
	return false;
}

void upgrade_log_current(const struct upgrade_account *a)
{
	if (upgrade_is_global(a))
		log_info(a->upgrade->opts.log, "Global metamodel is up to date.");
	else
		log_info(a->upgrade->opts.log, "Account %s is up to date.",
			 a->state->name);
}

static bool is_wanted(const struct upgrade *u, const struct upgrade_account *a)
{
	const struct strvec *wanted = &u->opts.conf->accounts;

	if (!wanted->count || !upgrade_is_global(a) ||
	    (a->state && !a->state->has_schema))
		return true;
	for (size_t i = 0; i < wanted->count; i++)
		if (!strcmp(wanted->v[i], a->place->name))
			return true;
	return false;
}

/* _global comes before all others: without it nothing else is begun. */
bool upgrade_has_global_failed(const struct upgrade *u)
{
	return u->account_count && upgrade_is_global(&u->accounts[0]) &&
	       u->accounts[0].error;
}

enum step_result upgrade_global_failed(struct upgrade *u)
{
	error_set(&u->error, ERROR_DATA, "_global could not be upgraded: no account was");
	return STEP_FAIL;
}

enum step_result upgrade_enter_plan(struct upgrade *u)
{
	bool is_dry = u->opts.conf->dry_run;

	for (size_t i = 0; i < u->account_count; i++) {
		struct upgrade_account *a = &u->accounts[i];
		const struct model_state *s = a->state;
		struct error err;

		if (!is_wanted(u, a)) {
			a->progress = ACCOUNT_CURRENT;
			a->is_unasked = true;
			u->finished++;
			continue;
		}
		if (!check_account(a, &err)) {
			upgrade_account_failed(a, "plan", &err);
			u->finished++;
			continue;
		}
		if (!a->place->is_registered)
			log_warning(u->opts.log,
				    "account %s is not registered in _global._accounts",
				    s->name);
		if (!upgrade_plan_account(a))
			u->finished++;
		if (a->progress == ACCOUNT_CURRENT && (is_dry || upgrade_is_global(a)))
			upgrade_log_current(a);
		else if (is_dry)
			log_info(u->opts.log, "Would upgrade %s%s from %s to %s.",
				 upgrade_is_global(a) ? "global metamodel" : "account ",
				 upgrade_is_global(a) ? "" : s->name,
				 s->version ? s->version : "nil",
				 u->migrations.steps[u->end - 1].version);
	}
	return upgrade_has_global_failed(u) ? upgrade_global_failed(u) : STEP_NEXT;
}

/* ---- unregistered: where there was no _global, nobody is ---- */

static void on_lookalikes(void *owner, const struct strvec *names,
			  const struct error *err)
{
	struct upgrade *u = owner;

	if (err && !u->is_cancelled)
		u->error = *err;
	for (size_t i = 0; i < names->count; i++) {
		AUTO_FREE char *statement = model_register_statement(names->v[i]);

		log_failure(u->opts.log,
			    "Schema %s looks like an account. To register it: %s",
			    names->v[i], statement);
	}
	upgrade_move(u, err ? STEP_FAIL : STEP_NEXT);
}

enum step_result upgrade_enter_unregistered(struct upgrade *u)
{
	const struct upgrade_account *global = &u->accounts[0];

	if (!global->state || global->state->has_schema)
		return STEP_NEXT;
	log_failure(u->opts.log, "WARNING!!! You need to upgrade every user account in "
				 "your system manually.");
	model_list_lookalikes(global->node->farm_node->node, on_lookalikes, u);
	return STEP_WAIT;
}
