/* SPDX-License-Identifier: PostgreSQL */
/*
 * The last lines of an upgrade that failed for some accounts. Those are as they were
 * before: nothing is to be put back, and what was written to them since a save would be
 * lost by it. So they are to be upgraded again. To put back is only spoken of where some
 * were changed and others not as was wanted, and only by a save of this database.
 */
#include "task/upgrade/internal.h"

#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "task/origin.h"
#include "store/savedir.h"

enum { MOST_NAMES = 50 }; /* of accounts in a command */

static bool has_failed(const struct upgrade_account *a)
{
	return a->error && (a->place->is_registered || upgrade_is_global(a) ||
			    (a->state && a->state->looks_like_account));
}

static bool is_changed(const struct upgrade_account *a)
{
	return a->progress == ACCOUNT_UPGRADED || a->is_partly_done;
}

static size_t count(const struct upgrade *u, bool (*is)(const struct upgrade_account *a))
{
	size_t found = 0;

	for (size_t i = 0; i < u->account_count; i++)
		found += is(&u->accounts[i]);
	return found;
}

static void add_option(struct strbuf *out, const char *option, const char *value)
{
	if (!value)
		return;
	strbuf_add_format(out, " %s ", option);
	strbuf_add_shell_word(out, value);
}

/* Few by their names; otherwise as it was asked for: what is done is not done twice. */
static void add_again(const struct upgrade *u, struct strbuf *out)
{
	const struct conf *conf = u->opts.conf;
	bool is_named = conf->accounts.count || !upgrade_has_global_failed(u);

	run_add_command(&u->opts, "upgrade", out);
	add_option(out, "--migrations", conf->migrations);
	add_option(out, "--to", conf->to);
	if (!is_named || count(u, has_failed) > MOST_NAMES)
		return;
	strbuf_add_str(out, " --");
	for (size_t i = 0; i < u->account_count; i++) {
		if (!has_failed(&u->accounts[i]))
			continue;
		strbuf_add_char(out, ' ');
		strbuf_add_shell_word(out, u->accounts[i].place->name);
	}
}

static void advise_again(const struct upgrade *u, struct strbuf *out)
{
	bool is_in_doubt = false, is_partly_done = false;

	for (size_t i = 0; i < u->account_count; i++) {
		is_in_doubt |= has_failed(&u->accounts[i]) && u->accounts[i].is_in_doubt;
		is_partly_done |=
			has_failed(&u->accounts[i]) && u->accounts[i].is_partly_done;
	}
	if (is_in_doubt)
		strbuf_add_str(out,
			       "an account whose end is not known may be upgraded, any "
			       "other that failed is as it was before");
	else
		strbuf_add_str(out, "the accounts that failed are as they were before");
	if (is_partly_done)
		strbuf_add_str(out, " the step that failed");
	strbuf_add_str(out, "; when the cause is mended, upgrade them again: ");
	add_again(u, out);
}

/* Of the accounts that were changed, the names in the save, and when it was made. */
static size_t list_changed(const struct upgrade *u, const struct manifest *save,
			   struct strbuf *names, const char **first, const char **last)
{
	size_t found = 0;

	for (size_t i = 0; i < u->account_count; i++) {
		const struct upgrade_account *a = &u->accounts[i];
		const struct manifest_entry *e = manifest_find(save, a->place->name);

		if (!e || !is_changed(a))
			continue;
		if (!found || strcmp(e->saved_at, *first) < 0)
			*first = e->saved_at;
		if (!found || strcmp(e->saved_at, *last) > 0)
			*last = e->saved_at;
		found++;
		strbuf_add_char(names, ' ');
		strbuf_add_shell_word(names, a->place->name);
	}
	return found;
}

static void advise_back(const struct upgrade *u, const struct savedir *save,
			struct strbuf *out)
{
	AUTO_STRBUF struct strbuf names = { 0 };
	const char *first = "", *last = "";
	struct origin origin;
	size_t found;

	origin_compare(&save->manifest, u->farm, &origin);
	if (origin.verdict != ORIGIN_SAME)
		return;
	found = list_changed(u, &save->manifest, &names, &first, &last);
	if (!found || found > MOST_NAMES)
		return;
	strbuf_add_format(out,
			  "\nonly if the accounts that were changed are to be as they "
			  "were saved at %s%s%s again, which loses what was written "
			  "since: ",
			  first, strcmp(first, last) ? " to " : "",
			  strcmp(first, last) ? last : "");
	run_add_command(&u->opts, "restore", out);
	strbuf_add_format(out, " --%s", names.buf);
}

char *upgrade_advise(const struct upgrade *u)
{
	bool is_stuck = u->opts.conf->fail_fast;
	struct strbuf out = { 0 };
	struct savedir save;
	struct error ignored;

	if (u->opts.conf->dry_run || !count(u, has_failed))
		return NULL;
	advise_again(u, &out);
	for (size_t i = 0; i < u->account_count; i++)
		is_stuck |= u->accounts[i].error && u->accounts[i].is_partly_done;
	if (is_stuck && count(u, is_changed) &&
	    savedir_open(u->opts.conf->directory, &save, &ignored)) {
		advise_back(u, &save, &out);
		savedir_release(&save);
	}
	return strbuf_detach(&out);
}
