/* SPDX-License-Identifier: PostgreSQL */
/*
 * The pool only knows children. Which item is next, whether it may be tried again, and
 * when all items are done is the same for a save and a restore, so it is here.
 */
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
	size_t busy; /* running: the child, or what follows it */
	bool is_cancelled;
	struct timer *done; /* so that no callback frees the worklist during a call */
};

static void on_done(void *owner)
{
	struct worklist *list = owner;

	list->done = NULL;
	list->opts.done(list->opts.owner);
}

static void check_done(struct worklist *list)
{
	bool is_done = list->is_cancelled ? !list->busy : list->ended == list->opts.count;

	if (is_done && !list->done)
		list->done = timer_start(list->opts.loop, 0, on_done, list);
}

void worklist_end(struct work_item *item)
{
	struct worklist *list = item->list;

	if (item->state == WORK_RUNNING)
		list->busy--;
	item->state = WORK_ENDED;
	list->ended++;
	check_done(list);
}

static void fail(struct work_item *item, const struct error *err)
{
	struct worklist *list = item->list;

	worklist_end(item);
	list->opts.failed(list->opts.owner, item, err);
}

static struct work_item *take_from(struct worklist *list, struct work_group *group)
{
	struct work_item *item = group->due;

	if (item) {
		group->due = item->next_due;
		return item;
	}
	while (group->next < list->opts.count) {
		item = list->opts.item(list->opts.owner, group->next++);
		if (item->group == group && item->state == WORK_QUEUED)
			return item;
	}
	return NULL;
}

static struct work_item *take(struct worklist *list)
{
	for (size_t i = 0; i < list->opts.group_count; i++) {
		size_t index = (list->turn + i) % list->opts.group_count;
		struct work_group *group = list->groups[index];
		struct work_item *item = group->is_closed || group->running >= group->jobs
						 ? NULL
						 : take_from(list, group);

		if (item) {
			list->turn = index + 1;
			return item;
		}
	}
	return NULL;
}

static bool next_child(void *owner, struct child_opts *child, void **out)
{
	struct worklist *list = owner;
	struct work_item *item;

	while (!list->is_cancelled && (item = take(list))) {
		struct error err;

		item->state = WORK_RUNNING;
		item->attempts++;
		list->busy++;
		if (list->opts.prepare(list->opts.owner, item, child, &err)) {
			item->group->running++;
			*out = item;
			return true;
		}
		child_opts_release(child);
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
	struct worklist *list = owner;

	if (list->opts.started)
		list->opts.started(list->opts.owner, started);
}

static void on_finished(void *owner, void *finished, const struct child_result *result)
{
	struct worklist *list = owner;
	struct work_item *item = finished;

	item->group->running--;
	list->opts.finished(list->opts.owner, item, result);
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

bool worklist_add(struct worklist *list, struct work_item *item)
{
	assert(list->busy);
	if (list->is_cancelled || item->group->is_closed)
		return false;
	item->list = list;
	list->opts.count++;
	make_due(item);
	return true;
}

bool worklist_retry(struct work_item *item)
{
	struct worklist *list = item->list;
	uint64_t pause_ms = session_retry_pause_ms(item->attempts);

	if (!pause_ms || list->is_cancelled || item->group->is_closed)
		return false;
	list->busy--;
	item->state = WORK_PAUSED;
	item->pause = timer_start(list->opts.loop, pause_ms, on_due, item);
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

void worklist_close(struct worklist *list, struct work_group *group,
		    const struct error *why)
{
	group->is_closed = true;
	group->due = NULL;
	for (size_t i = 0; i < list->opts.count; i++) {
		struct work_item *item = list->opts.item(list->opts.owner, i);

		if (item->group != group)
			continue;
		stop_pause(item);
		if (item->state == WORK_RUNNING)
			pool_cancel_item(list->pool, item);
		else if (item->state != WORK_ENDED)
			fail(item, why);
	}
}

void worklist_cancel(struct worklist *list)
{
	list->is_cancelled = true;
	for (size_t i = 0; i < list->opts.count; i++)
		stop_pause(list->opts.item(list->opts.owner, i));
	pool_cancel(list->pool);
	check_done(list);
}

struct worklist *worklist_start(const struct worklist_opts *opts)
{
	struct worklist *list = xcalloc(1, sizeof(*list));
	const struct pool_opts pool = { .loop = opts->loop,
					.jobs = opts->jobs,
					.next = next_child,
					.start_failed = on_start_failed,
					.started = on_started,
					.finished = on_finished,
					.owner = list };

	list->opts = *opts;
	list->groups = xcalloc(opts->group_count, sizeof(list->groups[0]));
	for (size_t i = 0; i < opts->group_count; i++) {
		list->groups[i] = opts->groups[i];
		*opts->groups[i] = (struct work_group){ .jobs = opts->groups[i]->jobs };
	}
	for (size_t i = 0; i < opts->count; i++) {
		struct work_item *item = opts->item(opts->owner, i);

		item->list = list;
		list->ended += item->state == WORK_ENDED;
	}
	list->pool = pool_new(&pool);
	pool_kick(list->pool);
	check_done(list);
	return list;
}

void worklist_free(struct worklist *list)
{
	if (!list)
		return;
	assert(!list->busy);
	if (list->done)
		timer_cancel(list->done);
	pool_free(list->pool);
	free(list->groups);
	free(list);
}
