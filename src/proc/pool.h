/* SPDX-License-Identifier: PostgreSQL */
/*
 * At most N children at once.
 *
 * 1. pool_kick() calls `next` as long as there is a free place and `next` has something
 * to start.
 * 2. For each item that `next` gave, exactly one of `start_failed` (never during `next`,
 * but maybe during pool_kick()) and `finished` (from the loop) is called.
 * 3. After `finished` the pool kicks itself. Who gets something new to start by another
 * way (a retry that is due) kicks it.
 * 4. After pool_cancel() nothing new starts; what runs is ended and still reported.
 */
#ifndef PROC_POOL_H
#define PROC_POOL_H

#include <stdbool.h>

#include "base/error.h"
#include "proc/child.h"
#include "proc/loop.h"

struct pool;

struct pool_opts {
	struct loop *loop;
	unsigned jobs;
	/*
	 * Fill *child (all but done and owner, which are the pool's) and *item, or return
	 * false when there is nothing to start now. What *child points to must live until
	 * the next callback.
	 */
	bool (*next)(void *owner, struct child_opts *child, void **item);
	void (*start_failed)(void *owner, void *item, const struct error *err);
	void (*started)(void *owner, void *item); /* its child runs; may be NULL */
	void (*finished)(void *owner, void *item, const struct child_result *result);
	void *owner;
};

struct pool *pool_new(const struct pool_opts *opts);
void pool_kick(struct pool *pool);

/* A second call kills what the first one only asked to end. */
void pool_cancel(struct pool *pool);

/* The same for the child of one item, if it has one; the others go on. */
void pool_cancel_item(struct pool *pool, const void *item);

/* Children that run now. */
unsigned pool_running(const struct pool *pool);

/* Only while nothing runs. May be called from `finished`. */
void pool_free(struct pool *pool);

#endif
