/* SPDX-License-Identifier: PostgreSQL */
/* The version of each account, read from all nodes at the same time. */
#ifndef TASK_UPGRADE_STATES_H
#define TASK_UPGRADE_STATES_H

#include "task/upgrade/account.h"
#include "task/upgrade/round.h"

/* All zero is empty. */
struct upgrade_states {
	struct upgrade_accounts *accounts;
	struct upgrade_round round;
	struct states_node *nodes; /* of the farm, in its order */
	struct error error;        /* of a model: the query is wrong */
};

/*
 * Set the `state` of each account that can be read; a node that fails gets an `error`.
 * With a model, `error` is set instead. `done` is called later, unless this returns false: there was no node to ask.
 * Ownership: the states live until upgrade_states_release(); *accounts must live as long.
 */
MUST_CHECK bool upgrade_states_start(struct upgrade_states *states,
				     struct upgrade_accounts *accounts,
				     void (*done)(void *owner), void *owner);
void upgrade_states_release(struct upgrade_states *states);

#endif
