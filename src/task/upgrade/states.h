/* SPDX-License-Identifier: PostgreSQL */
/* At which version each account is: read from its node, all nodes side by side. */
#ifndef TASK_UPGRADE_STATES_H
#define TASK_UPGRADE_STATES_H

#include "task/upgrade/account.h"
#include "task/upgrade/round.h"

/* All zero is empty. */
struct upgrade_states {
	struct upgrade_accounts *accounts;
	struct upgrade_round round;
	struct states_node *nodes; /* of the farm, in its order */
};

/*
 * Set the `state` of each account that is known; a node that fails gets an `error`. `done`
 * follows, unless false: there was nobody to ask.
 * Ownership: the states live until upgrade_states_release(), as *accounts must.
 */
MUST_CHECK bool upgrade_states_start(struct upgrade_states *states,
				     struct upgrade_accounts *accounts,
				     void (*done)(void *owner), void *owner);
void upgrade_states_release(struct upgrade_states *states);

#endif
