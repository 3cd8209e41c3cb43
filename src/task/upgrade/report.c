/* SPDX-License-Identifier: PostgreSQL */
/*
 * Nothing is decided here: the steps before have decided about each account. The run
 * counts as partly done as soon as one account was changed or had nothing to lose.
 */
#include "task/upgrade/report.h"

#include <string.h>

#include "base/str.h"
#include "task/upgrade/advice.h"

/* The version after the upgrade, which may be only planned. Ownership: the caller
 * frees. */
static char *format_target(const struct upgrade_account *account)
{
	if (!account->done)
		return xstrdup(upgrade_target_version(account->accounts->target));
	return upgrade_account_format_steps(account,
					    upgrade_account_count_steps(account));
}

static void report_account(const struct upgrade_account *account, bool is_planned,
			   struct report *out)
{
	static const char *const outcomes[] = {
		[ACCOUNT_WAITING] = "unchanged", [ACCOUNT_CURRENT] = "current",
		[ACCOUNT_RUNNING] = "unchanged", [ACCOUNT_COMMITTED] = "failed",
		[ACCOUNT_UPGRADED] = "upgraded", [ACCOUNT_FAILED] = "failed",
	};
	const struct farm_account *place = account->place;
	struct report_account *entry = report_add(out, place->name);
	bool is_upgraded = account->progress == ACCOUNT_UPGRADED;

	is_planned &= account->progress == ACCOUNT_WAITING;
	entry->node = place->node ? xstrdup(place->node->name) : NULL;
	entry->outcome = is_planned ? "planned" : outcomes[account->progress];
	entry->error = account->error ? xstrdup(account->error) : NULL;
	entry->from = account->from ? xstrdup(account->from) : NULL;
	if (is_planned || is_upgraded)
		entry->version = format_target(account);
	else if (account->state && account->state->version)
		entry->version = xstrdup(account->state->version);
	entry->elapsed_ms = account->work.elapsed_ms;
}

void upgrade_report_fill(const struct upgrade_accounts *accounts, bool is_planned,
			 bool has_failed, struct report *out)
{
	size_t done = 0, failed = 0;

	for (size_t i = 0; i < accounts->count; i++) {
		const struct upgrade_account *account = &accounts->list[i];

		done += account->progress == ACCOUNT_UPGRADED || account->is_partly_done;
		failed += account->error != NULL;
		if (!account->is_unasked)
			report_account(account, is_planned, out);
	}
	for (size_t i = 0; i < out->count; i++) /* there was nothing to lose */
		done += !strcmp(out->accounts[i].outcome, "current") ||
			!strcmp(out->accounts[i].outcome, "planned");
	if (has_failed || out->signal_number || (failed && !done))
		out->result = done ? REPORT_PARTLY : REPORT_FAILED;
	else
		out->result = failed ? REPORT_PARTLY : REPORT_DONE;
	if (failed)
		out->advice = upgrade_advise(accounts);
}
