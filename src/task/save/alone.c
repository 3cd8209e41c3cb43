/* SPDX-License-Identifier: PostgreSQL */
/*
 * Some accounts cannot be dumped together with others, and a few need not be. Then no
 * byte of a dump goes through this program's memory, and an error of pg_dump belongs to
 * that account.
 */
#include "task/save/alone.h"

#include "task/save/account.h"
#include "task/save/check.h"
#include "task/save/dump_end.h"
#include "task/save/setbacks.h"
#include "task/save/staging.h"

bool save_alone_prepare(struct save_batch *batch, struct child_opts *child,
			struct error *err)
{
	struct save_account *account = batch->accounts[0];

	if (!save_staging_create(account, &child->stdout_fd, err))
		return false;
	child->owns_stdout = true;
	save_account_announce(account);
	return true;
}

static void check(void *owner)
{
	struct save_batch *batch = owner;

	save_check_run(batch->accounts[0]);
}

static void on_checked(void *owner)
{
	struct save_batch *batch = owner;
	struct save_account *account = batch->accounts[0];
	struct error err;

	if (save_check_take(account, &err))
		save_dump_end_good(account);
	else
		save_dump_end_failed(account, &err);
	worklist_end(&batch->item);
}

static bool retry(struct save_batch *batch, const struct child_result *result)
{
	const struct save_account *account = batch->accounts[0];

	if (!pg_is_transient(result->messages) || !worklist_retry(&batch->item))
		return false;
	log_debug(batch->save->opts.log, "[%s dump] trying again: %s",
		  account->place->name, result->messages);
	save_staging_discard(account);
	return true;
}

void save_alone_finished(struct save_batch *batch, const struct child_result *result)
{
	const struct run_opts *opts = &batch->save->opts;
	struct save_account *account = batch->accounts[0];
	const struct farm_node *node = batch->node->farm_node;
	struct error err;

	save_account_set_elapsed(account, result->elapsed_ms);
	if (child_succeeded(result, "pg_dump", &err)) {
		run_log_messages(opts, account->place->name, "dump", result->messages);
		work_start(opts->loop, check, on_checked, batch);
	} else if (!retry(batch, result)) {
		(void)save_setbacks_add(batch->node);
		save_dump_end_failed(account, node->is_lost ? &node->error : &err);
		worklist_end(&batch->item);
	}
}
