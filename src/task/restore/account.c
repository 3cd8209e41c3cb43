/* SPDX-License-Identifier: PostgreSQL */
/* Every step may find a reason why an account cannot be restored. All of them report it
 * here, so that each account has one reason, which is logged once. */
#include "task/restore/account.h"

#include <stdlib.h>

#include "base/str.h"

void restore_accounts_make(struct restore *restore)
{
	const struct farm *farm = restore->farm;
	struct restore_accounts *accounts = &restore->accounts;

	accounts->count = farm->account_count;
	accounts->list = xcalloc(accounts->count + 1, sizeof(*accounts->list));
	for (size_t i = 0; i < accounts->count; i++) {
		const struct farm_account *place = &farm->accounts[i];

		accounts->list[i] = (struct restore_account){
			.restore = restore,
			.place = place,
			.node = place->node ? &restore->nodes.list[place->node->index]
					    : NULL,
			.dump.fd = -1,
		};
	}
}

void restore_accounts_release(struct restore *restore)
{
	struct restore_accounts *accounts = &restore->accounts;

	for (size_t i = 0; i < accounts->count; i++) {
		stored_dump_release(&accounts->list[i].dump);
		free(accounts->list[i].problem);
		free(accounts->list[i].error);
	}
	free(accounts->list);
	failures_release(&accounts->failures);
}

struct restore_account *restore_account_require(const struct restore *restore,
						const char *name)
{
	const struct farm *farm = restore->farm;

	return &restore->accounts.list[farm_find(farm, name) - farm->accounts];
}

void restore_account_fail(struct restore_account *account, const char *step,
			  const struct error *err)
{
	struct restore *restore = account->restore;

	if (account->error)
		return;
	account->error = xstrdup(err->text);
	run_log_failure(&restore->opts, account->place, step, err,
			&restore->accounts.failures);
}

struct restore_account *restore_account_next(const struct restore_node *node,
					     const struct restore_account *account)
{
	struct restore_accounts *accounts = &node->restore->accounts;

	for (size_t i = account ? (size_t)(account - accounts->list) + 1 : 0;
	     i < accounts->count; i++)
		if (accounts->list[i].node == node &&
		    restore_account_is_planned(&accounts->list[i]))
			return &accounts->list[i];
	return NULL;
}

void restore_accounts_count(const struct restore *restore, struct restore_counts *out)
{
	*out = (struct restore_counts){ 0 };
	for (size_t i = 0; i < restore->accounts.count; i++) {
		const struct restore_account *account = &restore->accounts.list[i];

		out->failed += account->error != NULL;
		out->restored += account->progress == RESTORE_RESTORED ||
				 account->progress == RESTORE_REHEARSED;
		out->touched += account->progress != RESTORE_AS_BEFORE;
	}
}
