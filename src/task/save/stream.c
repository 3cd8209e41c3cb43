/* SPDX-License-Identifier: PostgreSQL */
/*
 * The child that writes and the thread that splits both work on a batch. Both must
 * succeed, in whatever order they end. After that each account is checked by itself, like
 * any other dump. If either fails, nobody knows which account is at fault, and the batch
 * is divided.
 */
#include "task/save/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive/split.h"
#include "base/auto.h"
#include "base/str.h"
#include "task/save/account.h"
#include "task/save/batch.h"
#include "task/save/check.h"
#include "task/save/dump_end.h"
#include "task/save/setbacks.h"
#include "task/save/staging.h"

enum { PIPE_BYTES = 1024 * 1024, LOOK_MS = 200 };

struct save_stream {
	struct save_batch *batch;
	int archive_fd;           /* our end of the pipe */
	struct split_part *parts; /* one for each account, in the order of the batch */
	size_t part_count;        /* as many; the batch may have fewer accounts later */
	unsigned running;         /* how many of child and thread: 2, 1 or 0 */

	/* Only the thread uses these until it has ended. */
	bool is_split;
	bool is_unknown;
	struct error split_error;
	/* Written by the thread, read by the loop. */
	_Atomic uint64_t activity;
	_Atomic size_t tables_done;
	_Atomic size_t tables_total;

	/* About the child. */
	bool is_dumped;
	bool is_broken; /* it could not write any more, since the thread had stopped */
	bool is_transient;
	uint64_t elapsed_ms;
	struct error child_error;
};

void save_stream_release(struct save_batch *batch)
{
	struct save_stream *stream = batch->stream;

	batch->stream = NULL;
	batch->ahead = 0;
	if (!stream)
		return;
	for (size_t i = 0; i < stream->part_count; i++)
		free((char *)stream->parts[i].file_name);
	if (stream->archive_fd >= 0)
		close(stream->archive_fd);
	free(stream->parts);
	free(stream);
}

/* ---- prepare ---- */

static int compare_schemas(const void *a, const void *b)
{
	return strcmp((*(struct save_account *const *)a)->listed->raw_name,
		      (*(struct save_account *const *)b)->listed->raw_name);
}

static void make_parts(struct save_stream *stream)
{
	struct save_batch *batch = stream->batch;

	qsort(batch->accounts, batch->count, sizeof(batch->accounts[0]), compare_schemas);
	stream->part_count = batch->count;
	stream->parts = xcalloc(batch->count, sizeof(stream->parts[0]));
	for (size_t i = 0; i < batch->count; i++) {
		const struct save_account *account = batch->accounts[i];

		stream->parts[i].schema = account->listed->raw_name;
		stream->parts[i].file_name = layout_file_name(account->place->name);
	}
}

bool save_stream_prepare(struct save_batch *batch, struct child_opts *child,
			 struct error *err)
{
	struct save_stream *stream;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_set(err, ERROR_SYSTEM, "pipe: %s", strerror(errno));
	/* fewer switches, if that is allowed */
	(void)fcntl(fds[0], F_SETPIPE_SZ, PIPE_BYTES);
	stream = xcalloc(1, sizeof(*stream));
	stream->batch = batch;
	stream->archive_fd = fds[0];
	batch->stream = stream;
	make_parts(stream);
	for (size_t i = 0; i < batch->count; i++)
		save_account_announce(batch->accounts[i]);
	child->stdout_fd = fds[1];
	child->owns_stdout = true;
	child->activity = &stream->activity;
	return true;
}

/* ---- the thread ---- */

static void on_split_progress(void *owner, size_t done, size_t total)
{
	struct save_stream *stream = owner;

	atomic_fetch_add(&stream->activity, 1);
	atomic_store(&stream->tables_total, total);
	atomic_store(&stream->tables_done, done);
}

static void split(void *owner)
{
	struct save_stream *stream = owner;
	const struct save_batch *batch = stream->batch;
	const struct split_opts opts = {
		.archive_fd = stream->archive_fd,
		.dir_fd = batch->save->staging.fd,
		.parts = stream->parts,
		.part_count = batch->count,
		.keywords = &batch->node->listing.capacity.keywords,
		.is_whole = batch->save->opts.conf->product.is_whole,
		.progress = on_split_progress,
		.owner = stream,
	};

	stream->is_split =
		split_archive(&opts, &stream->is_unknown, &stream->split_error);
	close(stream->archive_fd); /* so that a child that is still writing ends */
	stream->archive_fd = -1;
}

/* ---- after success: the checks ---- */

static void end(struct save_batch *batch)
{
	save_stream_release(batch);
	batch->save->streams.running--;
	worklist_end(&batch->item);
}

static void check_one(void *owner, size_t index)
{
	const struct save_stream *stream = owner;

	if (stream->parts[index].outcome == SPLIT_WRITTEN)
		save_check_run(stream->batch->accounts[index]);
}

static void on_checked(void *owner, size_t index)
{
	const struct save_stream *stream = owner;
	struct save_batch *batch = stream->batch;
	struct save_account *account = batch->accounts[index];
	bool is_written = stream->parts[index].outcome == SPLIT_WRITTEN;
	struct error err;

	batch->ahead--;
	save_account_set_elapsed(account, stream->elapsed_ms / stream->part_count);
	if (is_written && save_check_take(account, &err)) {
		save_dump_end_good(account);
		return;
	}
	if (is_written)
		log_debug(batch->save->opts.log, "[%s dump] %s", account->place->name,
			  err.text);
	save_staging_discard(account);
	save_batch_single_out(account); /* pg_dump alone can do it, or says why not */
}

/* Fail those that were not checked because the run is cancelled. */
static void on_all_checked(void *owner)
{
	const struct save_stream *stream = owner;
	struct save_batch *batch = stream->batch;
	struct error err;

	error_set(&err, ERROR_SIGNAL, "stopped");
	batch->ahead = 0;
	for (size_t i = 0; batch->save->machine.is_cancelled && i < batch->count; i++) {
		struct save_account *account = batch->accounts[i];

		if (account->state == ACCOUNT_PENDING && account->batch == batch)
			save_dump_end_failed(account, &err);
	}
	end(batch);
}

static void log_aside(const struct save_stream *stream)
{
	const struct save_batch *batch = stream->batch;
	size_t aside = 0;

	for (size_t i = 0; i < batch->count; i++)
		aside += stream->parts[i].outcome == SPLIT_ASIDE;
	if (aside)
		log_info(batch->save->opts.log,
			 "%zu of %zu accounts depend on each other, or have something "
			 "unusual: dumping each of them with a pg_dump of its own",
			 aside, batch->count);
}

/* Begin a batch of those that need another one: they are sorted to the end, and leave
 * this one. */
static void start_again(struct save_stream *stream)
{
	struct save_batch *batch = stream->batch;
	size_t kept = 0;

	for (size_t i = 0; i < batch->count; i++) {
		struct split_part part = stream->parts[i];
		struct save_account *account = batch->accounts[i];

		if (part.outcome == SPLIT_AGAIN)
			continue;
		stream->parts[i] = stream->parts[kept];
		batch->accounts[i] = batch->accounts[kept];
		stream->parts[kept] = part;
		batch->accounts[kept++] = account;
	}
	if (kept == batch->count)
		return;
	log_debug(batch->save->opts.log,
		  "%zu of %zu accounts depend on others: dumping them once more, without "
		  "those that are dumped by themselves",
		  batch->count - kept, batch->count);
	save_batch_cut(batch, kept);
}

static void check_all(struct save_stream *stream)
{
	struct save_batch *batch = stream->batch;
	struct work_each_opts opts = {
		.loop = batch->save->opts.loop,
		.run = check_one,
		.done = on_checked,
		.finished = on_all_checked,
		.is_stopped = &batch->save->machine.is_cancelled,
		.owner = stream,
	};

	log_aside(stream);
	start_again(stream);
	opts.count = batch->ahead = batch->count;
	work_each_start(&opts);
}

/* ---- after a failure ---- */

static void discard_all(const struct save_batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		save_staging_discard(batch->accounts[i]);
}

static void fail_all(struct save_batch *batch, const struct error *err)
{
	batch->ahead = 0;
	for (size_t i = 0; i < batch->count; i++)
		save_dump_end_failed(batch->accounts[i], err);
}

static const struct error *why(const struct save_stream *stream)
{
	bool is_childs = !stream->is_dumped && !stream->is_unknown &&
			 !(stream->is_broken && !stream->is_split);

	return is_childs ? &stream->child_error : &stream->split_error;
}

static bool retry(struct save_stream *stream)
{
	struct save_batch *batch = stream->batch;

	if (!stream->is_transient || !worklist_retry(&batch->item))
		return false;
	log_debug(batch->save->opts.log, "[a batch of %zu] trying again: %s",
		  batch->count, stream->child_error.text);
	save_stream_release(batch);
	batch->save->streams.running--;
	return true;
}

static void divide(struct save_stream *stream)
{
	struct save_batch *batch = stream->batch;

	log_debug(batch->save->opts.log,
		  "[a batch of %zu, %s to %s] trying again in halves: %s", batch->count,
		  batch->accounts[0]->place->name,
		  batch->accounts[batch->count - 1]->place->name, why(stream)->text);
	if (stream->is_unknown)
		save_setbacks_set_unknown(batch->node, &stream->split_error);
	save_batch_divide(batch);
	end(batch);
}

static void conclude(struct save_stream *stream)
{
	struct save_batch *batch = stream->batch;
	const struct farm_node *node = batch->node->farm_node;

	if (stream->is_dumped && stream->is_split) {
		check_all(stream);
		return;
	}
	discard_all(batch);
	if (retry(stream))
		return;
	if (batch->save->machine.is_cancelled || node->is_lost || stream->is_transient) {
		fail_all(batch, node->is_lost ? &node->error : why(stream));
		end(batch);
	} else if (save_setbacks_add(batch->node)) {
		fail_all(batch, save_setbacks_give_up(batch->node, why(stream)));
		end(batch);
	} else {
		divide(stream);
	}
}

static void on_split(void *owner)
{
	struct save_stream *stream = owner;

	if (--stream->running == 0)
		conclude(stream);
}

void save_stream_finished(struct save_batch *batch, const struct child_result *result)
{
	struct save_stream *stream = batch->stream;

	stream->elapsed_ms = result->elapsed_ms;
	stream->is_dumped = child_succeeded(result, "pg_dump", &stream->child_error);
	stream->is_broken = result->term_signal == SIGPIPE;
	stream->is_transient = pg_is_transient(result->messages);
	if (stream->is_dumped)
		run_log_messages(&batch->save->opts, "a batch", "dump", result->messages);
	if (--stream->running == 0)
		conclude(stream);
}

/* ---- the progress bar ---- */

static void look_at(struct save_batch *batch)
{
	struct save_stream *stream = batch->stream;
	size_t total = stream && stream->running ? atomic_load(&stream->tables_total) : 0;

	if (total)
		batch->ahead = batch->count * atomic_load(&stream->tables_done) / total;
}

static void on_look(void *owner)
{
	struct save *save = owner;

	save->streams.look = NULL;
	for (size_t i = 0; i < save->batches.count; i++)
		look_at(save->batches.list[i]);
	save_dump_end_show_progress(save);
	if (save->streams.running)
		save->streams.look = timer_start(save->opts.loop, LOOK_MS, on_look, save);
}

void save_stream_started(struct save_batch *batch)
{
	struct save *save = batch->save;

	batch->stream->running = 2;
	save->streams.running++;
	if (!save->streams.look)
		save->streams.look = timer_start(save->opts.loop, LOOK_MS, on_look, save);
	thread_start(save->opts.loop, split, on_split, batch->stream);
}

void save_streams_release(struct save *save)
{
	if (save->streams.look)
		timer_cancel(save->streams.look);
}
