/* SPDX-License-Identifier: PostgreSQL */
#include "proc/pool.h"

#include <assert.h>
#include <stdlib.h>

#include "base/str.h"

struct slot {
	struct pool *pool;
	struct child *child; /* NULL: the slot is free */
	void *item;
};

struct pool {
	struct pool_opts opts;
	unsigned running;
	bool is_cancelled;
	bool is_kicking; /* pool_kick() is not re-entered from its callbacks */
	bool is_freed;   /* pool_free() was called by `finished` */
	struct slot slots[];
};

struct pool *pool_new(const struct pool_opts *opts)
{
	struct pool *pool = xcalloc(1, sizeof(*pool) + opts->jobs * sizeof(struct slot));

	pool->opts = *opts;
	for (unsigned i = 0; i < opts->jobs; i++)
		pool->slots[i].pool = pool;
	return pool;
}

static void on_child_done(void *owner, const struct child_result *result)
{
	struct slot *slot = owner;
	struct pool *pool = slot->pool;

	slot->child = NULL;
	pool->running--;
	pool->is_kicking = true; /* so that pool_free() in `finished` only sets a mark */
	pool->opts.finished(pool->opts.owner, slot->item, result);
	pool->is_kicking = false;
	if (pool->is_freed)
		free(pool);
	else
		pool_kick(pool);
}

static struct slot *free_slot(struct pool *pool)
{
	for (unsigned i = 0; i < pool->opts.jobs; i++)
		if (!pool->slots[i].child)
			return &pool->slots[i];
	return NULL;
}

void pool_kick(struct pool *pool)
{
	struct slot *slot;

	if (pool->is_kicking)
		return;
	pool->is_kicking = true;
	while (!pool->is_cancelled && !pool->is_freed && (slot = free_slot(pool))) {
		struct child_opts child;
		struct error err;

		child_opts_init(&child);
		if (!pool->opts.next(pool->opts.owner, &child, &slot->item))
			break;
		child.done = on_child_done;
		child.owner = slot;
		if (!child_start(pool->opts.loop, &child, &slot->child, &err)) {
			pool->opts.start_failed(pool->opts.owner, slot->item, &err);
			continue;
		}
		pool->running++;
		if (pool->opts.started)
			pool->opts.started(pool->opts.owner, slot->item);
	}
	pool->is_kicking = false;
	if (pool->is_freed)
		free(pool);
}

void pool_cancel(struct pool *pool)
{
	pool->is_cancelled = true;
	for (unsigned i = 0; i < pool->opts.jobs; i++)
		if (pool->slots[i].child)
			child_cancel(pool->slots[i].child);
}

void pool_cancel_item(struct pool *pool, const void *item)
{
	for (unsigned i = 0; i < pool->opts.jobs; i++)
		if (pool->slots[i].child && pool->slots[i].item == item)
			child_cancel(pool->slots[i].child);
}

unsigned pool_running(const struct pool *pool)
{
	return pool->running;
}

void pool_free(struct pool *pool)
{
	assert(!pool->running);
	if (pool->is_kicking)
		pool->is_freed = true;
	else
		free(pool);
}
