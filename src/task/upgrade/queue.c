/* SPDX-License-Identifier: PostgreSQL */
/*
 * Nodes differ in speed and in their number of accounts. So no account is given to a lane
 * before its turn, and a lane that has finished moves to a node where work is left. The
 * search for the next account continues after the last one, since there may be ten
 * thousand.
 */
#include "task/upgrade/queue.h"

#include <stdlib.h>

#include "base/str.h"
#include "task/upgrade/plan.h"

void upgrade_queue_init(struct upgrade_queue *queue, struct upgrade_accounts *accounts,
			const struct machine *machine)
{
	const struct farm *farm = accounts->farm;

	*queue = (struct upgrade_queue){
		.accounts = accounts,
		.machine = machine,
		.nodes = xcalloc(farm->node_count + 1, sizeof(*queue->nodes)),
	};
	for (size_t i = 0; i < farm->node_count; i++)
		queue->nodes[i].place = farm->nodes[i];
}

void upgrade_queue_release(struct upgrade_queue *queue)
{
	free(queue->nodes);
	*queue = (struct upgrade_queue){ 0 };
}

static struct queue_node *node_of(const struct upgrade_queue *queue,
				  const struct upgrade_account *account)
{
	return &queue->nodes[account->place->node->index];
}

void upgrade_queue_measure(struct upgrade_queue *queue)
{
	const struct upgrade_accounts *accounts = queue->accounts;
	size_t node_count = accounts->farm->node_count;

	for (size_t i = 0; i < node_count; i++)
		queue->nodes[i].next = queue->nodes[i].waiting = 0;
	for (size_t i = 0; i < accounts->count; i++)
		if (accounts->list[i].progress == ACCOUNT_WAITING)
			node_of(queue, &accounts->list[i])->waiting++;
	for (size_t i = 0; i < node_count; i++) {
		struct queue_node *node = &queue->nodes[i];

		if (node->waiting)
			node->jobs = run_choose_node_jobs(accounts->opts,
							  node->place->session);
	}
}

bool upgrade_queue_is_open(const struct upgrade_queue *queue,
			   const struct queue_node *node)
{
	return !upgrade_accounts_are_closed(queue->accounts) &&
	       !queue->machine->is_cancelled && node->place->error.kind == ERROR_NONE;
}

struct upgrade_account *upgrade_queue_find(struct upgrade_queue *queue,
					   struct queue_node *node, bool is_global)
{
	struct upgrade_accounts *accounts = queue->accounts;
	size_t limit = is_global ? 1 : accounts->count;

	for (; node->next < limit && upgrade_queue_is_open(queue, node); node->next++) {
		struct upgrade_account *account = &accounts->list[node->next];

		if (account->place->node != node->place ||
		    account->progress != ACCOUNT_WAITING)
			continue;
		if (upgrade_plan_account(account))
			return account;
		/* somebody else has upgraded it meanwhile */
		upgrade_plan_log_current(account);
		upgrade_accounts_tell_progress(accounts);
	}
	return NULL;
}

struct upgrade_account *upgrade_queue_take(struct upgrade_queue *queue,
					   struct queue_node *node, bool is_global)
{
	struct upgrade_account *account = upgrade_queue_find(queue, node, is_global);

	if (account)
		node->next++;
	return account;
}

void upgrade_queue_put_back(struct upgrade_queue *queue,
			    const struct upgrade_account *account)
{
	struct queue_node *node = node_of(queue, account);
	size_t index = (size_t)(account - queue->accounts->list);

	if (index < node->next)
		node->next = index;
}

struct queue_node *upgrade_queue_find_node(struct upgrade_queue *queue,
					   const struct queue_node *besides)
{
	for (size_t i = 0; i < queue->accounts->farm->node_count; i++) {
		struct queue_node *node = &queue->nodes[i];

		if (node != besides && node->lanes < node->jobs &&
		    upgrade_queue_find(queue, node, false))
			return node;
	}
	return NULL;
}

bool upgrade_queue_has_room(const struct queue_node *node)
{
	return node->lanes < node->jobs && node->lanes < node->waiting;
}

void upgrade_queue_enter(struct queue_node *node)
{
	node->lanes++;
}

void upgrade_queue_leave(struct queue_node *node)
{
	node->lanes--;
}

void upgrade_queue_note_error(struct queue_node *node, const struct error *err)
{
	node->lane_error = *err;
}

void upgrade_queue_fail_waiting(struct upgrade_queue *queue)
{
	struct upgrade_accounts *accounts = queue->accounts;

	for (size_t i = 0; i < accounts->count; i++) {
		struct upgrade_account *account = &accounts->list[i];
		const struct queue_node *node;
		bool is_broken;

		if (account->progress != ACCOUNT_WAITING)
			continue;
		node = node_of(queue, account);
		is_broken = node->place->error.kind != ERROR_NONE;
		if (is_broken || !upgrade_accounts_are_closed(accounts))
			upgrade_account_fail(account, "upgrade",
					     is_broken ? &node->place->error
						       : &node->lane_error);
	}
}
