/* SPDX-License-Identifier: PostgreSQL */
/*
 * A batch of many accounts: one pg_dump writes an archive into a pipe, and a thread
 * splits it into their files.
 *
 * Both must end well, in whatever order they end. What then becomes of an account is its
 * own: checked like any other dump. If one of the two fails, nobody knows whose fault it
 * was, and the batch is divided.
 */
#include "task/save/internal.h"

#include <assert.h>
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

enum {
	PIPE_BYTES = 1024 * 1024,
	LOOK_MS = 200,
	/*
	 * So many pg_dumps may fail on a node without one good dump in between, before no
	 * batch is divided any more. One bad account takes one for each halving of its
	 * batch; with a full disk, or a role without rights, each of thousands of
	 * accounts would take a pg_dump that can only fail.
	 */
	FAILURES_MAX = 64,
};

struct save_stream {
	struct save_batch *batch;
	int archive_fd;           /* our end of the pipe */
	struct split_part *parts; /* of each account, in the order of the batch's */
	size_t part_count;        /* as many; later the batch may have fewer accounts */
	unsigned running;         /* the child, the thread: 2, 1, 0 */

	/* The thread's, until it has ended. */
	bool is_split;
	bool is_unknown;
	struct error split_error;
	/* The thread's word to the loop's. */
	_Atomic uint64_t activity;
	_Atomic size_t tables_done;
	_Atomic size_t tables_total;

	/* The child's. */
	bool is_dumped;
	bool is_broken; /* it could not write any more, since the thread had stopped */
	bool is_transient;
	uint64_t elapsed_ms;
	struct error child_error;
};

void save_stream_free(struct save_stream *stream)
{
	if (!stream)
		return;
	for (size_t i = 0; i < stream->part_count; i++)
		free((char *)stream->parts[i].file_name);
	if (stream->archive_fd >= 0)
		close(stream->archive_fd);
	free(stream->parts);
	free(stream);
}

/* ---- before ---- */

static int compare_schemas(const void *a, const void *b)
{
	return strcmp((*(struct save_account *const *)a)->model->raw_name,
		      (*(struct save_account *const *)b)->model->raw_name);
}

static void make_parts(struct save_stream *t)
{
	struct save_batch *b = t->batch;

	qsort(b->accounts, b->count, sizeof(b->accounts[0]), compare_schemas);
	t->part_count = b->count;
	t->parts = xcalloc(b->count, sizeof(t->parts[0]));
	for (size_t i = 0; i < b->count; i++) {
		t->parts[i].schema = b->accounts[i]->model->raw_name;
		t->parts[i].file_name = layout_file_name(b->accounts[i]->place->name);
	}
}

static void add_patterns(struct save_batch *b)
{
	AUTO_FREE const char **names = xcalloc(b->count, sizeof(char *));
	AUTO_FREE char *schemas = NULL;
	AUTO_FREE char *others = NULL;

	for (size_t i = 0; i < b->count; i++)
		names[i] = b->accounts[i]->model->raw_name;
	schemas = catalog_schemas_pattern(names, b->count);
	others = catalog_others_pattern(schemas);
	strvec_push(&b->save->argv, "--format=custom");
	strvec_push(&b->save->argv, "--compress=0");
	strvec_push_format(&b->save->argv, "--schema=%s", schemas);
	strvec_push_format(&b->save->argv, "--exclude-table=%s", others);
}

bool save_stream_prepare(struct save_batch *b, struct child_opts *child,
			 struct error *err)
{
	struct save_stream *t;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_set(err, ERROR_SYSTEM, "pipe: %s", strerror(errno));
	(void)fcntl(fds[0], F_SETPIPE_SZ, PIPE_BYTES); /* fewer turns, if it may be */
	t = xcalloc(1, sizeof(*t));
	t->batch = b;
	t->archive_fd = fds[0];
	b->stream = t;
	make_parts(t);
	for (size_t i = 0; i < b->count; i++)
		save_announce(b->accounts[i]);
	save_start_argv(b->save, b->node);
	add_patterns(b);
	child->stdout_fd = fds[1];
	child->owns_stdout = true;
	child->activity = &t->activity;
	return true;
}

/* ---- the thread ---- */

static void on_split_progress(void *owner, size_t done, size_t total)
{
	struct save_stream *t = owner;

	atomic_fetch_add(&t->activity, 1);
	atomic_store(&t->tables_total, total);
	atomic_store(&t->tables_done, done);
}

static void split(void *owner)
{
	struct save_stream *t = owner;
	const struct split_opts opts = {
		.archive_fd = t->archive_fd,
		.dir_fd = t->batch->save->staging_fd,
		.parts = t->parts,
		.part_count = t->batch->count,
		.keywords = &t->batch->node->capacity.keywords,
		.progress = on_split_progress,
		.owner = t,
	};

	t->is_split = split_archive(&opts, &t->is_unknown, &t->split_error);
	close(t->archive_fd); /* so that a child that has more to say ends */
	t->archive_fd = -1;
}

/* ---- after ---- */

static void discard_all(const struct save_batch *b)
{
	for (size_t i = 0; i < b->count; i++)
		save_discard_dump(b->accounts[i]);
}

static void fail_all(struct save_batch *b, const struct error *err)
{
	for (size_t i = 0; i < b->count; i++)
		save_dump_failed(b->accounts[i], err);
}

static void end(struct save_batch *b)
{
	save_stream_free(b->stream);
	b->stream = NULL;
	b->ahead = 0;
	b->save->streams--;
	worklist_end(&b->item);
}

static void check_one(void *owner, size_t index)
{
	struct save_stream *t = owner;

	if (t->parts[index].outcome == SPLIT_WRITTEN)
		save_check_dump(t->batch->accounts[index]);
}

static void on_checked(void *owner, size_t index)
{
	struct save_stream *t = owner;
	struct save_account *a = t->batch->accounts[index];
	struct error err;

	a->elapsed_ms = t->elapsed_ms / t->part_count; /* its share */
	if (t->parts[index].outcome == SPLIT_WRITTEN && save_end_check(a, &err))
		return;
	if (t->parts[index].outcome == SPLIT_WRITTEN)
		log_debug(a->save->opts.log, "[%s dump] %s", a->place->name, err.text);
	save_discard_dump(a);
	save_dump_alone(a); /* pg_dump knows better, or says why not */
}

/* Those that were not checked any more because we are to stop. */
static void on_all_checked(void *owner)
{
	struct save_stream *t = owner;
	struct save_batch *b = t->batch;
	struct error err;

	error_set(&err, ERROR_SIGNAL, "stopped");
	for (size_t i = 0; b->save->machine.is_cancelled && i < b->count; i++)
		if (!b->accounts[i]->is_dumped && b->accounts[i]->batch == b)
			save_dump_failed(b->accounts[i], &err);
	end(b);
}

static void log_aside(const struct save_stream *t)
{
	size_t aside = 0;

	for (size_t i = 0; i < t->batch->count; i++)
		aside += t->parts[i].outcome == SPLIT_ASIDE;
	if (aside)
		log_info(t->batch->save->opts.log,
			 "%zu of %zu accounts depend on each other, or have something "
			 "unusual: dumping each of them with a pg_dump of its own",
			 aside, t->batch->count);
}

/* Begin a batch of those that need another one. They go to the end, and leave this one.
 */
static void start_again(struct save_stream *t)
{
	struct save_batch *b = t->batch;
	size_t kept = 0;

	for (size_t i = 0; i < b->count; i++) {
		struct split_part part = t->parts[i];
		struct save_account *a = b->accounts[i];

		if (part.outcome == SPLIT_AGAIN)
			continue;
		t->parts[i] = t->parts[kept];
		b->accounts[i] = b->accounts[kept];
		t->parts[kept] = part;
		b->accounts[kept++] = a;
	}
	if (kept == b->count)
		return;
	log_debug(b->save->opts.log,
		  "%zu of %zu accounts depend on others: dumping them once more, without "
		  "those that are dumped by themselves",
		  b->count - kept, b->count);
	save_cut_batch(b, kept);
}

static void check_all(struct save_stream *t)
{
	struct work_each_opts opts = {
		.loop = t->batch->save->opts.loop,
		.run = check_one,
		.done = on_checked,
		.finished = on_all_checked,
		.is_stopped = &t->batch->save->machine.is_cancelled,
		.owner = t,
	};

	log_aside(t);
	start_again(t);
	opts.count = t->batch->ahead = t->batch->count;
	work_each_start(&opts);
}

static const struct error *why(const struct save_stream *t)
{
	bool is_childs =
		!t->is_dumped && !t->is_unknown && !(t->is_broken && !t->is_split);

	return is_childs ? &t->child_error : &t->split_error;
}

static bool retry(struct save_stream *t)
{
	struct save_batch *b = t->batch;

	if (!t->is_transient || !worklist_retry(&b->item))
		return false;
	log_debug(b->save->opts.log, "[a batch of %zu] to be tried again: %s", b->count,
		  t->child_error.text);
	b->stream = NULL;
	b->ahead = 0;
	b->save->streams--;
	save_stream_free(t);
	return true;
}

static void warn_unknown(struct save_stream *t)
{
	struct save_node *n = t->batch->node;

	if (!n->has_no_batches)
		log_warning(n->save->opts.log,
			    "%s: dumping each account with a pg_dump of its own, which "
			    "takes longer",
			    t->split_error.text);
	n->has_no_batches = true;
}

static void divide(struct save_stream *t)
{
	struct save_batch *b = t->batch;

	log_debug(b->save->opts.log,
		  "[a batch of %zu, %s to %s] to be tried in halves: %s", b->count,
		  b->accounts[0]->place->name, b->accounts[b->count - 1]->place->name,
		  why(t)->text);
	if (t->is_unknown)
		warn_unknown(t);
	save_divide_batch(b);
	end(b);
}

static void give_up(struct save_stream *t)
{
	struct save_node *n = t->batch->node;

	if (!n->given_up) {
		n->given_up = xcalloc(1, sizeof(*n->given_up));
		*n->given_up = *why(t);
		error_prefix(
			n->given_up,
			"not tried by itself, after %u pg_dumps in a row had failed, "
			"the last with",
			n->failures);
	}
	fail_all(t->batch, n->given_up);
	end(t->batch);
}

static void conclude(struct save_stream *t)
{
	struct save_batch *b = t->batch;
	const struct farm_node *node = b->node->farm_node;

	if (t->is_dumped && t->is_split) {
		check_all(t);
		return;
	}
	discard_all(b);
	if (retry(t))
		return;
	if (b->save->machine.is_cancelled || node->is_lost || t->is_transient) {
		fail_all(b, node->is_lost ? &node->error : why(t));
		end(b);
	} else if (++b->node->failures > FAILURES_MAX) {
		give_up(t);
	} else {
		divide(t);
	}
}

static void on_split(void *owner)
{
	struct save_stream *t = owner;

	if (--t->running == 0)
		conclude(t);
}

void save_stream_finished(struct save_batch *b, const struct child_result *result)
{
	struct save_stream *t = b->stream;

	t->elapsed_ms = result->elapsed_ms;
	t->is_dumped = child_succeeded(result, "pg_dump", &t->child_error);
	t->is_broken = result->term_signal == SIGPIPE;
	t->is_transient = pg_is_transient(result->messages);
	if (t->is_dumped)
		run_log_messages(&b->save->opts, "a batch", "dump", result->messages);
	if (--t->running == 0)
		conclude(t);
}

/* ---- the progress bar ---- */

static void on_look(void *owner)
{
	struct save *s = owner;

	s->look = NULL;
	for (size_t i = 0; i < s->batch_count; i++) {
		struct save_stream *t = s->batches[i]->stream;
		size_t total = t && t->running ? atomic_load(&t->tables_total) : 0;

		if (total)
			s->batches[i]->ahead = s->batches[i]->count *
					       atomic_load(&t->tables_done) / total;
	}
	save_show_progress(s);
	if (s->streams)
		s->look = timer_start(s->opts.loop, LOOK_MS, on_look, s);
}

void save_stream_started(struct save_batch *b)
{
	struct save *s = b->save;

	b->stream->running = 2;
	s->streams++;
	if (!s->look)
		s->look = timer_start(s->opts.loop, LOOK_MS, on_look, s);
	thread_start(s->opts.loop, split, on_split, b->stream);
}
