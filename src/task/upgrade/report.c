/* SPDX-License-Identifier: PostgreSQL */
/* What became of each account, and what to do about those that failed. */
#include "task/upgrade/internal.h"

#include <string.h>

#include "base/auto.h"
#include "base/str.h"

static void report_account(struct upgrade_account *a, struct report *out)
{
	static const char *const outcomes[] = {
		[ACCOUNT_WAITING] = "unchanged", [ACCOUNT_CURRENT] = "current",
		[ACCOUNT_RUNNING] = "unchanged", [ACCOUNT_COMMITTED] = "failed",
		[ACCOUNT_UPGRADED] = "upgraded", [ACCOUNT_FAILED] = "failed",
	};
	const struct upgrade *u = a->upgrade;
	struct report_account *entry = report_add(out, a->place->name);
	bool is_planned =
		u->opts.conf->dry_run && u->is_planned && a->progress == ACCOUNT_WAITING;
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

/* The run was ended between two transactions of an account. */
static void fail_partly_done(struct upgrade_account *a)
{
	struct error err;

	error_set(&err, ERROR_DATA, "it is at %s; the steps after that were not begun",
		  a->state->version);
	error_hint(&err, "upgrade again: what is done is not done twice");
	upgrade_account_failed(a, "upgrade", &err);
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
			a->is_in_doubt = true;
			upgrade_account_failed(a, "flush", &err);
		}
		if (a->is_partly_done && !a->error && a->progress != ACCOUNT_UPGRADED &&
		    a->progress != ACCOUNT_CURRENT)
			fail_partly_done(a);
		done += a->progress == ACCOUNT_UPGRADED || a->is_partly_done;
		failed += a->error != NULL;
		if (!a->is_unasked)
			report_account(a, out);
	}
	out->error = u->error;
	out->signal_number = u->signal_number;
	for (size_t i = 0; i < out->count; i++) /* there was nothing to lose */
		done += !strcmp(out->accounts[i].outcome, "current") ||
			!strcmp(out->accounts[i].outcome, "planned");
	if (u->machine.has_failed || u->signal_number || (failed && !done))
		out->result = done ? REPORT_PARTLY : REPORT_FAILED;
	else
		out->result = failed ? REPORT_PARTLY : REPORT_DONE;
	if (failed)
		out->advice = upgrade_advise(u);
}
