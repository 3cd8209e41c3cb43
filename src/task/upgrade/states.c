/* SPDX-License-Identifier: PostgreSQL */
/*
 * An account cannot be planned without its version, and its owner can make reading that
 * slow: catalog_read_states() handles this. This file turns its answers, which come node
 * by node, into states of accounts.
 */
#include "task/upgrade/states.h"

#include <stdlib.h>

#include "base/auto.h"
#include "base/str.h"

struct states_node {
	struct upgrade_states *states;
	struct farm_node *place;
	struct catalog_states found;
};

static void on_states(void *owner, struct catalog_states *found, const struct error *err)
{
	struct states_node *node = owner;
	struct upgrade_states *states = node->states;
	struct error *node_error = &node->place->error;

	if (err && node_error->kind == ERROR_NONE) {
		*node_error = *err;
		farm_name_error(node->place, node_error);
	}
	node->found = *found;
	for (size_t i = 0; i < found->count; i++)
		upgrade_account_found(
			upgrade_account_find(states->accounts, found->list[i].name),
			&found->list[i]);
	upgrade_round_answered(&states->round);
}

static void ask(void *asker, struct farm_node *place)
{
	struct upgrade_states *states = asker;
	const struct upgrade_accounts *accounts = states->accounts;
	struct states_node *node = &states->nodes[place->index];
	AUTO_STRVEC struct strvec names = { 0 };

	node->states = states;
	node->place = place;
	farm_list(accounts->farm, place, &names);
	catalog_read_states(place->session, &names,
			    conf_lock_wait_ms(accounts->opts->conf), on_states, node);
}

bool upgrade_states_start(struct upgrade_states *states,
			  struct upgrade_accounts *accounts, void (*done)(void *owner),
			  void *owner)
{
	*states = (struct upgrade_states){
		.accounts = accounts,
		.round = { .ask = ask, .asker = states, .done = done, .owner = owner },
		.nodes = xcalloc(accounts->farm->node_count + 1, sizeof(*states->nodes)),
	};
	return upgrade_round_start(&states->round, accounts->farm);
}

void upgrade_states_release(struct upgrade_states *states)
{
	for (size_t i = 0; states->nodes && i < states->accounts->farm->node_count; i++)
		catalog_states_release(&states->nodes[i].found);
	free(states->nodes);
	*states = (struct upgrade_states){ 0 };
}
