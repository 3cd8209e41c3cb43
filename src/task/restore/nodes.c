/* SPDX-License-Identifier: PostgreSQL */
/* Almost everything that a restore has to know before it begins is one query to each
 * node. All steps ask through this file, so that none counts answers itself. */
#include "task/restore/nodes.h"

#include <stdlib.h>

#include "base/str.h"
#include "pg/pgconn.h"
#include "pg/pgresult.h"

void restore_nodes_make(struct restore *restore)
{
	struct restore_nodes *nodes = &restore->nodes;
	const struct farm *farm = restore->farm;

	nodes->count = farm->node_count;
	nodes->list = xcalloc(nodes->count + 1, sizeof(*nodes->list));
	for (size_t i = 0; i < nodes->count; i++)
		nodes->list[i] = (struct restore_node){ .restore = restore,
							.farm_node = farm->nodes[i] };
}

void restore_nodes_release(struct restore *restore)
{
	struct restore_nodes *nodes = &restore->nodes;

	for (size_t i = 0; i < nodes->count; i++) {
		catalog_plans_free(nodes->list[i].plans, nodes->list[i].plan_count);
		catalog_states_release(&nodes->list[i].states);
		childenv_release(&nodes->list[i].childenv);
	}
	free(nodes->list);
}

void restore_node_fail(struct restore_node *node, const struct error *err)
{
	if (restore_node_is_usable(node))
		farm_node_failed(node->farm_node, err);
}

void restore_node_not_known(struct restore_node *node, const char *what,
			    const struct error *why)
{
	const struct restore *restore = node->restore;
	const struct pg_failure *failure;

	if (restore->machine.is_cancelled || !restore_node_is_usable(node))
		return; /* the session may be gone */
	failure = pgconn_failure(session_conn(node->farm_node->session));
	if (failure->sqlstate[0]) /* the server refused to answer */
		log_warning(restore->opts.log, "%s is not known: %s", what, why->text);
	else /* the session is lost, perhaps with the advisory lock */
		restore_node_fail(node, why);
}

void restore_nodes_choose_jobs(struct restore *restore)
{
	for (size_t i = 0; i < restore->nodes.count; i++) {
		struct restore_node *node = &restore->nodes.list[i];

		if (restore_node_is_usable(node))
			node->jobs = run_choose_node_jobs(&restore->opts,
							  node->farm_node->session);
	}
}

/* ---- ask each node, and wait for all ---- */

static enum step_result end_question(struct restore *restore)
{
	const struct restore_question *question = restore->nodes.question;

	if (restore->machine.is_cancelled)
		return STEP_FAIL;
	return question->answered ? question->answered(restore)
				  : restore_nodes_check(restore);
}

enum step_result restore_nodes_ask(struct restore *restore,
				   const struct restore_question *question)
{
	struct restore_nodes *nodes = &restore->nodes;

	nodes->question = question;
	nodes->pending = 1; /* this call itself */
	for (size_t i = 0; i < nodes->count; i++)
		if (restore_node_is_usable(&nodes->list[i]) &&
		    question->ask(&nodes->list[i]))
			nodes->pending++;
	return --nodes->pending ? STEP_WAIT : end_question(restore);
}

void restore_nodes_answered(struct restore_node *node)
{
	struct restore *restore = node->restore;

	if (--restore->nodes.pending == 0)
		machine_move(&restore->machine, end_question(restore));
}

enum step_result restore_nodes_check(struct restore *restore)
{
	const struct restore_nodes *nodes = &restore->nodes;

	for (size_t i = 0; i < nodes->count; i++)
		if (restore_node_is_usable(&nodes->list[i]))
			return STEP_NEXT;
	if (!nodes->count)
		return STEP_NEXT;
	restore->error = nodes->list[0].farm_node->error;
	return STEP_FAIL;
}
