/* SPDX-License-Identifier: PostgreSQL */
/*
 * How psql ended is only a rumour: what became of its transaction is in the server's
 * words.
 */
#include "task/restore_internal.h"

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

/* It was told how it ended. */
static void end(struct restore_account *a)
{
	restore_set_problem(a, NULL);
	worklist_end(&a->item);
}

static bool retry(struct restore_account *a)
{
	const char *words = a->problem->text;

	if (is_lock_trouble(words) ? ++a->lock_retries > LOCK_RETRIES
				   : !pg_is_transient(words))
		return false;
	if (!worklist_retry(&a->item))
		return false;
	a->progress = ACCOUNT_AS_BEFORE;
	words += strcspn(words, "\n"); /* how psql ended; its own words are below */
	words += *words == '\n';
	log_warning(a->restore->opts.log, "[%s restore] to be tried again: %.*s",
		    a->plan->name, (int)strcspn(words, "\n"), words);
	return true;
}

static void on_rolled_back(struct restore_account *a)
{
	struct error err;

	if (!a->problem) {
		error_set(&err, ERROR_CHILD,
			  "psql exited with status 0, but committed nothing");
		restore_set_problem(a, &err);
	} else if (retry(a)) {
		return;
	}
	restore_load_failed(a, a->problem);
	end(a);
}

static void on_committed(struct restore_account *a)
{
	struct restore *r = a->restore;
	struct error err;

	if (a->is_dump_changed) {
		error_set(&err, ERROR_DATA,
			  "the dump was changed while it was loaded, and the account is "
			  "as that says");
		error_hint(&err, "restore it again");
		restore_account_failed(a, "restore", &err);
	} else {
		a->progress = ACCOUNT_RESTORED;
		if (a->problem)
			log_warning(r->opts.log, "[%s restore] after its COMMIT %.*s",
				    a->plan->name, (int)strcspn(a->problem->text, "\n"),
				    a->problem->text);
	}
	restore_count_account(r);
	end(a);
}

/* The server did not say what became of it. */
static void on_unknown(struct restore_account *a)
{
	const struct restore_node *n = a->node;
	const char *why = restore_node_is_lost(n) ? n->farm_node->error.text
						  : "its session does not end";
	struct error err;

	if (!a->problem)
		error_set(&err, ERROR_SERVER,
			  "it was restored, but whether that is on the server's disk is "
			  "not known: %s",
			  why);
	else
		error_set(&err, ERROR_SERVER, "whether it was restored is not known: %s",
			  why);
	error_hint(&err, "see the server's log; when it is back, restore it again");
	restore_account_failed(a, "restore", &err);
	restore_count_account(a->restore);
	end(a);
}

static void on_settled(void *owner, const enum model_outcome *outcomes,
		       const struct error *err)
{
	struct restore_node *n = owner;
	struct restore_account *next = n->asked;

	n->asked = NULL;
	if (n->patience)
		timer_cancel(n->patience);
	n->patience = NULL;
	if (err && !restore_node_is_lost(n)) {
		farm_node_failed(n->farm_node, err);
		restore_node_lost(n);
	}
	for (size_t i = 0; next; i++) {
		struct restore_account *a = next;
		enum model_outcome outcome = err ? MODEL_UNKNOWN : outcomes[i];

		next = a->next;
		if (outcome == MODEL_COMMITTED) {
			on_committed(a);
		} else if (outcome == MODEL_ROLLED_BACK) {
			on_rolled_back(a);
		} else if (outcome == MODEL_RUNNING && a->questions < MOST_QUESTIONS) {
			a->next = n->ended;
			n->ended = a;
		} else {
			on_unknown(a);
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
	for (struct restore_account *a = n->asked; a; a = a->next) {
		a->questions++;
		strvec_push(&transactions, a->transaction);
	}
	model_settle(n->farm_node->node, &transactions, on_settled, n);
	if (n->restore->is_cancelled)
		hurry(n);
}

void restore_settle(struct restore_account *a)
{
	if (!a->transaction) { /* it has sent nothing before it says which */
		on_rolled_back(a);
		return;
	}
	a->progress = ACCOUNT_IN_DOUBT;
	a->questions = 0;
	a->next = a->node->ended;
	a->node->ended = a;
	ask(a->node);
}
