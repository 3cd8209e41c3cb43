/* SPDX-License-Identifier: PostgreSQL */
/*
 * A dump may end alone, in a batch, or without having been started. What follows is
 * always the same, and must not be forgotten in any of these places.
 */
#include "task/save/dump_end.h"

#include <string.h>

#include "catalog/grants.h"
#include "task/save/account.h"
#include "task/save/hint.h"
#include "task/save/nodes.h"
#include "task/save/setbacks.h"
#include "task/save/staging.h"

void save_dump_end_show_progress(const struct save *save)
{
	size_t total = save->accounts.count;
	size_t done = total - save_accounts_count(save, ACCOUNT_PENDING);

	for (size_t i = 0; save->streams.running && i < save->batches.count; i++)
		done += save->batches.list[i]->ahead;
	save->opts.progress(save->opts.owner, done, total);
}

/* Searches from the end, since the last accounts are dumped last: usually the first look
 * decides. */
static bool is_pending(const struct save_queue *queue)
{
	for (size_t i = queue->count; i > 0; i--)
		if (queue->accounts[i - 1]->state == ACCOUNT_PENDING)
			return true;
	return false;
}

static void account_ended(const struct save_account *account)
{
	struct save *save = account->save;

	save_dump_end_show_progress(save);
	if (!is_pending(&account->node->queue) && !save->machine.is_cancelled)
		save->dump.node_ended(account->node);
}

void save_dump_end_good(struct save_account *account)
{
	save_account_set_dumped(account);
	save_setbacks_clear(account->node);
	account_ended(account);
}

void save_dump_end_failed(struct save_account *account, const struct error *err)
{
	const struct save_node *node = account->node;
	struct error hinted = *err;

	save_staging_discard(account);
	if (account->save->machine.is_cancelled) {
		save_account_set_stopped(account);
	} else {
		if (!hinted.hint[0] && save_node_is_usable(node) &&
		    strstr(hinted.text, "permission denied for"))
			grants_hint_dump(node->farm_node->session, account->place->name,
					 &hinted);
		save_hint_add(&hinted);
		save_account_fail(account, "dump", &hinted);
	}
	account_ended(account);
}
