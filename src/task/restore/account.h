/* SPDX-License-Identifier: PostgreSQL */
/*
 * The accounts of a restore: which there are, which have failed and why, and how many
 * have come how far. Nothing else fails an account.
 */
#ifndef TASK_RESTORE_ACCOUNT_H
#define TASK_RESTORE_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "task/restore/state.h"

struct restore_counts {
	size_t failed;
	size_t restored; /* or rehearsed */
	size_t touched;  /* may have been changed; includes rehearsed ones */
};

/* Make one for each account of the farm, with its node and nothing else. Call
 * restore_nodes_make() first. */
void restore_accounts_make(struct restore *restore);
void restore_accounts_release(struct restore *restore);

/* `name` must be an account of the farm. */
struct restore_account *restore_account_require(const struct restore *restore,
						const char *name);

/* Note and log why an account failed, as failures_add() does. Only the first reason is
 * kept and logged. */
void restore_account_fail(struct restore_account *account, const char *step,
			  const struct error *err);

/* Is it still to be restored? */
static inline bool restore_account_is_planned(const struct restore_account *account)
{
	return !account->error && account->plan;
}

/* The next account of a node after `account` (NULL: the first one) that is still to be
 * restored; NULL if there is none. */
struct restore_account *restore_account_next(const struct restore_node *node,
					     const struct restore_account *account);

/* Count the accounts as they are now; nothing is cached. */
void restore_accounts_count(const struct restore *restore, struct restore_counts *out);

#endif
