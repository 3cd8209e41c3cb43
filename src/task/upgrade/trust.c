/* SPDX-License-Identifier: PostgreSQL */
/*
 * A step of an upgrade fires triggers and calls functions that the account's owner may
 * have defined, with the privileges of the role that upgrades. So this is checked before
 * anything runs.
 */
#include "task/upgrade/trust.h"

#include <stdlib.h>

#include "base/auto.h"
#include "base/str.h"
#include "task/trust.h"

struct trust_node {
	struct upgrade_trust *trust;
	struct catalog_trust found;
	struct error error; /* why the node could not say */
};

static void on_trust(void *owner, struct catalog_trust *found, const struct error *err)
{
	struct trust_node *node = owner;

	node->found = *found;
	if (err)
		node->error = *err;
	upgrade_round_answered(&node->trust->round);
}

static void ask(void *asker, struct farm_node *place)
{
	struct upgrade_trust *trust = asker;
	struct trust_node *node = &trust->nodes[place->index];
	const struct strvec no_owners = { 0 };
	AUTO_STRVEC struct strvec names = { 0 };

	node->trust = trust;
	farm_list(trust->accounts->farm, place, &names);
	catalog_ask_trust(place->session, &names, &no_owners, on_trust, node);
}

bool upgrade_trust_start(struct upgrade_trust *trust, struct upgrade_accounts *accounts,
			 void (*done)(void *owner), void *owner)
{
	*trust = (struct upgrade_trust){
		.accounts = accounts,
		.round = { .ask = ask, .asker = trust, .done = done, .owner = owner },
		.nodes = xcalloc(accounts->farm->node_count + 1, sizeof(*trust->nodes)),
	};
	if (accounts->opts->conf->as_superuser)
		return false;
	return upgrade_round_start(&trust->round, accounts->farm);
}

bool upgrade_trust_check(const struct upgrade_trust *trust,
			 const struct upgrade_account *account, struct error *err)
{
	const struct trust_node *node = &trust->nodes[account->place->node->index];

	if (node->error.kind == ERROR_NONE)
		return trust_check(&node->found, account->place->name, "upgrade", err);
	*err = node->error;
	return false;
}

void upgrade_trust_release(struct upgrade_trust *trust)
{
	for (size_t i = 0; trust->nodes && i < trust->accounts->farm->node_count; i++)
		catalog_trust_release(&trust->nodes[i].found);
	free(trust->nodes);
	*trust = (struct upgrade_trust){ 0 };
}
