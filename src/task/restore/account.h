/* SPDX-License-Identifier: PostgreSQL */
/*
 * The accounts of a restore: which there are, which of them have failed and why, and how
 * many came how far. The only place that fails one.
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
	size_t touched;  /* may not be as they were; so are those that were rehearsed */
};

/* One for each account of the farm, with its node: nothing else is known yet. After
 * restore_nodes_make(). */
void restore_accounts_make(struct restore *restore);
void restore_accounts_release(struct restore *restore);

/* The name must be that of an account of the farm. */
struct restore_account *restore_account_require(const struct restore *restore,
						const char *name);

/* Note why an account failed, and say so, as failures_add() does. The first reason stays,
 * and later ones are not told. */
void restore_account_fail(struct restore_account *account, const char *step,
			  const struct error *err);

/* Is it still to be restored? */
static inline bool restore_account_is_planned(const struct restore_account *account)
{
	return !account->error && account->plan;
}

/* The next account of a node after `account`, or the first after NULL, that is still to be
 * restored; NULL: there is none. */
struct restore_account *restore_account_next(const struct restore_node *node,
					     const struct restore_account *account);

/* As things are now: counted anew with each call. */
void restore_accounts_count(const struct restore *restore, struct restore_counts *out);

#endif
