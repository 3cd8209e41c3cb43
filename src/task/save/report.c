/* SPDX-License-Identifier: PostgreSQL */
/*
 * The result for an account depends on the end of the run: a good dump is worth nothing
 * if the save was not swapped in. So nothing is reported before that is known.
 */
#include "task/save/report.h"

#include "base/str.h"
#include "task/save/account.h"

static bool is_carried(const struct save *save, const struct save_account *account)
{
	return manifest_find(&save->carry.carried, account->place->name);
}

static const char *outcome_of(const struct save *save, const struct save_account *account)
{
	switch (account->state) {
	case ACCOUNT_PENDING:
		return save->opts.conf->dry_run ? "planned" : "not started";
	case ACCOUNT_DUMPED:
		return save->is_swapped ? "saved" : "discarded";
	case ACCOUNT_FAILED:
		return save->is_swapped && is_carried(save, account) ? "stale" : "failed";
	case ACCOUNT_MISSING:
		return "missing";
	case ACCOUNT_STOPPED:
		break;
	}
	return "not started";
}

static void add_account(const struct save_account *account, struct report *report)
{
	const struct save *save = account->save;
	const struct save_facts *facts = &account->facts;
	struct report_account *out = report_add(report, account->place->name);

	out->outcome = outcome_of(save, account);
	out->node = account->node ? xstrdup(account->node->farm_node->name) : NULL;
	out->error = account->error ? xstrdup(account->error) : NULL;
	out->version = facts->version ? xstrdup(facts->version) : NULL;
	out->tables = facts->tables;
	out->rows = facts->rows;
	out->size_bytes = facts->size_bytes;
	out->is_unchanged = facts->is_unchanged && save->is_swapped;
	out->elapsed_ms = account->elapsed_ms;
	out->is_kept = account->state == ACCOUNT_FAILED && save->is_swapped &&
		       is_carried(save, account);
}

static void add_lost(const struct strvec *lost, struct report *report)
{
	for (size_t i = 0; i < lost->count; i++) {
		struct report_account *out = report_add(report, lost->v[i]);

		out->outcome = "failed";
		out->error = xstrdup("no save holds a good dump of it");
	}
}

/* The number of dumps carried over for accounts that were not asked for. */
static size_t count_others(const struct save *save)
{
	size_t others = save->carry.carried.entry_count;

	for (size_t i = 0; i < save->accounts.count; i++) {
		const struct save_account *account = &save->accounts.list[i];

		others -= account->state == ACCOUNT_FAILED && is_carried(save, account);
	}
	return others;
}

void save_report_fill(const struct save *save, struct report *report)
{
	const struct save_accounts *accounts = &save->accounts;
	size_t failed = save_accounts_count(save, ACCOUNT_FAILED);
	bool is_dry = save->opts.conf->dry_run;

	for (size_t i = 0; i < accounts->count; i++)
		add_account(&accounts->list[i], report);
	if (save->is_swapped)
		add_lost(&save->carry.lost, report);
	report->others = count_others(save);
	report->error = save->error;
	report->signal_number = save->signal_number;
	if (save->machine.has_failed)
		report->result = save->is_swapped ? REPORT_PARTLY : REPORT_FAILED;
	else if (failed || save->carry.lost.count)
		report->result = is_dry && failed == accounts->count ? REPORT_FAILED
								     : REPORT_PARTLY;
}
