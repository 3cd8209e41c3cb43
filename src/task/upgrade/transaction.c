/* SPDX-License-Identifier: PostgreSQL */
/*
 * An account must never be half upgraded, whatever dies. So its COMMIT is sent by itself,
 * after everything before it has succeeded. From then on only the server knows how it
 * ends; if it does not answer, the outcome is reported as unknown.
 */
#include "task/upgrade/transaction.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "catalog/grants.h"

enum { LOCK_RETRIES = 3, CANCEL_GRACE_MS = 5000 };

static void stop_deadline(struct transaction *transaction)
{
	if (transaction->deadline)
		timer_cancel(transaction->deadline);
	transaction->deadline = NULL;
}

/* The outcome for the account is known. */
static void settle(struct transaction *transaction, enum account_progress progress)
{
	struct upgrade_account *account = transaction->account;

	account->work.elapsed_ms += loop_now_ms() - account->work.started_ms;
	upgrade_account_set_progress(account, progress);
	if (progress != ACCOUNT_WAITING)
		upgrade_accounts_tell_progress(account->accounts);
	stop_deadline(transaction);
	free(transaction->script);
	transaction->script = NULL;
}

static void end(struct transaction *transaction, const struct error *lost)
{
	struct upgrade_account *account = transaction->account;

	transaction->state = TRANSACTION_IDLE;
	transaction->account = NULL;
	transaction->over(transaction->owner, account, lost);
}

/* ---- the account failed ---- */

/* Should it be tried again, since somebody else held a lock or changed its version? */
static bool is_to_retry(const struct transaction *transaction,
			const struct pg_failure *failure, const struct error *err)
{
	static const char *const passing[] = { "55P03", "40P01", "40001",
					       CATALOG_VERSION_CHANGED };
	struct upgrade_account *account = transaction->account;

	if (transaction->machine->is_cancelled)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(passing); i++)
		if (!strcmp(failure->sqlstate, passing[i]) &&
		    ++account->work.retries <= LOCK_RETRIES) {
			log_warning(account->accounts->opts->log,
				    "[%s upgrade] trying again: %.*s",
				    account->state->name, (int)strcspn(err->text, "\n"),
				    err->text);
			return true;
		}
	return false;
}

/* `is_committing`: it is not known whether it was committed. */
static void fail_account(struct transaction *transaction, bool is_committing,
			 const struct error *err)
{
	const struct error late = {
		.kind = ERROR_SERVER,
		.text = "it took longer than --timeout allows",
	};
	struct upgrade_account *account = transaction->account;
	const char *noun = account->accounts->opts->conf->product.noun;
	const struct error *node_error = &account->place->node->error;
	struct error described = transaction->stop == TRANSACTION_LATE ? late
				 : node_error->kind != ERROR_NONE      ? *node_error
								       : *err;

	if (transaction->machine->is_cancelled && !is_committing) {
		settle(transaction, ACCOUNT_WAITING);
		return;
	}
	if (is_committing) {
		upgrade_account_doubt(account);
		error_prefix(&described, "it is not known whether it was upgraded");
		error_hint(&described, "upgrade again: finished steps are not repeated");
	} else if (!described.hint[0] && account->is_partly_done) {
		error_hint(&described, "the %s is at %s, which an earlier step committed",
			   noun, account->state->version);
	} else if (!described.hint[0]) {
		error_hint(&described, "the %s is as it was before", noun);
	}
	upgrade_account_fail(account, "upgrade", &described);
	settle(transaction, ACCOUNT_FAILED);
}

static void on_rolled_back(void *owner, const struct pg_result *result,
			   const struct error *err)
{
	(void)result;
	end(owner, err);
}

static void roll_back(struct transaction *transaction)
{
	transaction->state = TRANSACTION_ROLLING_BACK;
	pgconn_query(session_conn(transaction->session), "ROLLBACK", NULL, 0,
		     on_rolled_back, transaction);
}

/* The message ends with the version that somebody else has set meanwhile. */
static void note_version(struct upgrade_account *account, const char *message)
{
	AUTO_FREE char *line = xstrndup(message, strcspn(message, "\n"));
	const char *word = strrchr(line, ' ');

	upgrade_account_found_version(account, word ? word + 1 : line);
}

/* The server's message, and what it means here. */
static void describe(const struct transaction *transaction, bool is_committing,
		     const struct pg_failure *failure, struct error *err)
{
	const struct upgrade_account *account = transaction->account;

	if (!is_committing)
		catalog_upgrade_locate(&account->plan, transaction->script, failure, err);
	if (!strcmp(failure->sqlstate, "55P03") && !err->hint[0])
		error_hint(err, "another session holds a lock on it (see pg_locks): "
				"raise --lock-wait, or try at another time");
	if (!strcmp(failure->sqlstate, CATALOG_FORBIDDEN) && !err->hint[0] &&
	    account->plan.model)
		error_hint(err,
			   "upgrade as the role that owns the tenant's objects (-U)");
	else if (!strcmp(failure->sqlstate, CATALOG_FORBIDDEN) && !err->hint[0])
		grants_hint_upgrade(transaction->session, account->state->owner, err);
}

/* The server reported an error, or the connection is lost. */
static void on_failed(struct transaction *transaction, const struct error *err)
{
	const struct pg_failure *failure =
		pgconn_failure(session_conn(transaction->session));
	bool is_committing = transaction->state == TRANSACTION_COMMITTING;
	struct upgrade_account *account = transaction->account;
	struct error described = *err;

	if (!failure->sqlstate[0]) {
		farm_name_error(account->place->node, &described);
		fail_account(transaction, is_committing, &described);
		end(transaction, &described);
		return;
	}
	if (is_to_retry(transaction, failure, err)) {
		if (!strcmp(failure->sqlstate, CATALOG_VERSION_CHANGED))
			note_version(account, err->text);
		settle(transaction, ACCOUNT_WAITING);
	} else {
		describe(transaction, is_committing, failure, &described);
		fail_account(transaction, false, &described);
	}
	if (is_committing) /* a failed COMMIT has rolled back */
		end(transaction, NULL);
	else
		roll_back(transaction);
}

/* ---- the account succeeded ---- */

/* A step asked for a COMMIT: the rest is another transaction, which begins at the present
 * version. */
static void note_part(struct upgrade_account *account)
{
	const struct product *product = &account->accounts->opts->conf->product;
	bool is_global = upgrade_account_is_global(account);

	upgrade_account_note_part(account);
	account->work.retries = 0;
	log_info(account->accounts->opts->log, "%s%s%s is committed at %s and continues.",
		 is_global ? "Global metamodel" : product->title, is_global ? "" : " ",
		 is_global ? "" : account->state->name, account->state->version);
}

static void on_committed(void *owner, const struct pg_result *result,
			 const struct error *err)
{
	struct transaction *transaction = owner;

	(void)result;
	if (transaction->state == TRANSACTION_IDLE)
		return; /* it was let go of */
	if (err) {
		on_failed(transaction, err);
		return;
	}
	if (upgrade_account_has_more(transaction->account)) {
		note_part(transaction->account);
		settle(transaction, ACCOUNT_WAITING);
	} else {
		settle(transaction, ACCOUNT_COMMITTED);
	}
	end(transaction, NULL);
}

/* Only now is the COMMIT sent: if this program ends before, the server rolls back. */
static void on_script_done(void *owner, const struct pg_result *result,
			   const struct error *err)
{
	const struct error ended = { .kind = ERROR_SERVER, .text = "cancelled" };
	struct transaction *transaction = owner;

	(void)result;
	if (transaction->state == TRANSACTION_IDLE)
		return; /* it was let go of */
	if (err) {
		on_failed(transaction, err);
	} else if (transaction->stop != TRANSACTION_GOES_ON) {
		fail_account(transaction, false, &ended);
		roll_back(transaction);
	} else {
		transaction->state = TRANSACTION_COMMITTING;
		pgconn_query(session_conn(transaction->session), "COMMIT", NULL, 0,
			     on_committed, transaction);
	}
}

/* ---- ending it early ---- */

/* The server did not answer in time. */
static void on_grace_over(void *owner)
{
	const struct error silent = { .kind = ERROR_SERVER,
				      .text = "the server does not answer" };
	struct transaction *transaction = owner;

	transaction->deadline = NULL;
	fail_account(transaction, transaction->state == TRANSACTION_COMMITTING, &silent);
	end(transaction, &silent);
}

static void stop(struct transaction *transaction, enum transaction_stop why)
{
	const struct upgrade_account *account = transaction->account;
	bool is_again = transaction->stop != TRANSACTION_GOES_ON;

	if (!is_again)
		transaction->stop = why;
	stop_deadline(transaction);
	if (!is_again && transaction->state == TRANSACTION_RUNNING)
		pgconn_cancel(session_conn(transaction->session));
	transaction->deadline =
		timer_start(account->accounts->opts->loop, is_again ? 0 : CANCEL_GRACE_MS,
			    on_grace_over, transaction);
}

void transaction_stop(struct transaction *transaction)
{
	switch (transaction->state) {
	case TRANSACTION_RUNNING:
	case TRANSACTION_COMMITTING:
		stop(transaction, TRANSACTION_STOPPED);
		break;
	case TRANSACTION_IDLE:
	case TRANSACTION_ROLLING_BACK:
		break;
	}
}

static void on_late(void *owner)
{
	struct transaction *transaction = owner;

	transaction->deadline = NULL;
	stop(transaction, TRANSACTION_LATE);
}

/* ---- beginning ---- */

/* With `versions = set`, the files have no versions. */
static void announce_files(const struct upgrade_account *account)
{
	const struct run_opts *opts = account->accounts->opts;
	const struct catalog_upgrade *plan = &account->plan;

	for (size_t i = plan->first; i < plan->end; i++)
		if (catalog_upgrade_includes(plan, i))
			log_info(opts->log, "Upgrading %s %s by %s...",
				 opts->conf->product.noun, account->state->name,
				 plan->migrations->steps[i].version);
}

static void announce(const struct upgrade_account *account)
{
	const struct run_opts *opts = account->accounts->opts;
	const struct migration *steps = account->plan.migrations->steps;
	const char *from = account->state->version ? account->state->version : "nil";
	bool is_global = upgrade_account_is_global(account);

	for (size_t i = account->plan.first; i < account->plan.end; i++) {
		log_info(opts->log, "Upgrading %s%s%s from %s to %s...",
			 is_global ? "global metamodel" : opts->conf->product.noun,
			 is_global ? "" : " ", is_global ? "" : account->state->name,
			 from, steps[i].version);
		from = steps[i].version;
	}
}

void transaction_begin(struct transaction *transaction, struct session *session,
		       struct upgrade_account *account)
{
	const struct run_opts *opts = account->accounts->opts;
	uint64_t timeout_ms = conf_timeout_ms(opts->conf);

	transaction->state = TRANSACTION_RUNNING;
	transaction->stop = TRANSACTION_GOES_ON;
	transaction->account = account;
	transaction->session = session;
	upgrade_account_set_progress(account, ACCOUNT_RUNNING);
	account->work.started_ms = loop_now_ms();
	if (!account->work.retries)
		(account->done ? announce_files : announce)(account);
	transaction->script = catalog_upgrade_script(&account->plan, account->state);
	if (timeout_ms)
		transaction->deadline =
			timer_start(opts->loop, timeout_ms, on_late, transaction);
	pgconn_script(session_conn(session), transaction->script, on_script_done,
		      transaction);
}
