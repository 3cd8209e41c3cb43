/* SPDX-License-Identifier: PostgreSQL */
/* The plan: what is to be done for each account, and what cannot be. */
#include "task/upgrade/internal.h"

#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "catalog/grants.h"
#include "task/trust.h"
#include "product/product.h"

static bool check_version(const struct upgrade_account *a, struct error *err)
{
	const struct migrations *m = &a->upgrade->migrations;
	const char *newest = m->steps[m->count - 1].version;
	const struct catalog_state *s = a->state;
	AUTO_FREE char *statement = NULL;

	switch (s->kind) {
	case CATALOG_NO_VERSION:
		return true;
	case CATALOG_VERSION:
		if (s->number <= m->steps[m->count - 1].number)
			return true;
		error_set(err, ERROR_DATA,
			  "its version %s is newer than %s, the newest that is known",
			  s->version, newest);
		return error_hint(err, "upgrade it with a newer metamodel");
	case CATALOG_BROKEN:
		statement = catalog_set_version_statement(s, newest);
		error_set(err, ERROR_DATA, "%s", s->problem);
		return error_hint(err, "if it is at %s, say so: %s;", newest, statement);
	case CATALOG_UNREADABLE:
		error_set(err, ERROR_SERVER, "%s", s->problem);
		if (s->is_forbidden)
			grants_hint_upgrade(a->node->farm_node->session, s, err);
		return false;
	}
	return false;
}

static bool check_account(const struct upgrade_account *a, struct error *err)
{
	const struct catalog_state *s = a->state;

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

/* Of an account that there is something to do for. */
static bool check_trust(const struct upgrade_account *a, struct error *err)
{
	const struct upgrade_node *n = a->node;

	if (n->trust_error.kind == ERROR_NONE)
		return trust_check(&n->trust, a->place->name, "upgrade", err);
	*err = n->trust_error;
	return false;
}

bool upgrade_plan_account(struct upgrade_account *a)
{
	struct upgrade *u = a->upgrade;
	const struct catalog_state *s = a->state;

	a->plan.first = s->kind == CATALOG_VERSION
				? migrations_first_after(&u->migrations, s->number)
				: 0;
	a->plan.end = migrations_transaction_end(&u->migrations, a->plan.level,
						 a->plan.first, u->end);
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

/* The dry run: "agentzh: version 0.002 -> 0.009, 7 steps", and which with --verbose. */
static void tell_account(const struct upgrade_account *a)
{
	const struct upgrade *u = a->upgrade;
	const struct catalog_state *s = a->state;
	const struct migration *steps = u->migrations.steps;
	AUTO_STRBUF struct strbuf list = { 0 };

	if (a->progress == ACCOUNT_CURRENT) {
		log_info(u->opts.log, "%s: version %s, up to date", s->name,
			 s->version ? s->version : "nil");
		return;
	}
	log_info(u->opts.log, "%s: version %s -> %s, %zu step%s", s->name,
		 s->version ? s->version : "nil", steps[u->end - 1].version,
		 u->end - a->plan.first, u->end - a->plan.first == 1 ? "" : "s");
	if (u->opts.log->level < LOG_DEBUG)
		return;
	for (size_t i = a->plan.first; i < u->end; i++)
		strbuf_add_format(&list, "%s%s", i > a->plan.first ? ", " : "",
				  steps[i].version);
	log_info(u->opts.log, "    steps: %s", list.buf);
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

enum step_result upgrade_enter_plan(void *owner)
{
	struct upgrade *u = owner;
	bool is_dry = u->opts.conf->dry_run;

	u->is_planned = true;
	for (size_t i = 0; i < u->account_count; i++) {
		struct upgrade_account *a = &u->accounts[i];
		const struct catalog_state *s = a->state;
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
		else if (!check_trust(a, &err)) {
			upgrade_account_failed(a, "plan", &err);
			u->finished++;
			continue;
		}
		if (is_dry)
			tell_account(a);
		else if (a->progress == ACCOUNT_CURRENT && upgrade_is_global(a))
			upgrade_log_current(a);
	}
	return upgrade_has_global_failed(u) ? upgrade_global_failed(u) : STEP_NEXT;
}

/* ---- strangers: _global is not made in a database of others ---- */

static bool is_global_new(const struct upgrade *u)
{
	const struct upgrade_account *global = &u->accounts[0];

	return u->account_count && upgrade_is_global(global) && global->state &&
	       !global->state->has_schema;
}

static void on_strangers(void *owner, const struct strvec *strangers,
			 const struct error *err)
{
	struct upgrade *u = owner;

	if (err && !u->machine.is_cancelled)
		u->error = *err;
	if (err || !strangers->count) {
		machine_move(&u->machine,
			     err || u->machine.is_cancelled ? STEP_FAIL : STEP_NEXT);
		return;
	}
	run_set_no_accounts(u->farm, &u->error);
	for (size_t i = 0; i < strangers->count; i++) {
		error_append(&u->error, i ? "\n" : ", and holds what is not ours:\n");
		error_append(&u->error, strangers->v[i]);
	}
	error_hint(&u->error,
		   "is it the database of an OpenResty server? Name that with "
		   "--dbname. If this one is to become it: CREATE SCHEMA " PRODUCT_GLOBAL
		   ", and upgrade again");
	machine_move(&u->machine, STEP_FAIL);
}

enum step_result upgrade_enter_strangers(void *owner)
{
	struct upgrade *u = owner;

	if (u->farm->has_proxy || !is_global_new(u))
		return STEP_NEXT;
	catalog_list_strangers(u->accounts[0].node->farm_node->session, on_strangers, u);
	return STEP_WAIT;
}

/* ---- trust: whose are they ---- */

static void on_trust(void *owner, struct catalog_trust *trust, const struct error *err)
{
	struct upgrade_node *n = owner;
	struct upgrade *u = n->upgrade;

	n->trust = *trust;
	if (err)
		n->trust_error = *err;
	if (--u->asking == 0)
		machine_move(&u->machine,
			     u->machine.is_cancelled ? STEP_FAIL : STEP_NEXT);
}

static void ask_trust(struct upgrade_node *n, const struct strvec *names)
{
	const struct strvec no_owners = { 0 };

	catalog_ask_trust(n->farm_node->session, names, &no_owners, on_trust, n);
}

enum step_result upgrade_enter_trust(void *owner)
{
	struct upgrade *u = owner;

	return u->opts.conf->as_superuser ? STEP_NEXT : upgrade_ask_nodes(u, ask_trust);
}

/* ---- unregistered: where there was no _global, nobody is ---- */

static void on_lookalikes(void *owner, const struct strvec *names,
			  const struct error *err)
{
	struct upgrade *u = owner;

	if (err && !u->machine.is_cancelled)
		u->error = *err;
	for (size_t i = 0; i < names->count; i++) {
		AUTO_FREE char *statement = catalog_register_statement(names->v[i]);

		log_failure(u->opts.log,
			    "Schema %s looks like an account. To register it: %s",
			    names->v[i], statement);
	}
	machine_move(&u->machine, err ? STEP_FAIL : STEP_NEXT);
}

enum step_result upgrade_enter_unregistered(void *owner)
{
	struct upgrade *u = owner;
	const struct upgrade_account *global = &u->accounts[0];

	if (!is_global_new(u))
		return STEP_NEXT;
	log_failure(u->opts.log, "WARNING!!! You need to upgrade every user account in "
				 "your system manually.");
	catalog_list_lookalikes(global->node->farm_node->session, on_lookalikes, u);
	return STEP_WAIT;
}
