/* SPDX-License-Identifier: PostgreSQL */
/* The transaction of one account in the session of a lane, and how it ends. */
#include "task/upgrade/lane.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "catalog/grants.h"
#include "product/version.h"

enum { LOCK_RETRIES = 3, CANCEL_GRACE_MS = 5000 };

static void stop_deadline(struct lane *l)
{
	if (l->deadline)
		timer_cancel(l->deadline);
	l->deadline = NULL;
}

static void let_go(struct lane *l, enum account_progress progress)
{
	struct upgrade_account *a = l->account;
	struct upgrade *u = l->u;

	a->progress = progress;
	a->elapsed_ms += loop_now_ms() - a->started_ms;
	l->account = NULL;
	l->is_committing = false;
	stop_deadline(l);
	free(l->script);
	l->script = NULL;
	if (progress != ACCOUNT_WAITING)
		u->opts.progress(u->opts.owner, ++u->finished, u->account_count);
	else if ((size_t)(a - u->accounts) < a->node->next)
		a->node->next = (size_t)(a - u->accounts); /* it is looked for again */
}

/* ---- the account failed ---- */

/* Is it to be tried again: somebody else was in the way, or was quicker? */
static bool is_to_retry(struct upgrade_account *a, const struct pg_failure *failure,
			const struct error *err)
{
	static const char *const passing[] = { "55P03", "40P01", "40001",
					       CATALOG_VERSION_CHANGED };

	if (a->upgrade->machine.is_cancelled)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(passing); i++)
		if (!strcmp(failure->sqlstate, passing[i]) &&
		    ++a->retries <= LOCK_RETRIES) {
			log_warning(a->upgrade->opts.log,
				    "[%s upgrade] to be tried again: %.*s",
				    a->state->name, (int)strcspn(err->text, "\n"),
				    err->text);
			return true;
		}
	return false;
}

static void fail_account(struct lane *l, const struct error *err)
{
	struct upgrade *u = l->u;
	const struct error late = {
		.kind = ERROR_SERVER,
		.text = "it took longer than --timeout allows",
	};
	const struct error *node_error = &l->on->farm_node->error;
	struct error described = l->is_late                       ? late
				 : node_error->kind != ERROR_NONE ? *node_error
								  : *err;

	if (l->is_committing) {
		l->account->is_in_doubt = true;
		error_prefix(&described, "it is not known whether it was upgraded");
		error_hint(&described, "upgrade again: what is done is not done twice");
	} else if (!described.hint[0] && l->account->is_partly_done) {
		error_hint(&described,
			   "the account is at %s, which an earlier step committed",
			   l->account->state->version);
	} else if (!described.hint[0]) {
		error_hint(&described, "the account is as it was before");
	}
	if (!u->machine.is_cancelled || l->is_committing)
		upgrade_account_failed(l->account, "upgrade", &described);
	let_go(l, l->account->error ? ACCOUNT_FAILED : ACCOUNT_WAITING);
}

static void on_rolled_back(void *owner, const struct pg_result *result,
			   const struct error *err)
{
	struct lane *l = owner;

	(void)result;
	if (!l->session)
		return; /* it was let go of */
	if (err)
		lane_renew(l, err);
	else
		lane_go_on(l);
}

static void roll_back(struct lane *l)
{
	pgconn_query(session_conn(l->session), "ROLLBACK", NULL, 0, on_rolled_back, l);
}

/* The version that somebody else made of it meanwhile. */
static void replan(struct upgrade_account *a, const char *found)
{
	struct catalog_state *s = a->state;
	AUTO_FREE char *line = xstrndup(found, strcspn(found, "\n"));
	const char *words = strrchr(line, ' ');

	words = words ? words + 1 : line; /* behind "ERROR:  " */
	free(s->version);
	s->kind = strcmp(words, "nil") ? CATALOG_VERSION : CATALOG_NO_VERSION;
	s->version = s->kind == CATALOG_VERSION ? xstrdup(words) : NULL;
	if (!version_parse(words, &s->number))
		s->number = 0;
}

/* The server's words, with what they mean here. */
static void describe(const struct lane *l, const struct pg_failure *failure,
		     struct error *err)
{
	if (!l->is_committing)
		catalog_upgrade_locate(&l->account->plan, l->script, failure, err);
	if (!strcmp(failure->sqlstate, "55P03") && !err->hint[0])
		error_hint(err, "another session holds a lock on it (see pg_locks): "
				"raise --lock-wait, or try at another time");
	if (!strcmp(failure->sqlstate, CATALOG_FORBIDDEN) && !err->hint[0])
		grants_hint_upgrade(l->session, l->account->state, err);
}

static void on_failed(struct lane *l, const struct error *err)
{
	const struct pg_failure *failure = pgconn_failure(session_conn(l->session));
	struct error described = *err;
	bool is_rolled_back;

	if (!failure->sqlstate[0]) {
		farm_name_error(l->on->farm_node, &described);
		fail_account(l, &described);
		lane_renew(l, &described);
		return;
	}
	is_rolled_back = l->is_committing;
	l->is_committing = false; /* the server said no */
	if (is_to_retry(l->account, failure, err)) {
		if (!strcmp(failure->sqlstate, CATALOG_VERSION_CHANGED))
			replan(l->account, err->text);
		let_go(l, ACCOUNT_WAITING);
	} else {
		describe(l, failure, &described);
		fail_account(l, &described);
	}
	if (is_rolled_back)
		lane_go_on(l);
	else
		roll_back(l);
}

/* ---- the account succeeded ---- */

/* A step asked for a COMMIT: what comes next is another transaction, from the version
 * that the account has now. */
static void note_part(struct upgrade_account *a)
{
	const struct migration *last = &a->upgrade->migrations.steps[a->plan.end - 1];
	struct catalog_state *s = a->state;

	free(s->version);
	s->kind = CATALOG_VERSION;
	s->has_schema = true;
	s->version = xstrdup(last->version);
	s->number = last->number;
	a->is_partly_done = true;
	a->retries = 0;
	log_info(a->upgrade->opts.log, "%s%s is committed at %s, and goes on.",
		 upgrade_is_global(a) ? "Global metamodel" : "Account ",
		 upgrade_is_global(a) ? "" : s->name, s->version);
}

static void on_committed(void *owner, const struct pg_result *result,
			 const struct error *err)
{
	struct lane *l = owner;

	(void)result;
	if (!l->session)
		return;
	if (err) {
		on_failed(l, err);
		return;
	}
	if (upgrade_has_more(l->account)) {
		note_part(l->account);
		let_go(l, ACCOUNT_WAITING);
	} else {
		let_go(l, ACCOUNT_COMMITTED);
	}
	lane_go_on(l);
}

/* Only now is the COMMIT sent: should we end before, the server rolls back. */
static void on_script_done(void *owner, const struct pg_result *result,
			   const struct error *err)
{
	const struct error ended = { .kind = ERROR_SERVER, .text = "cancelled" };
	struct lane *l = owner;

	(void)result;
	if (!l->session)
		return;
	if (err) {
		on_failed(l, err);
	} else if (l->is_ending) {
		fail_account(l, &ended);
		roll_back(l);
	} else {
		l->is_committing = true;
		pgconn_query(session_conn(l->session), "COMMIT", NULL, 0, on_committed,
			     l);
	}
}

/* ---- ending it early ---- */

/* The server does not answer. */
static void on_grace_over(void *owner)
{
	const struct error silent = { .kind = ERROR_SERVER,
				      .text = "the server does not answer" };
	struct lane *l = owner;

	l->deadline = NULL;
	fail_account(l, &silent);
	lane_renew(l, &silent);
}

void lane_end_account(struct lane *l)
{
	bool is_again = l->is_ending;

	l->is_ending = true;
	stop_deadline(l);
	if (!is_again && !l->is_committing)
		pgconn_cancel(session_conn(l->session));
	l->deadline = timer_start(l->u->opts.loop, is_again ? 0 : CANCEL_GRACE_MS,
				  on_grace_over, l);
}

static void on_late(void *owner)
{
	struct lane *l = owner;

	l->deadline = NULL;
	l->is_late = true;
	lane_end_account(l);
}

/* ---- beginning ---- */

static void announce(const struct upgrade_account *a)
{
	const struct upgrade *u = a->upgrade;
	const char *from = a->state->version ? a->state->version : "nil";
	bool is_global = a->plan.level == MIGRATION_GLOBAL;

	for (size_t i = a->plan.first; i < a->plan.end; i++) {
		const char *to = u->migrations.steps[i].version;

		log_info(u->opts.log, "Upgrading %s%s from %s to %s...",
			 is_global ? "global metamodel" : "account ",
			 is_global ? "" : a->state->name, from, to);
		from = to;
	}
}

void lane_begin(struct lane *l, struct upgrade_account *a)
{
	struct upgrade *u = l->u;
	uint64_t timeout_s = u->opts.conf->timeout_s;

	l->account = a;
	l->is_late = l->is_ending = false;
	a->progress = ACCOUNT_RUNNING;
	a->started_ms = loop_now_ms();
	if (!a->retries)
		announce(a);
	l->script = catalog_upgrade_script(&a->plan, a->state);
	if (timeout_s)
		l->deadline = timer_start(u->opts.loop, timeout_s * 1000, on_late, l);
	pgconn_script(session_conn(l->session), l->script, on_script_done, l);
}
