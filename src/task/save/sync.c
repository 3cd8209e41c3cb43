/* SPDX-License-Identifier: PostgreSQL */
/*
 * Making the dumps durable. Their writing was begun as each was checked, so that the disk
 * has most of them by now; and a file system with a journal makes many durable by the
 * same commit. So this waits for a few, not for each.
 */
#include "task/save/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/str.h"

struct sync {
	struct save *save;
	struct save_account **accounts;
	char **problems; /* of each; NULL: none */
	size_t count;
};

static void sync_dump(void *owner, size_t index)
{
	struct sync *y = owner;
	AUTO_FREE char *file = layout_file_name(y->accounts[index]->place->name);
	AUTO_CLOSE int fd = -1;
	struct error err;

	if (fs_open_file(y->save->staging_fd, file, &fd, &err)) {
		if (!fsync(fd))
			return;
		error_set(&err, ERROR_SYSTEM, "fsync: %s", strerror(errno));
	}
	y->problems[index] = str_format("%s: %s", file, err.text);
}

static void on_synced(void *owner, size_t index)
{
	struct sync *y = owner;
	struct save_account *a = y->accounts[index];
	struct error err;

	if (!y->problems[index])
		return;
	error_set(&err, ERROR_SYSTEM, "%s", y->problems[index]);
	save_discard_dump(a);
	save_account_failed(a, "dump", &err);
	a->save->dumped--;
	free(y->problems[index]);
}

static void on_all_synced(void *owner)
{
	struct sync *y = owner;
	struct save *s = y->save;

	free(y->accounts);
	free(y->problems);
	free(y);
	machine_move(&s->machine, s->machine.is_cancelled ? STEP_FAIL : STEP_NEXT);
}

enum step_result save_sync_enter(void *owner)
{
	struct save *s = owner;
	struct sync *y = xcalloc(1, sizeof(*y));
	struct work_each_opts opts = {
		.loop = s->opts.loop,
		.run = sync_dump,
		.done = on_synced,
		.finished = on_all_synced,
		.is_stopped = &s->machine.is_cancelled,
		.owner = y,
	};

	*y = (struct sync){
		.save = s,
		.accounts = xcalloc(s->account_count, sizeof(struct save_account *)),
		.problems = xcalloc(s->account_count, sizeof(char *)),
	};
	for (size_t i = 0; i < s->account_count; i++)
		if (s->accounts[i].is_dumped)
			y->accounts[opts.count++] = &s->accounts[i];
	work_each_start(&opts);
	return STEP_WAIT;
}
