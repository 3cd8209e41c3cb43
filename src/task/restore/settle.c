/* SPDX-License-Identifier: PostgreSQL */
/*
 * psql's exit status is not proof: what became of its transaction is in the server's
 * words.
 */
#include "task/restore/internal.h"

#include <string.h>

#include "base/auto.h"

/* Questions about a transaction that goes on; between two of them the server pauses. */
enum { LOCK_RETRIES = 3, MOST_QUESTIONS = 100, PATIENCE_MS = 1000 };

static void ask(struct restore_node *n);

/* By SQLSTATE, which is the same in every language: lock_not_available,
 * deadlock_detected. */
static bool is_lock_trouble(const char *messages)
{
	return strstr(messages, ":  55P03: ") || strstr(messages, ":  40P01: ");
}

static bool has_failed(const struct restore_unit *u)
{
	return u->outcome.kind != ERROR_NONE;
}

static void set_progress(struct restore_unit *u, enum account_progress progress)
{
	for (size_t i = 0; i < u->count; i++)
		u->accounts[i]->progress = progress;
}

static void fail_all(struct restore_unit *u, const struct error *err)
{
	for (size_t i = 0; i < u->count; i++)
		restore_account_failed(u->accounts[i], "restore", err);
}

static bool retry(struct restore_unit *u)
{
	const char *words = u->outcome.text;

	if (is_lock_trouble(words) ? ++u->lock_retries > LOCK_RETRIES
				   : !pg_is_transient(words))
		return false;
	if (!worklist_retry(&u->item))
		return false;
	set_progress(u, ACCOUNT_AS_BEFORE);
	words += strcspn(words, "\n"); /* how psql ended; its own words are below */
	words += *words == '\n';
	log_warning(u->restore->opts.log, "[%s restore] to be tried again: %.*s",
		    u->accounts[0]->plan->name, (int)strcspn(words, "\n"), words);
	return true;
}

/* As the rehearsal ends; it comes as far as that only if all was well. */
static void on_rehearsed(struct restore_unit *u)
{
	set_progress(u, ACCOUNT_REHEARSED);
	for (size_t i = 0; i < u->count; i++)
		log_info(u->restore->opts.log, "Account %s would come back.",
			 u->accounts[i]->plan->name);
	restore_count_unit(u);
	worklist_end(&u->item);
}

static void on_rolled_back(struct restore_unit *u)
{
	if (!has_failed(u) && u->restore->opts.conf->rehearse && u->transaction &&
	    u->is_fed) {
		on_rehearsed(u);
		return;
	}
	if (!has_failed(u))
		error_set(&u->outcome, ERROR_CHILD,
			  "psql exited with status 0, but committed nothing");
	else if (retry(u))
		return;
	restore_load_failed(u, &u->outcome);
	worklist_end(&u->item);
}

static void on_committed(struct restore_unit *u)
{
	struct restore *r = u->restore;
	struct error err;

	if (!u->is_fed) { /* by a program that is not psql */
		error_set(&err, ERROR_CHILD,
			  "it was committed before all of its dump was loaded");
		error_hint(&err, "restore it again");
		fail_all(u, &err);
	} else {
		set_progress(u, ACCOUNT_RESTORED);
		if (has_failed(u))
			log_warning(r->opts.log, "[%s restore] after its COMMIT %.*s",
				    u->accounts[0]->plan->name,
				    (int)strcspn(u->outcome.text, "\n"), u->outcome.text);
	}
	restore_count_unit(u);
	worklist_end(&u->item);
}

/* The server did not say what became of it. */
static void on_unknown(struct restore_unit *u)
{
	const struct restore_node *n = u->node;
	const char *why = restore_node_is_lost(n) ? n->farm_node->error.text
						  : "its session does not end";
	struct error err;

	if (!has_failed(u))
		error_set(&err, ERROR_SERVER,
			  "it was restored, but whether that is on the server's disk is "
			  "not known: %s",
			  why);
	else
		error_set(&err, ERROR_SERVER, "whether it was restored is not known: %s",
			  why);
	error_hint(&err, "see the server's log; when it is back, restore it again");
	fail_all(u, &err);
	restore_count_unit(u);
	worklist_end(&u->item);
}

static void on_settled(void *owner, const enum catalog_outcome *outcomes,
		       const struct error *err)
{
	struct restore_node *n = owner;
	struct restore_unit *next = n->asked;

	n->asked = NULL;
	if (n->patience)
		timer_cancel(n->patience);
	n->patience = NULL;
	if (err && !restore_node_is_lost(n)) {
		farm_node_failed(n->farm_node, err);
		restore_node_lost(n);
	}
	for (size_t i = 0; next; i++) {
		struct restore_unit *u = next;
		enum catalog_outcome outcome = err ? CATALOG_UNKNOWN : outcomes[i];

		next = u->next;
		if (outcome == CATALOG_COMMITTED) {
			on_committed(u);
		} else if (outcome == CATALOG_ROLLED_BACK) {
			on_rolled_back(u);
		} else if (outcome == CATALOG_RUNNING && u->questions < MOST_QUESTIONS) {
			u->next = n->ended;
			n->ended = u;
		} else {
			on_unknown(u);
		}
	}
	ask(n);
}

/* Somebody wants us to end, and the server does not answer. */
static void on_patience_over(void *owner)
{
	struct restore_node *n = owner;
	struct error err;

	n->patience = NULL;
	error_set(&err, ERROR_SIGNAL, "stopped by signal %d before the server said so",
		  n->restore->signal_number);
	farm_node_failed(n->farm_node, &err);
	farm_node_disconnect(n->farm_node); /* ends the query, whose callback goes on */
}

static void hurry(struct restore_node *n)
{
	if (n->asked && !n->patience)
		n->patience = timer_start(n->restore->opts.loop, PATIENCE_MS,
					  on_patience_over, n);
}

void restore_hurry(struct restore *r)
{
	for (size_t i = 0; i < r->farm->node_count; i++)
		hurry(&r->nodes[i]);
}

/* Ask about all of a node whose psql has ended at once. While it answers, more of them
 * gather. */
static void ask(struct restore_node *n)
{
	AUTO_STRVEC struct strvec transactions = { 0 };

	if (n->asked || !n->ended)
		return;
	n->asked = n->ended;
	n->ended = NULL;
	if (restore_node_is_lost(n)) {
		on_settled(n, NULL, &n->farm_node->error);
		return;
	}
	for (struct restore_unit *u = n->asked; u; u = u->next) {
		u->questions++;
		strvec_push(&transactions, u->transaction);
	}
	catalog_settle(n->farm_node->session, &transactions, on_settled, n);
	if (n->restore->machine.is_cancelled)
		hurry(n);
}

void restore_settle(struct restore_unit *u)
{
	if (!u->transaction) { /* it has sent nothing before it says which */
		on_rolled_back(u);
		return;
	}
	set_progress(u, ACCOUNT_IN_DOUBT);
	u->questions = 0;
	u->next = u->node->ended;
	u->node->ended = u;
	ask(u->node);
}
