/* SPDX-License-Identifier: PostgreSQL */
/*
 * The present state of the database as a save, to be compared with another one.
 * Everything that a save guarantees (one snapshot, every dump checked) holds for it, too.
 * It is made in a directory of its own below TMPDIR, which only its user can enter, and
 * is deleted at the end.
 */
#ifndef TASK_LIVE_LIVE_H
#define TASK_LIVE_LIVE_H

#include "base/error.h"
#include "base/strvec.h"
#include "task/run.h"

struct live;

struct live_opts {
	const struct run_opts *run; /* copied; its `done` is not called */
	/* Called once, from the loop, with an error or NULL. */
	void (*done)(void *owner, const struct error *err);
	void *owner;
};

struct live *live_start(const struct live_opts *opts);

/* `done` is called with ERROR_SIGNAL. Not after `done`. */
void live_cancel(struct live *live, int signal_number);

/* After `done` without an error. */
const char *live_path(const struct live *live);

/* The accounts that could not be dumped, which is already logged; sorted. */
const struct strvec *live_failed(const struct live *live);

/* Delete the save. Only after `done`. What cannot be deleted is logged. */
void live_free(struct live *live);

#endif
