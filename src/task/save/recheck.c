/* SPDX-License-Identifier: PostgreSQL */
/*
 * Snapshots do not hide TRUNCATE and some forms of ALTER TABLE: pg_dump then dumps an
 * empty table and exits with 0. So the catalogue is checked once more when the dumps have
 * ended. This is done node by node, so that a session that holds the snapshot of one node
 * does not wait for another node.
 */
#include "task/save/recheck.h"

#include "catalog/recheck.h"
#include "task/save/account.h"
#include "task/save/missing.h"
#include "task/save/staging.h"

/* The dump is not good after all. */
static void fail(struct save_account *account, const struct error *err)
{
	save_staging_discard(account); /* so that a better one can be carried over */
	save_account_fail(account, "recheck", err);
}

static void on_changed(void *owner, const char *schema, const char *why)
{
	struct save_node *node = owner;
	struct save_account *account = save_account_find(node->save, schema);
	struct error err;

	if (!account || account->node != node || account->state != ACCOUNT_DUMPED)
		return;
	error_set(&err, ERROR_DATA,
		  "%s while the account was dumped: the dump may lack rows or contain "
		  "wrong ones",
		  why);
	run_hint_command(&node->save->opts, &err, "save it again", account->place->name);
	fail(account, &err);
}

static void fail_unchecked(struct save_account *account, const struct error *err)
{
	struct error unchecked = *err;

	error_prefix(&unchecked, "it could not be checked whether a table was truncated "
				 "or changed while it was dumped");
	farm_name_error(account->node->farm_node, &unchecked);
	error_hint(&unchecked, "save again");
	fail(account, &unchecked);
}

static void end(struct save_node *node, const struct error *err)
{
	struct save *save = node->save;
	bool is_cancelled = save->machine.is_cancelled;

	for (size_t i = 0; err && !is_cancelled && i < save->accounts.count; i++) {
		struct save_account *account = &save->accounts.list[i];

		if (account->node == node && account->state == ACCOUNT_DUMPED)
			fail_unchecked(account, err);
	}
	if (--save->recheck.pending == 0 && save->recheck.is_entered)
		machine_move(&save->machine, is_cancelled ? STEP_FAIL : STEP_NEXT);
}

static void on_rechecked(void *owner, const struct error *err)
{
	end(owner, err);
}

static void on_named(struct save_node *node, const struct error *err)
{
	if (err)
		end(node, err);
	else
		recheck_start(node->farm_node->session,
			      node->save->opts.conf->product.is_whole, on_changed,
			      on_rechecked, node);
}

static bool has_dumps(const struct save_node *node)
{
	for (size_t i = 0; i < node->queue.count; i++)
		if (node->queue.accounts[i]->state == ACCOUNT_DUMPED)
			return true;
	return false;
}

void save_recheck_start(struct save_node *node)
{
	const struct save_missing_opts opts = { .node = node,
						.found = fail,
						.done = on_named };

	if (!has_dumps(node))
		return;
	node->save->recheck.pending++;
	if (!save_missing_name(&opts))
		on_named(node, NULL);
}

enum step_result save_recheck_enter(void *owner)
{
	struct save *save = owner;

	save->recheck.is_entered = true;
	return save->recheck.pending ? STEP_WAIT : STEP_NEXT;
}
