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
#include "task/steps.h"
#include "task/upgrade/model.h"

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

/* The steps of tenants of a model. */
static void on_steps(void *owner, struct steps_found *found, const struct error *err)
{
	struct states_node *node = owner;
	struct upgrade_states *states = node->states;

	if (err)
		states->error = *err;
	upgrade_model_found(states->accounts, found, &node->found);
	steps_release(found);
	upgrade_round_answered(&states->round);
}

/* All schemas must be read, whichever are named: if the query fails in all of them, it is
 * wrong. */
static void ask_steps(struct states_node *node)
{
	const struct upgrade_accounts *accounts = node->states->accounts;
	const struct conf *conf = accounts->opts->conf;
	AUTO_STRVEC struct strvec names = { 0 };

	steps_list_schemas(accounts->farm, &conf->product, &names);
	steps_read(node->place->session, &conf->product, &names, false,
		   conf_lock_wait_ms(conf), on_steps, node);
}

static void ask(void *asker, struct farm_node *place)
{
	struct upgrade_states *states = asker;
	const struct upgrade_accounts *accounts = states->accounts;
	struct states_node *node = &states->nodes[place->index];
	AUTO_STRVEC struct strvec names = { 0 };

	node->states = states;
	node->place = place;
	if (accounts->opts->conf->product.is_model) {
		ask_steps(node);
		return;
	}
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
