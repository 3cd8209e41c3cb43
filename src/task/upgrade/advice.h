/* SPDX-License-Identifier: PostgreSQL */
/* The last lines of an upgrade in which accounts failed: what to do now. */
#ifndef TASK_UPGRADE_ADVICE_H
#define TASK_UPGRADE_ADVICE_H

#include "task/upgrade/account.h"

/*
 * One piece of advice per line; NULL if there is nothing to do. Reads the save if it
 * mentions it.
 * Ownership: the caller frees.
 */
char *upgrade_advise(const struct upgrade_accounts *accounts);

#endif
