/* SPDX-License-Identifier: PostgreSQL */
/* Whose code an upgrade would run as a superuser, asked of all nodes at the same time. */
#ifndef TASK_UPGRADE_TRUST_H
#define TASK_UPGRADE_TRUST_H

#include "task/upgrade/account.h"
#include "task/upgrade/round.h"

/* All zero is empty. */
struct upgrade_trust {
	struct upgrade_accounts *accounts;
	struct upgrade_round round;
	struct trust_node *nodes; /* of the farm, in its order */
};

/*
 * Ask about all accounts. `done` is called later, unless this returns false: there was no
 * node to ask. With --as-superuser, no node is asked.
 * Ownership: the answers live until upgrade_trust_release(); *accounts must live as long.
 */
MUST_CHECK bool upgrade_trust_start(struct upgrade_trust *trust,
				    struct upgrade_accounts *accounts,
				    void (*done)(void *owner), void *owner);
void upgrade_trust_release(struct upgrade_trust *trust);

/*
 * May the account be upgraded?
 * Errors: ERROR_DATA, or the reason why its node could not say.
 */
MUST_CHECK bool upgrade_trust_check(const struct upgrade_trust *trust,
				    const struct upgrade_account *account,
				    struct error *err);

#endif
