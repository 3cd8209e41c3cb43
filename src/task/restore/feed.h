/* SPDX-License-Identifier: PostgreSQL */
/*
 * What psql reads: this program's SQL, and the dumps of a save. A thread reads each dump
 * again and hands it on piece by piece, so that psql gets no byte that differs from what
 * was checked.
 *
 * 1. feed_new() makes the pipe that becomes the child's stdin.
 * 2. feed_start(), when the child is running. The pipe is closed when psql has
 *    everything.
 * 3. If a dump has changed or is missing, the pipe stays open: at end of file, psql would
 *    commit what it has. `done` has to end psql.
 * 4. feed_stop(), when the child has ended or is no longer waited for.
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
	unsigned server_major;     /* of the server that loads the dumps */
	void (*done)(void *owner); /* never from feed_start() or feed_stop() */
	void *owner;
};

/*
 * Sets stdin of *child.
 * Ownership: what *opts points to must outlive the feed, which the caller frees.
 * Errors: NULL and ERROR_SYSTEM if no pipe can be made.
 */
struct restore_feed *feed_new(const struct restore_feed_opts *opts,
			      struct child_opts *child, struct error *err);

/* Before feed_start(): add what psql is to read, in order. `text` is copied; `account`
 * and `dump` must outlive the feed. */
void feed_add_text(struct restore_feed *feed, const char *text);
void feed_add_dump(struct restore_feed *feed, const char *account,
		   const struct stored_dump *dump);

void feed_start(struct restore_feed *feed);
void feed_stop(struct restore_feed *feed);

/* After `done`: did psql get everything? If not, *err says why; it is ERROR_NONE if psql
 * stopped reading or feed_stop() was called. */
bool feed_is_complete(const struct restore_feed *feed, struct error *err);

/* After `done`, or if feed_start() was never called. NULL is allowed. */
void feed_free(struct restore_feed *feed);

#endif
