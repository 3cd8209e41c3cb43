/* SPDX-License-Identifier: PostgreSQL */
/* Only the server knows whether a transaction was committed and is on its disk. Asking
 * costs a commit, so one question covers many transactions. */
#include "task/restore/settle.h"

#include "base/auto.h"
#include "task/restore/nodes.h"

/* How often to ask about a transaction that is still running. The server pauses before
 * each answer. */
enum { MOST_QUESTIONS = 100, PATIENCE_MS = 1000 };

static void ask(struct restore_node *node);

static void on_settled(void *owner, const enum catalog_outcome *outcomes,
		       const struct error *err)
{
	struct restore_node *node = owner;
	const struct restore_settle_calls *calls = node->restore->settle_calls;
	struct restore_unit *next = node->asked;

	node->asked = NULL;
	if (node->patience)
		timer_cancel(node->patience);
	node->patience = NULL;
	if (err && restore_node_is_usable(node)) {
		restore_node_fail(node, err);
		calls->failed(node);
	}
	for (size_t i = 0; next; i++) {
		struct restore_unit *unit = next;
		enum catalog_outcome outcome = err ? CATALOG_UNKNOWN : outcomes[i];

		next = unit->next;
		if (outcome == CATALOG_RUNNING && unit->questions < MOST_QUESTIONS) {
			unit->next = node->ended;
			node->ended = unit;
		} else {
			calls->settled(unit, outcome);
		}
	}
	ask(node);
}

/* The run is to end, and the server does not answer. */
static void on_patience_over(void *owner)
{
	struct restore_node *node = owner;
	struct error err;

	node->patience = NULL;
	error_set(&err, ERROR_SIGNAL,
		  "stopped by signal %d before the server confirmed it",
		  node->restore->signal_number);
	farm_node_failed(node->farm_node, &err);
	farm_node_disconnect(
		node->farm_node); /* ends the query, whose callback goes on */
}

static void hurry(struct restore_node *node)
{
	if (node->asked && !node->patience)
		node->patience = timer_start(node->restore->opts.loop, PATIENCE_MS,
					     on_patience_over, node);
}

/* Ask about all units of the node whose psql has ended. */
static void ask(struct restore_node *node)
{
	AUTO_STRVEC struct strvec transactions = { 0 };

	if (node->asked || !node->ended)
		return;
	node->asked = node->ended;
	node->ended = NULL;
	if (!restore_node_is_usable(node)) {
		on_settled(node, NULL, &node->farm_node->error);
		return;
	}
	for (struct restore_unit *unit = node->asked; unit; unit = unit->next) {
		unit->questions++;
		strvec_push(&transactions, unit->transaction);
	}
	catalog_settle(node->farm_node->session, &transactions, on_settled, node);
	if (node->restore->machine.is_cancelled)
		hurry(node);
}

void restore_settle_begin(struct restore *restore,
			  const struct restore_settle_calls *calls)
{
	restore->settle_calls = calls;
}

void restore_settle(struct restore_unit *unit)
{
	unit->questions = 0;
	unit->next = unit->node->ended;
	unit->node->ended = unit;
	ask(unit->node);
}

void restore_settle_hurry(struct restore *restore)
{
	for (size_t i = 0; i < restore->nodes.count; i++)
		hurry(&restore->nodes.list[i]);
}
