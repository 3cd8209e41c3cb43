/* SPDX-License-Identifier: PostgreSQL */
/*
 * This file shows the course of a save: its steps, and which part is told what by which.
 * The parts do not know it, and most do not know each other; they share struct save, see
 * state.h.
 */
#include "task/save/save.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "task/save/account.h"
#include "task/save/batch.h"
#include "task/save/carry.h"
#include "task/save/dump.h"
#include "task/save/list.h"
#include "task/save/nodes.h"
#include "task/save/previous.h"
#include "task/save/publish.h"
#include "task/save/recheck.h"
#include "task/save/report.h"
#include "task/save/staging.h"
#include "task/save/stream.h"
#include "task/save/sync.h"

enum save_step {
	SAVE_LOCK,
	SAVE_CONNECT,
	SAVE_TOOL,
	SAVE_LIST,
	SAVE_DUMP,
	SAVE_RECHECK,
	SAVE_SYNC,
	SAVE_CARRY,
	SAVE_PUBLISH,
	SAVE_DONE,
};

/* Take the lock file, clean up after a dead run, and look at the existing saves. */
static enum step_result enter_lock(void *owner)
{
	struct save *save = owner;
	const char *dir = save->opts.conf->directory;
	AUTO_FREE char *family = NULL;

	if (layout_is_old(dir, &family)) {
		error_set(&save->error, ERROR_USAGE,
			  "option --directory: %s is a name reserved for old saves", dir);
		error_hint(&save->error, "save to %s", family);
		return STEP_FAIL;
	}
	if (!layout_init(&save->layout, dir, &save->error) ||
	    !run_begin(&save->opts, &save->layout, &save->lock_fd, &save->error) ||
	    !save_previous_open(save, &save->error))
		return STEP_FAIL;
	return STEP_NEXT;
}

static const struct machine_step steps[] = {
	[SAVE_LOCK] = { "lock", .enter = enter_lock },
	[SAVE_CONNECT] = { "connect", .enter = save_nodes_connect, .may_be_left = true },
	[SAVE_TOOL] = { "tool", .enter = save_nodes_find_tools,
			.cancel = save_nodes_cancel_tools },
	[SAVE_LIST] = { "list", .enter = save_list_enter,
			.cancel = save_nodes_disconnect },
	[SAVE_DUMP] = { "dump", .enter = save_dump_enter, .cancel = save_dump_cancel },
	[SAVE_RECHECK] = { "recheck", .enter = save_recheck_enter,
			   .cancel = save_nodes_disconnect },
	[SAVE_SYNC] = { "sync", .enter = save_sync_enter },
	[SAVE_CARRY] = { "carry over", .enter = save_carry_enter },
	[SAVE_PUBLISH] = { "publish", .enter = save_publish_enter },
};
_Static_assert(ARRAY_SIZE(steps) == SAVE_DONE, "steps[] follows enum save_step");

static void save_free(struct save *save)
{
	save_dump_release(save);
	save_batches_release(save);
	save_streams_release(save);
	save_staging_release(save);
	save_accounts_release(save);
	save_nodes_release(save);
	save_previous_release(save);
	save_carry_release(save);
	layout_release(&save->layout);
	free(save);
}

static void on_end(void *owner)
{
	struct save *save = owner;
	struct report report = { 0 };

	save_report_fill(save, &report);
	save_staging_clean_up(save);
	if (save->lock_fd >= 0)
		close(save->lock_fd);
	failures_flush(&save->accounts.failures, save->opts.log);
	save->opts.done(save->opts.owner, &report);
	report_release(&report);
	save_free(save);
}

struct save *save_start(const struct run_opts *opts)
{
	struct save *save = xcalloc(1, sizeof(*save));

	save->opts = *opts;
	save->machine = (struct machine){
		.steps = steps,
		.step_count = opts->conf->dry_run ? SAVE_DUMP : SAVE_DONE,
		.end = on_end,
		.owner = save,
	};
	save->lock_fd = -1;
	save->staging.fd = -1;
	save->nodes.lost = save_dump_lose_node;
	save->dump.node_ended = save_recheck_start;
	clock_now(save->started);
	machine_start(&save->machine, opts->loop);
	return save;
}

void save_cancel(struct save *save, int signal_number)
{
	if (save->machine.step >= SAVE_PUBLISH)
		return; /* too late: it ends in a moment */
	save->signal_number = signal_number;
	error_set(&save->error, ERROR_SIGNAL,
		  "stopped by signal %d (%s): nothing was changed", signal_number,
		  strsignal(signal_number));
	machine_cancel(&save->machine);
}
