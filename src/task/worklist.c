/* SPDX-License-Identifier: PostgreSQL */
#include "task/worklist.h"

#include <assert.h>
#include <stdlib.h>

#include "base/str.h"
#include "pg/node.h"
#include "proc/pool.h"

struct worklist {
	struct worklist_opts opts;
	struct pool *pool;
	size_t next;           /* the first item that was never begun */
	struct work_item *due; /* those whose pause is over */
	size_t ended;
	size_t busy; /* running: their child, or what follows it */
	bool is_closed;
	bool is_cancelled;
	struct timer *done; /* so that no callback of ours ends us */
};

static void on_done(void *owner)
{
	struct worklist *l = owner;

	l->done = NULL;
	l->opts.done(l->opts.owner);
}

static void check_done(struct worklist *l)
{
	bool is_done = l->is_cancelled ? !l->busy : l->ended == l->opts.count;

	if (is_done && !l->done)
		l->done = timer_start(l->opts.loop, 0, on_done, l);
}

void worklist_end(struct work_item *item)
{
	struct worklist *l = item->list;

	if (item->state == WORK_RUNNING)
		l->busy--;
	item->state = WORK_ENDED;
	l->ended++;
	check_done(l);
}

static void fail(struct work_item *item, const struct error *err)
{
	struct worklist *l = item->list;

	worklist_end(item);
	l->opts.failed(l->opts.owner, item, err);
}

static struct work_item *take(struct worklist *l)
{
	struct work_item *item = l->due;

	if (item) {
		l->due = item->next_due;
		return item;
	}
	while (l->next < l->opts.count) {
		item = l->opts.item(l->opts.owner, l->next++);
		if (item->state == WORK_QUEUED)
			return item;
	}
	return NULL;
}

static bool next_child(void *owner, struct child_opts *child, void **out)
{
	struct worklist *l = owner;
	struct work_item *item;

	while (!l->is_closed && (item = take(l))) {
		struct error err;

		item->state = WORK_RUNNING;
		item->attempts++;
		l->busy++;
		if (l->opts.prepare(l->opts.owner, item, child, &err)) {
			*out = item;
			return true;
		}
		fail(item, &err);
	}
	return false;
}

static void on_start_failed(void *owner, void *item, const struct error *err)
{
	(void)owner;
	fail(item, err);
}

static void on_finished(void *owner, void *item, const struct child_result *result)
{
	struct worklist *l = owner;

	l->opts.finished(l->opts.owner, item, result);
}

static void on_due(void *owner)
{
	struct work_item *item = owner;
	struct worklist *l = item->list;

	item->pause = NULL;
	item->state = WORK_QUEUED;
	item->next_due = l->due;
	l->due = item;
	pool_kick(l->pool);
}

bool worklist_retry(struct work_item *item)
{
	struct worklist *l = item->list;
	uint64_t pause_ms = node_retry_pause_ms(item->attempts);

	if (!pause_ms || l->is_closed)
		return false;
	l->busy--;
	item->state = WORK_PAUSED;
	item->pause = timer_start(l->opts.loop, pause_ms, on_due, item);
	return true;
}

static void stop(struct worklist *l)
{
	l->is_closed = true;
	l->due = NULL;
	for (size_t i = 0; i < l->opts.count; i++) {
		struct work_item *item = l->opts.item(l->opts.owner, i);

		if (item->pause)
			timer_cancel(item->pause);
		item->pause = NULL;
	}
	pool_cancel(l->pool);
}

void worklist_close(struct worklist *l, const struct error *why)
{
	stop(l);
	for (size_t i = 0; i < l->opts.count; i++) {
		struct work_item *item = l->opts.item(l->opts.owner, i);

		if (item->state == WORK_QUEUED || item->state == WORK_PAUSED)
			fail(item, why);
	}
}

void worklist_cancel(struct worklist *l)
{
	l->is_cancelled = true;
	stop(l);
	check_done(l);
}

struct worklist *worklist_start(const struct worklist_opts *opts)
{
	struct worklist *l = xcalloc(1, sizeof(*l));
	const struct pool_opts pool = { .loop = opts->loop,
					.jobs = opts->jobs,
					.next = next_child,
					.start_failed = on_start_failed,
					.finished = on_finished,
					.owner = l };

	l->opts = *opts;
	for (size_t i = 0; i < opts->count; i++) {
		struct work_item *item = opts->item(opts->owner, i);

		item->list = l;
		l->ended += item->state == WORK_ENDED;
	}
	l->pool = pool_new(&pool);
	pool_kick(l->pool);
	check_done(l);
	return l;
}

void worklist_free(struct worklist *l)
{
	if (!l)
		return;
	assert(!l->busy);
	if (l->done)
		timer_cancel(l->done);
	pool_free(l->pool);
	free(l);
}
