/* SPDX-License-Identifier: PostgreSQL */
/* The last lines of an upgrade that failed for some accounts: what to do now. */
#ifndef TASK_UPGRADE_ADVICE_H
#define TASK_UPGRADE_ADVICE_H

#include "task/upgrade/account.h"

/*
 * A line each; NULL: there is nothing to do. Reads the save, if it speaks of it.
 * Ownership: the caller frees.
 */
char *upgrade_advise(const struct upgrade_accounts *accounts);

#endif
