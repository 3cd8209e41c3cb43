/* SPDX-License-Identifier: PostgreSQL */
/*
 * An account that failed is as it was before. Restoring it would gain nothing and lose
 * what was written since the save, so the advice is to upgrade it again. A restore is
 * mentioned only if some accounts were changed and others failed, and only if there is a
 * save of this database.
 */
#include "task/upgrade/advice.h"

#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "task/way_back.h"

static bool has_failed(const struct upgrade_account *account)
{
	return account->error &&
	       (account->place->is_registered || upgrade_account_is_global(account) ||
		(account->state && account->state->looks_like_account));
}

static bool is_changed(const struct upgrade_account *account)
{
	return account->progress == ACCOUNT_UPGRADED || account->is_partly_done;
}

static size_t count(const struct upgrade_accounts *accounts,
		    bool (*is)(const struct upgrade_account *account))
{
	size_t found = 0;

	for (size_t i = 0; i < accounts->count; i++)
		found += is(&accounts->list[i]);
	return found;
}

static void add_option(struct strbuf *out, const char *option, const char *value)
{
	if (!value)
		return;
	strbuf_add_format(out, " %s ", option);
	strbuf_add_shell_word(out, value);
}

/* Name the accounts if they are few; otherwise repeat the original command, which skips
 * those that are already current. */
static void add_again(const struct upgrade_accounts *accounts, struct strbuf *out)
{
	const struct conf *conf = accounts->opts->conf;
	bool is_named =
		conf->accounts.count || !upgrade_accounts_has_global_failed(accounts);

	run_add_command(accounts->opts, "upgrade", out);
	add_option(out, "--migrations", conf->migrations);
	add_option(out, "--to", conf->to);
	if (!is_named || count(accounts, has_failed) > WAY_BACK_MOST_NAMES)
		return;
	strbuf_add_str(out, " --");
	for (size_t i = 0; i < accounts->count; i++) {
		if (!has_failed(&accounts->list[i]))
			continue;
		strbuf_add_char(out, ' ');
		strbuf_add_shell_word(out, accounts->list[i].place->name);
	}
}

static void advise_again(const struct upgrade_accounts *accounts, struct strbuf *out)
{
	bool is_model = accounts->opts->conf->product.is_model;
	const char *noun = accounts->opts->conf->product.noun;
	bool is_in_doubt = false, is_partly_done = false;

	for (size_t i = 0; i < accounts->count; i++) {
		is_in_doubt |=
			has_failed(&accounts->list[i]) && accounts->list[i].is_in_doubt;
		is_partly_done |= has_failed(&accounts->list[i]) &&
				  accounts->list[i].is_partly_done;
	}
	if (is_in_doubt)
		strbuf_add_format(
			out,
			"an%s whose outcome is not known may be upgraded, any other that "
			"failed is as it was before",
			is_model ? "y tenant" : " account");
	else
		strbuf_add_format(out, "the %ss that failed are as they were before",
				  noun);
	if (is_partly_done)
		strbuf_add_str(out, " the step that failed");
	strbuf_add_str(out, "; fix the cause and upgrade them again: ");
	add_again(accounts, out);
}

static void advise_back(const struct upgrade_accounts *accounts, struct strbuf *out)
{
	bool is_model = accounts->opts->conf->product.is_model;
	AUTO_STRVEC struct strvec names = { 0 };

	for (size_t i = 0; i < accounts->count; i++)
		if (is_changed(&accounts->list[i]))
			strvec_push(&names, accounts->list[i].place->name);
	(void)way_back_add(accounts->opts, accounts->farm, &names,
			   is_model ? "only to restore the changed tenants"
				    : "only to restore the changed accounts",
			   out);
}

char *upgrade_advise(const struct upgrade_accounts *accounts)
{
	bool is_stuck = accounts->opts->conf->fail_fast;
	struct strbuf out = { 0 };

	if (accounts->opts->conf->dry_run || !count(accounts, has_failed))
		return NULL;
	advise_again(accounts, &out);
	for (size_t i = 0; i < accounts->count; i++)
		is_stuck |= accounts->list[i].error && accounts->list[i].is_partly_done;
	if (is_stuck)
		advise_back(accounts, &out);
	return strbuf_detach(&out);
}
