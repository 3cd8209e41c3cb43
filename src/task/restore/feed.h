/* SPDX-License-Identifier: PostgreSQL */
/*
 * What psql reads: SQL of ours, and dumps of a save, which a thread reads once more and
 * hands on piece by piece. psql gets no byte that is not the one that was checked.
 *
 * 1. feed_new() makes the pipe that becomes the child's stdin.
 * 2. feed_start(), when the child runs. The pipe is closed when psql has everything.
 * 3. Should a dump have changed, or not be there, the pipe stays open, so that psql does
 *    not take what it has for all there is and commit: `done` has to end it.
 * 4. feed_stop(), when the child has ended, or is not waited for any more.
 * 5. `done` is called once, from the loop; then feed_free().
 */
#ifndef TASK_RESTORE_FEED_H
#define TASK_RESTORE_FEED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/error.h"
#include "proc/child.h"
#include "proc/loop.h"
#include "task/stored.h"
#include "store/savedir.h"

struct restore_feed;

struct restore_feed_opts {
	struct loop *loop;
	const struct savedir *save;
	unsigned server_major;     /* that the dumps are loaded into */
	void (*done)(void *owner); /* never from feed_start() or feed_stop() */
	void *owner;
};

/*
 * Fills in stdin of *child. Ownership: what is in *opts must outlive the feed.
 * Errors: ERROR_SYSTEM, if there is no pipe.
 */
struct restore_feed *feed_new(const struct restore_feed_opts *opts,
			      struct child_opts *child, struct error *err);

/* Before feed_start(): what is to be read, in this order. `text` is copied; `account` and
 * `dump` must outlive the feed. */
void feed_add_text(struct restore_feed *feed, const char *text);
void feed_add_dump(struct restore_feed *feed, const char *account,
		   const struct stored_dump *dump);

void feed_start(struct restore_feed *feed);
void feed_stop(struct restore_feed *feed);

/* After `done`: was everything handed on? If not, *err says why; ERROR_NONE when psql did
 * not want it, or feed_stop() was called. */
bool feed_is_complete(const struct restore_feed *feed, struct error *err);

/* After `done`, or without feed_start(). NULL is fine. */
void feed_free(struct restore_feed *feed);

#endif
