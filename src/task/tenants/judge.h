/* SPDX-License-Identifier: PostgreSQL */
/*
 * What has to be done for each tenant, and what its command did. The tenant's steps
 * decide, not what the command says.
 */
#ifndef TASK_TENANTS_JUDGE_H
#define TASK_TENANTS_JUDGE_H

#include "task/tenants/look.h"
#include "task/tenants/tenant.h"

/*
 * Before the first command: decide whether each tenant is current, waits, or has failed.
 * Whether the global schema is current is not known, so it waits if it is asked for and
 * has a command.
 */
void tenants_judge_before(struct tenants *tenants, const struct tenants_look *before);

/*
 * After the commands: decide whether each tenant that has exited is upgraded, current or
 * failed, and for those that failed whether they were changed. With `may_go_on`, tenants
 * wait that are behind now because the commands of others have made new steps.
 */
void tenants_judge_after(struct tenants *tenants, const struct tenants_look *before,
			 const struct tenants_look *after, bool may_go_on);

/* The second look failed: what has exited has failed, and all failed ones are in
 * doubt. */
void tenants_judge_unseen(struct tenants *tenants, const struct error *why);

#endif
