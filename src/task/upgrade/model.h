/* SPDX-License-Identifier: PostgreSQL */
/* The tenants of a model as accounts of an upgrade: which steps each has already. */
#ifndef TASK_UPGRADE_MODEL_H
#define TASK_UPGRADE_MODEL_H

#include "catalog/steps.h"
#include "task/upgrade/account.h"

/*
 * Set the states of those accounts whose steps were read, each of which becomes an
 * element of *out.
 * Ownership: the caller releases *out, which must live as long as the accounts.
 */
void upgrade_model_found(struct upgrade_accounts *accounts,
			 const struct steps_found *found, struct catalog_states *out);

#endif
