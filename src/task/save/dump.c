/* SPDX-License-Identifier: PostgreSQL */
/*
 * The worklist says which batch is next. Whether pg_dump writes a file or an archive
 * depends on the number of accounts in it. This file decides, so that neither kind of
 * batch has to know of the other.
 */
#include "task/save/dump.h"

#include <stdlib.h>

#include "base/auto.h"
#include "base/str.h"
#include "task/save/alone.h"
#include "task/save/batch.h"
#include "task/save/command.h"
#include "task/save/nodes.h"
#include "task/save/dump_end.h"
#include "task/save/staging.h"
#include "task/save/stream.h"

static struct work_item *batch_item(void *owner, size_t index)
{
	struct save *save = owner;

	return &save->batches.list[index]->item;
}

static bool prepare(void *owner, struct work_item *item, struct child_opts *child,
		    struct error *err)
{
	struct save *save = owner;
	struct save_batch *batch = save_batch_of(item);

	child->timeout_ms = conf_timeout_ms(save->opts.conf);
	child->env = strvec_argv(&batch->node->childenv.env);
	if (!(batch->count == 1 ? save_alone_prepare(batch, child, err)
				: save_stream_prepare(batch, child, err)))
		return false;
	save_command_push(batch, &child->argv);
	run_log_command(&save->opts, &child->argv);
	return true;
}

static void on_started(void *owner, struct work_item *item)
{
	struct save_batch *batch = save_batch_of(item);

	(void)owner;
	if (batch->stream)
		save_stream_started(batch);
}

static void on_finished(void *owner, struct work_item *item,
			const struct child_result *result)
{
	struct save_batch *batch = save_batch_of(item);

	(void)owner;
	if (batch->stream)
		save_stream_finished(batch, result);
	else
		save_alone_finished(batch, result);
}

static void on_failed(void *owner, struct work_item *item, const struct error *err)
{
	struct save_batch *batch = save_batch_of(item);

	(void)owner;
	save_stream_release(batch);
	for (size_t i = 0; i < batch->count; i++)
		save_dump_end_failed(batch->accounts[i], err);
}

static void on_all_finished(void *owner)
{
	struct save *save = owner;

	/* ends the rechecks, whose callbacks go on */
	if (save->machine.is_cancelled)
		save_nodes_disconnect(save);
	machine_move(&save->machine, save->machine.is_cancelled ? STEP_FAIL : STEP_NEXT);
}

static bool set_environments(struct save *save, struct error *err)
{
	for (size_t i = 0; i < save->nodes.farm->node_count; i++) {
		struct save_node *node = &save->nodes.list[i];

		if (save_node_is_usable(node) && !save_command_set_environment(node, err))
			return false;
	}
	return true;
}

static void start(struct save *save)
{
	size_t node_count = save->nodes.farm->node_count;
	AUTO_FREE struct work_group **groups =
		xcalloc(node_count, sizeof(struct work_group *));
	const struct worklist_opts opts = {
		.loop = save->opts.loop,
		.jobs = run_choose_jobs(&save->opts, save->nodes.farm),
		.groups = groups,
		.group_count = node_count,
		.count = save->batches.count,
		.item = batch_item,
		.prepare = prepare,
		.started = on_started,
		.finished = on_finished,
		.failed = on_failed,
		.done = on_all_finished,
		.owner = save,
	};

	for (size_t i = 0; i < node_count; i++) {
		groups[i] = &save->nodes.list[i].group;
		groups[i]->jobs = save->nodes.list[i].listing.jobs;
	}
	save->dump.worklist = worklist_start(&opts);
}

enum step_result save_dump_enter(void *owner)
{
	struct save *save = owner;

	if (!save_staging_make(save, &save->error) ||
	    !set_environments(save, &save->error))
		return STEP_FAIL;
	save_dump_end_show_progress(save);
	save_batches_make(save);
	start(save);
	return STEP_WAIT;
}

void save_dump_cancel(void *owner)
{
	struct save *save = owner;

	worklist_cancel(save->dump.worklist);
}

void save_dump_lose_node(struct save_node *node)
{
	struct worklist *worklist = node->save->dump.worklist;

	if (worklist)
		worklist_close(worklist, &node->group, &node->farm_node->error);
}

void save_dump_release(struct save *save)
{
	worklist_free(save->dump.worklist);
}
