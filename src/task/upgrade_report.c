/* SPDX-License-Identifier: PostgreSQL */
/* What became of each account, and what to do about those that failed. */
#include "task/upgrade_internal.h"

#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "tree/savedir.h"

static void report_account(struct upgrade_account *a, struct report *out)
{
	static const char *const outcomes[] = {
		[ACCOUNT_WAITING] = "unchanged", [ACCOUNT_CURRENT] = "current",
		[ACCOUNT_RUNNING] = "unchanged", [ACCOUNT_COMMITTED] = "failed",
		[ACCOUNT_UPGRADED] = "upgraded", [ACCOUNT_FAILED] = "failed",
	};
	const struct upgrade *u = a->upgrade;
	struct report_account *entry = report_add(out, a->place->name);
	bool is_planned = u->opts.conf->dry_run && a->progress == ACCOUNT_WAITING;
	bool is_upgraded = a->progress == ACCOUNT_UPGRADED;

	entry->node = a->place->node ? xstrdup(a->place->node->name) : NULL;
	entry->outcome = is_planned ? "planned" : outcomes[a->progress];
	entry->error = a->error ? xstrdup(a->error) : NULL;
	entry->from = a->from ? xstrdup(a->from) : NULL;
	if (is_planned || is_upgraded)
		entry->version = xstrdup(u->migrations.steps[u->end - 1].version);
	else if (a->state && a->state->version)
		entry->version = xstrdup(a->state->version);
	entry->elapsed_ms = a->elapsed_ms;
}

/* Of those that failed, the ones in the save, each behind a blank. */
static char *list_saved(const struct upgrade *u, const struct strvec *saved)
{
	struct strbuf out = { 0 };

	strbuf_add(&out, "", 0);
	for (size_t i = 0; i < u->account_count; i++) {
		const struct upgrade_account *a = &u->accounts[i];

		if (!a->error || !strvec_has(saved, a->place->name))
			continue;
		strbuf_add_char(&out, ' ');
		strbuf_add_shell_word(&out, a->place->name);
	}
	return strbuf_detach(&out);
}

static bool is_account(const struct upgrade_account *a)
{
	return a->place->is_registered || (a->state && a->state->looks_like_account);
}

/* How to put those that failed back, if that is wanted. */
static char *advise(const struct upgrade *u)
{
	AUTO_STRVEC struct strvec saved = { 0 };
	AUTO_FREE char *names = NULL;
	struct strbuf out = { 0 };
	bool has_failed = false;
	struct savedir save;
	struct error err;

	for (size_t i = 0; i < u->account_count; i++)
		has_failed |= u->accounts[i].error && is_account(&u->accounts[i]);
	if (!has_failed || u->opts.conf->dry_run ||
	    !savedir_open(u->opts.conf->directory, &save, &err))
		return NULL;
	savedir_list_accounts(&save, &saved);
	savedir_release(&save);
	strvec_sort(&saved);
	names = list_saved(u, &saved);
	if (*names) {
		strbuf_add_str(&out, "to put them back: ");
		run_add_command(&u->opts, "restore", &out);
		strbuf_add_format(&out, " --%s", names);
	} else if (!saved.count) {
		strbuf_add_str(&out,
			       "take a save first next time: metamodel upgrade --save");
	}
	return out.length ? strbuf_detach(&out) : NULL;
}

void upgrade_fill_report(struct upgrade *u, struct report *out)
{
	size_t done = 0, failed = 0;

	for (size_t i = 0; i < u->account_count; i++) {
		struct upgrade_account *a = &u->accounts[i];

		if (a->progress == ACCOUNT_COMMITTED) {
			struct error err = a->node->farm_node->error;

			error_prefix(&err, "it was upgraded, but it is not known whether "
					   "that is on the server's disk");
			upgrade_account_failed(a, "flush", &err);
		}
		done += a->progress == ACCOUNT_UPGRADED;
		failed += a->error != NULL;
		if (!a->is_unasked)
			report_account(a, out);
	}
	out->error = u->error;
	out->signal_number = u->signal_number;
	for (size_t i = 0; i < out->count; i++) /* there was nothing to lose */
		done += !strcmp(out->accounts[i].outcome, "current") ||
			!strcmp(out->accounts[i].outcome, "planned");
	if (u->state == UPGRADE_FAILED || u->signal_number || (failed && !done))
		out->result = done ? REPORT_PARTLY : REPORT_FAILED;
	else
		out->result = failed ? REPORT_PARTLY : REPORT_DONE;
	if (failed)
		out->advice = advise(u);
}
