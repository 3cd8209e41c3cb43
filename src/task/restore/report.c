/* SPDX-License-Identifier: PostgreSQL */
#include "task/restore/internal.h"

#include "base/str.h"

static void report_account(const struct restore_account *a, struct report *out)
{
	struct report_account *entry = report_add(out, a->place->name);
	bool is_restored = a->progress == ACCOUNT_RESTORED;

	entry->node = a->node ? xstrdup(a->node->farm_node->name) : NULL;
	entry->error = a->error ? xstrdup(a->error) : NULL;
	entry->version = a->dump.version ? xstrdup(a->dump.version) : NULL;
	entry->tables = a->dump.facts.tables;
	entry->rows = a->dump.facts.rows;
	entry->size_bytes = a->dump.facts.size_bytes;
	entry->elapsed_ms = a->elapsed_ms;
	entry->destroyed =
		is_restored && a->plan->outsiders ? xstrdup(a->plan->outsiders) : NULL;
	if (a->error)
		entry->outcome = "failed";
	else if (a->restore->opts.conf->dry_run)
		entry->outcome = "planned";
	else if (a->progress == ACCOUNT_REHEARSED)
		entry->outcome = "rehearsed";
	else
		entry->outcome = is_restored ? "restored" : "unchanged";
}

/* Registered accounts that the save does not hold. */
static size_t count_others(const struct restore *r)
{
	size_t count = 0;

	if (r->opts.conf->accounts.count || !r->accounts)
		return 0;
	for (size_t i = 0; i < r->farm->registered.count; i++)
		count += !farm_find(r->farm, r->farm->registered.v[i]);
	return count;
}

void restore_report(const struct restore *r, struct report *out)
{
	size_t restored = 0, touched = 0, failed = 0;

	for (size_t i = 0; i < r->account_count; i++) {
		const struct restore_account *a = &r->accounts[i];

		restored += a->progress == ACCOUNT_RESTORED ||
			    a->progress == ACCOUNT_REHEARSED;
		touched += a->progress != ACCOUNT_AS_BEFORE;
		failed += a->error != NULL;
		report_account(a, out);
	}
	out->others = count_others(r);
	out->error = r->error;
	out->signal_number = r->signal_number;
	if (r->opts.conf->dry_run && !r->machine.has_failed)
		restored = touched = r->account_count - failed;
	if (r->machine.has_failed || r->signal_number || (failed && !restored))
		out->result = touched ? REPORT_PARTLY : REPORT_FAILED;
	else
		out->result = failed ? REPORT_PARTLY : REPORT_DONE;
}
