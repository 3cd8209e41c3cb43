/* SPDX-License-Identifier: PostgreSQL */
/* Whose code an upgrade would run as a superuser: asked of all nodes side by side. */
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
 * Ask about all accounts. `done` follows, unless false: there was nobody to ask. With
 * --as-superuser nobody is asked.
 * Ownership: what was learnt lives until upgrade_trust_release(), as *accounts must.
 */
MUST_CHECK bool upgrade_trust_start(struct upgrade_trust *trust,
				    struct upgrade_accounts *accounts,
				    void (*done)(void *owner), void *owner);
void upgrade_trust_release(struct upgrade_trust *trust);

/*
 * May the account be worked on?
 * Errors: ERROR_DATA, and why its node could not say.
 */
MUST_CHECK bool upgrade_trust_check(const struct upgrade_trust *trust,
				    const struct upgrade_account *account,
				    struct error *err);

#endif
