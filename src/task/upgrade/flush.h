/* SPDX-License-Identifier: PostgreSQL */
/* Make commits durable: one commit on each node that waits for its disk. */
#ifndef TASK_UPGRADE_FLUSH_H
#define TASK_UPGRADE_FLUSH_H

#include "task/upgrade/account.h"
#include "task/upgrade/round.h"

/* All zero is empty. */
struct upgrade_flush {
	struct upgrade_accounts *accounts;
	struct upgrade_round round;
	struct flush_node *nodes; /* of the farm, in its order */
};

/*
 * Where the flush succeeds, ACCOUNT_COMMITTED becomes ACCOUNT_UPGRADED. `done` is called
 * later, unless this returns false: there was nothing to flush.
 * Ownership: the caller releases *flush.
 */
MUST_CHECK bool upgrade_flush_start(struct upgrade_flush *flush,
				    struct upgrade_accounts *accounts,
				    void (*done)(void *owner), void *owner);
void upgrade_flush_release(struct upgrade_flush *flush);

/* The run ends here: fail the accounts that were committed but not flushed, or only
 * partly upgraded. */
void upgrade_flush_fail_rest(struct upgrade_accounts *accounts);

#endif
