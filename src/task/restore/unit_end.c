/* SPDX-License-Identifier: PostgreSQL */
/* psql's exit status is not proof: it can die after its COMMIT, or end well without one.
 * An account is called restored only by what the server said of its transaction. */
#include "task/restore/unit_end.h"

#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "pg/pgconn.h"
#include "task/restore/account.h"
#include "task/restore/hint.h"
#include "task/restore/nodes.h"

enum { LOCK_RETRIES = 3 };

static bool has_failed(const struct restore_unit *unit)
{
	return unit->outcome.kind != ERROR_NONE;
}

static void set_progress(struct restore_unit *unit, enum restore_progress progress)
{
	for (size_t i = 0; i < unit->count; i++)
		unit->accounts[i]->progress = progress;
}

static void fail_all(struct restore_unit *unit, const char *step, const struct error *err)
{
	for (size_t i = 0; i < unit->count; i++)
		restore_account_fail(unit->accounts[i], step, err);
}

/* Count its accounts as finished. */
static void count_unit(const struct restore_unit *unit)
{
	struct restore *restore = unit->restore;

	restore->ended += unit->count;
	restore->opts.progress(restore->opts.owner, restore->ended,
			       restore->accounts.count);
}

void restore_unit_end_begin(struct restore *restore)
{
	struct restore_counts counts;

	restore_accounts_count(restore, &counts);
	restore->ended = counts.failed;
	restore->opts.progress(restore->opts.owner, 0, restore->accounts.count);
}

/* ---- nothing was committed ---- */

static void hint_load(const struct restore_unit *unit, struct error *err)
{
	const char *state = unit->count > 1
				    ? "all of these accounts are as they were before"
				    : "the account is as it was before";
	AUTO_FREE char *hint = NULL;

	if (unit->is_circular)
		error_hint(err,
			   "the dumps of these accounts depend on each other in a cycle");
	else
		restore_hint(err, unit->count > 1, unit->has_global);
	hint = xstrdup(err->hint);
	error_hint(err, "%s%s%s", state, *hint ? "; " : "", hint);
}

void restore_unit_end_failed(struct restore_unit *unit, const struct error *err)
{
	const struct restore *restore = unit->restore;
	struct error hinted = *err;

	if (restore->is_trial)
		restore_hint_trial(&hinted);
	else if (!hinted.hint[0])
		hint_load(unit, &hinted);
	set_progress(unit, RESTORE_AS_BEFORE);
	if (!restore->machine.is_cancelled)
		fail_all(unit, restore->is_trial ? "load" : "restore",
			 restore_node_is_usable(unit->node)
				 ? &hinted
				 : &unit->node->farm_node->error);
	count_unit(unit);
}

/* By SQLSTATE: lock_not_available or deadlock_detected. */
static bool is_lock_trouble(const char *messages)
{
	return strstr(messages, ":  55P03: ") || strstr(messages, ":  40P01: ");
}

static bool retry(struct restore_unit *unit)
{
	const char *words = unit->outcome.text;

	if (is_lock_trouble(words) ? ++unit->lock_retries > LOCK_RETRIES
				   : !pg_is_transient(words))
		return false;
	if (!worklist_retry(&unit->item))
		return false;
	set_progress(unit, RESTORE_AS_BEFORE);
	words += strcspn(words, "\n"); /* skip how psql ended; its own messages follow */
	words += *words == '\n';
	log_warning(unit->restore->opts.log, "[%s restore] trying again: %.*s",
		    unit->accounts[0]->plan->name, (int)strcspn(words, "\n"), words);
	return true;
}

/* The rehearsal came to its last statement, so everything before it succeeded. */
static void on_rehearsed(struct restore_unit *unit)
{
	set_progress(unit, RESTORE_REHEARSED);
	for (size_t i = 0; i < unit->count; i++)
		log_info(unit->restore->opts.log, "Account %s can be restored.",
			 unit->accounts[i]->plan->name);
	count_unit(unit);
	worklist_end(&unit->item);
}

static void on_rolled_back(struct restore_unit *unit)
{
	struct error nothing;

	if (!has_failed(unit) && unit->restore->opts.conf->rehearse &&
	    unit->transaction && unit->is_fed) {
		on_rehearsed(unit);
		return;
	}
	if (has_failed(unit) && retry(unit))
		return;
	error_set(&nothing, ERROR_CHILD,
		  "psql exited with status 0, but committed nothing");
	restore_unit_end_failed(unit, has_failed(unit) ? &unit->outcome : &nothing);
	worklist_end(&unit->item);
}

/* ---- it was committed, or its state is unknown ---- */

static void on_committed(struct restore_unit *unit)
{
	struct error err;

	if (!unit->is_fed) { /* some other program committed it */
		error_set(&err, ERROR_CHILD,
			  "it was committed before all of its dump was loaded");
		error_hint(&err, "restore it again");
		fail_all(unit, "restore", &err);
	} else {
		set_progress(unit, RESTORE_RESTORED);
		if (has_failed(unit))
			log_warning(unit->restore->opts.log,
				    "[%s restore] after its COMMIT %.*s",
				    unit->accounts[0]->plan->name,
				    (int)strcspn(unit->outcome.text, "\n"),
				    unit->outcome.text);
	}
	count_unit(unit);
	worklist_end(&unit->item);
}

/* The server did not say how the transaction ended. */
static void on_unknown(struct restore_unit *unit)
{
	const struct restore_node *node = unit->node;
	const char *why = restore_node_is_usable(node) ? "its session does not end"
						       : node->farm_node->error.text;
	struct error err;

	if (!has_failed(unit))
		error_set(&err, ERROR_SERVER,
			  "it was restored, but it is not known whether that is on the "
			  "server's disk: %s",
			  why);
	else
		error_set(&err, ERROR_SERVER,
			  "it is not known whether it was restored: %s", why);
	error_hint(&err, "see the server's log; when it is back, restore it again");
	fail_all(unit, "restore", &err);
	count_unit(unit);
	worklist_end(&unit->item);
}

void restore_unit_end_in_doubt(struct restore_unit *unit)
{
	set_progress(unit, RESTORE_IN_DOUBT);
}

void restore_unit_end_settled(struct restore_unit *unit, enum catalog_outcome outcome)
{
	switch (outcome) {
	case CATALOG_COMMITTED:
		on_committed(unit);
		return;
	case CATALOG_ROLLED_BACK:
		on_rolled_back(unit);
		return;
	case CATALOG_RUNNING:
	case CATALOG_UNKNOWN:
		on_unknown(unit);
		return;
	}
}
