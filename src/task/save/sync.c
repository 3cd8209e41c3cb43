/* SPDX-License-Identifier: PostgreSQL */
/*
 * The system began to write each dump when it was checked, so most are on the disk by
 * now; and a file system with a journal makes many durable with one commit. So this waits
 * for a few, not for each.
 */
#include "task/save/sync.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "task/save/account.h"
#include "task/save/staging.h"

struct sync {
	struct save *save;
	struct save_account **accounts;
	char **problems; /* for each; NULL: none */
};

static void sync_dump(void *owner, size_t index)
{
	struct sync *sync = owner;
	const struct save_account *account = sync->accounts[index];
	AUTO_FREE char *file = layout_file_name(account->place->name);
	AUTO_CLOSE int fd = -1;
	struct error err;

	if (save_staging_open(account, &fd, &err)) {
		if (!fsync(fd))
			return;
		error_set(&err, ERROR_SYSTEM, "fsync: %s", strerror(errno));
	}
	sync->problems[index] = str_format("%s: %s", file, err.text);
}

static void on_synced(void *owner, size_t index)
{
	struct sync *sync = owner;
	struct save_account *account = sync->accounts[index];
	struct error err;

	if (!sync->problems[index])
		return;
	error_set(&err, ERROR_SYSTEM, "%s", sync->problems[index]);
	save_staging_discard(account);
	save_account_fail(account, "dump", &err);
	free(sync->problems[index]);
}

static void on_all_synced(void *owner)
{
	struct sync *sync = owner;
	struct machine *machine = &sync->save->machine;

	free(sync->accounts);
	free(sync->problems);
	free(sync);
	machine_move(machine, machine->is_cancelled ? STEP_FAIL : STEP_NEXT);
}

enum step_result save_sync_enter(void *owner)
{
	struct save *save = owner;
	struct save_accounts *accounts = &save->accounts;
	struct sync *sync = xcalloc(1, sizeof(*sync));
	struct work_each_opts opts = {
		.loop = save->opts.loop,
		.run = sync_dump,
		.done = on_synced,
		.finished = on_all_synced,
		.is_stopped = &save->machine.is_cancelled,
		.owner = sync,
	};

	sync->save = save;
	sync->accounts = xcalloc(accounts->count, sizeof(struct save_account *));
	sync->problems = xcalloc(accounts->count, sizeof(char *));
	for (size_t i = 0; i < accounts->count; i++)
		if (accounts->list[i].state == ACCOUNT_DUMPED)
			sync->accounts[opts.count++] = &accounts->list[i];
	work_each_start(&opts);
	return STEP_WAIT;
}
