/* SPDX-License-Identifier: PostgreSQL */
/*
 * What is to be done for each tenant, and what its command did: decided by its steps, not
 * by what the command says of itself.
 */
#ifndef TASK_TENANTS_JUDGE_H
#define TASK_TENANTS_JUDGE_H

#include "task/tenants/look.h"
#include "task/tenants/tenant.h"

/*
 * Before the first command: each tenant is current, waits, or has failed. The global
 * schema, of which nobody knows whether it is current, waits if it is asked for and there
 * is a command.
 */
void tenants_judge_before(struct tenants *tenants, const struct tenants_look *before);

/*
 * After the commands: what has exited is upgraded, current or failed; of what failed it is
 * known whether it has changed. With `may_go_on` tenants wait that are behind now, because
 * the commands of others made steps that nobody had.
 */
void tenants_judge_after(struct tenants *tenants, const struct tenants_look *before,
			 const struct tenants_look *after, bool may_go_on);

/* Nobody could look: what has exited has failed, and is in doubt as is what had. */
void tenants_judge_unseen(struct tenants *tenants, const struct error *why);

#endif
