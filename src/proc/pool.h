/* SPDX-License-Identifier: PostgreSQL */
/*
 * At most N children at once.
 *
 * 1. pool_kick() calls `next` while there is a free slot and `next` has something to
 *    start.
 * 2. For each item that `next` returned, exactly one of `start_failed` (never during
 *    `next`, but possibly during pool_kick()) and `finished` (from the loop) is called.
 * 3. After `finished` the pool kicks itself. A caller that has something new to start for
 *    another reason, such as a retry that is due, calls pool_kick().
 * 4. After pool_cancel() nothing new starts; running children are cancelled and reported.
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
	 * Fill *child (except done and owner, which the pool sets) and *item, or return
	 * false if there is nothing to start now, with *child as it was. `env` must live
	 * until the next callback.
	 */
	bool (*next)(void *owner, struct child_opts *child, void **item);
	void (*start_failed)(void *owner, void *item, const struct error *err);
	void (*started)(void *owner, void *item); /* its child is running; may be NULL */
	void (*finished)(void *owner, void *item, const struct child_result *result);
	void *owner;
};

struct pool *pool_new(const struct pool_opts *opts);
void pool_kick(struct pool *pool);

/* A second call sends SIGKILL. */
void pool_cancel(struct pool *pool);

/* The same for the child of one item, if it has one; the others continue. */
void pool_cancel_item(struct pool *pool, const void *item);

/* The number of running children. */
unsigned pool_running(const struct pool *pool);

/* Only while no child is running. May be called from `finished`. */
void pool_free(struct pool *pool);

#endif
