/* SPDX-License-Identifier: PostgreSQL */
/* An account's result follows from its own members, however the run ended. So the report
 * is made in one place, at the end. */
#include "task/restore/report.h"

#include "base/str.h"
#include "task/restore/account.h"

static void report_account(const struct restore_account *account, struct report *out)
{
	struct report_account *entry = report_add(out, account->place->name);
	bool is_restored = account->progress == RESTORE_RESTORED;

	entry->node = account->node ? xstrdup(account->node->farm_node->name) : NULL;
	entry->error = account->error ? xstrdup(account->error) : NULL;
	entry->version = account->dump.version ? xstrdup(account->dump.version) : NULL;
	entry->tables = account->dump.facts.tables;
	entry->rows = account->dump.facts.rows;
	entry->size_bytes = account->dump.facts.size_bytes;
	entry->elapsed_ms = account->elapsed_ms;
	entry->destroyed = is_restored && account->plan->outsiders
				   ? xstrdup(account->plan->outsiders)
				   : NULL;
	if (account->error)
		entry->outcome = "failed";
	else if (account->restore->opts.conf->dry_run)
		entry->outcome = "planned";
	else if (account->progress == RESTORE_REHEARSED)
		entry->outcome = "rehearsed";
	else
		entry->outcome = is_restored ? "restored" : "unchanged";
}

/* Count the registered accounts that are not in the save. */
static size_t count_others(const struct restore *restore)
{
	size_t count = 0;

	if (restore->opts.conf->accounts.count || !restore->accounts.list)
		return 0;
	for (size_t i = 0; i < restore->farm->registered.count; i++)
		count += !farm_find(restore->farm, restore->farm->registered.v[i]);
	return count;
}

void restore_report(const struct restore *restore, struct report *out)
{
	struct restore_counts counts;

	restore_accounts_count(restore, &counts);
	for (size_t i = 0; i < restore->accounts.count; i++)
		report_account(&restore->accounts.list[i], out);
	out->others = count_others(restore);
	out->error = restore->error;
	out->signal_number = restore->signal_number;
	if (restore->opts.conf->dry_run && !restore->machine.has_failed)
		counts.restored = counts.touched =
			restore->accounts.count - counts.failed;
	if (restore->machine.has_failed || restore->signal_number ||
	    (counts.failed && !counts.restored))
		out->result = counts.touched ? REPORT_PARTLY : REPORT_FAILED;
	else
		out->result = counts.failed ? REPORT_PARTLY : REPORT_DONE;
}
