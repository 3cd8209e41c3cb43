/* SPDX-License-Identifier: PostgreSQL */
#include "task/worklist.h"

#include <assert.h>
#include <stdlib.h>

#include "base/str.h"
#include "pg/session.h"
#include "proc/pool.h"

struct worklist {
	struct worklist_opts opts;
	struct pool *pool;
	struct work_group **groups;
	size_t turn; /* the group to be asked first */
	size_t ended;
	size_t busy; /* running: their child, or what follows it */
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

static struct work_item *take_from(struct worklist *l, struct work_group *g)
{
	struct work_item *item = g->due;

	if (item) {
		g->due = item->next_due;
		return item;
	}
	while (g->next < l->opts.count) {
		item = l->opts.item(l->opts.owner, g->next++);
		if (item->group == g && item->state == WORK_QUEUED)
			return item;
	}
	return NULL;
}

static struct work_item *take(struct worklist *l)
{
	for (size_t i = 0; i < l->opts.group_count; i++) {
		size_t index = (l->turn + i) % l->opts.group_count;
		struct work_group *g = l->groups[index];
		struct work_item *item =
			g->is_closed || g->running >= g->jobs ? NULL : take_from(l, g);

		if (item) {
			l->turn = index + 1;
			return item;
		}
	}
	return NULL;
}

static bool next_child(void *owner, struct child_opts *child, void **out)
{
	struct worklist *l = owner;
	struct work_item *item;

	while (!l->is_cancelled && (item = take(l))) {
		struct error err;

		item->state = WORK_RUNNING;
		item->attempts++;
		l->busy++;
		if (l->opts.prepare(l->opts.owner, item, child, &err)) {
			item->group->running++;
			*out = item;
			return true;
		}
		fail(item, &err);
	}
	return false;
}

static void on_start_failed(void *owner, void *started, const struct error *err)
{
	struct work_item *item = started;

	(void)owner;
	item->group->running--;
	fail(item, err);
}

static void on_started(void *owner, void *started)
{
	struct worklist *l = owner;

	if (l->opts.started)
		l->opts.started(l->opts.owner, started);
}

static void on_finished(void *owner, void *finished, const struct child_result *result)
{
	struct worklist *l = owner;
	struct work_item *item = finished;

	item->group->running--;
	l->opts.finished(l->opts.owner, item, result);
}

static void make_due(struct work_item *item)
{
	item->state = WORK_QUEUED;
	item->next_due = item->group->due;
	item->group->due = item;
	pool_kick(item->list->pool);
}

static void on_due(void *owner)
{
	struct work_item *item = owner;

	item->pause = NULL;
	make_due(item);
}

bool worklist_add(struct worklist *l, struct work_item *item)
{
	assert(l->busy);
	if (l->is_cancelled || item->group->is_closed)
		return false;
	item->list = l;
	l->opts.count++;
	make_due(item);
	return true;
}

bool worklist_retry(struct work_item *item)
{
	struct worklist *l = item->list;
	uint64_t pause_ms = session_retry_pause_ms(item->attempts);

	if (!pause_ms || l->is_cancelled || item->group->is_closed)
		return false;
	l->busy--;
	item->state = WORK_PAUSED;
	item->pause = timer_start(l->opts.loop, pause_ms, on_due, item);
	return true;
}

static void stop_pause(struct work_item *item)
{
	if (item->pause)
		timer_cancel(item->pause);
	item->pause = NULL;
}

void worklist_stop(struct work_item *item)
{
	pool_cancel_item(item->list->pool, item);
}

void worklist_close(struct worklist *l, struct work_group *g, const struct error *why)
{
	g->is_closed = true;
	g->due = NULL;
	for (size_t i = 0; i < l->opts.count; i++) {
		struct work_item *item = l->opts.item(l->opts.owner, i);

		if (item->group != g)
			continue;
		stop_pause(item);
		if (item->state == WORK_RUNNING)
			pool_cancel_item(l->pool, item);
		else if (item->state != WORK_ENDED)
			fail(item, why);
	}
}

void worklist_cancel(struct worklist *l)
{
	l->is_cancelled = true;
	for (size_t i = 0; i < l->opts.count; i++)
		stop_pause(l->opts.item(l->opts.owner, i));
	pool_cancel(l->pool);
	check_done(l);
}

struct worklist *worklist_start(const struct worklist_opts *opts)
{
	struct worklist *l = xcalloc(1, sizeof(*l));
	const struct pool_opts pool = { .loop = opts->loop,
					.jobs = opts->jobs,
					.next = next_child,
					.start_failed = on_start_failed,
					.started = on_started,
					.finished = on_finished,
					.owner = l };

	l->opts = *opts;
	l->groups = xcalloc(opts->group_count, sizeof(l->groups[0]));
	for (size_t i = 0; i < opts->group_count; i++) {
		l->groups[i] = opts->groups[i];
		*opts->groups[i] = (struct work_group){ .jobs = opts->groups[i]->jobs };
	}
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
	free(l->groups);
	free(l);
}
