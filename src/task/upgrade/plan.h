/* SPDX-License-Identifier: PostgreSQL */
/* What has to be done for each account, and which accounts cannot be upgraded. Needs no
 * server. */
#ifndef TASK_UPGRADE_PLAN_H
#define TASK_UPGRADE_PLAN_H

#include "task/upgrade/account.h"
#include "task/upgrade/trust.h"

/*
 * Decide for each account whether it fails, is current, or waits with its first `plan`.
 * With --dry-run, print that.
 */
void upgrade_plan_all(struct upgrade_accounts *accounts,
		      const struct upgrade_trust *trust);

/*
 * Plan the steps of one account from its present version, as far as one transaction goes.
 * Returns false if there is nothing to do: it is current.
 */
bool upgrade_plan_account(struct upgrade_account *account);

/* Log that there is nothing to do. */
void upgrade_plan_log_current(const struct upgrade_account *account);

#endif
