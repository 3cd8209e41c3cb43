/* SPDX-License-Identifier: PostgreSQL */
/*
 * `metamodel verify`: is a save on disk what its manifest says? Needs no database, and no
 * lock: the directory is held open, so that a run that swaps it away does not disturb.
 *
 * `done` is called once, from the loop. A file that is not in order fails its account;
 * what belongs to no account fails as an account without name.
 */
#ifndef TASK_VERIFY_H
#define TASK_VERIFY_H

#include <stddef.h>

#include "base/log.h"
#include "conf/conf.h"
#include "proc/loop.h"
#include "task/report.h"

struct verify;

struct verify_opts {
	struct loop *loop;
	const struct log *log;
	const struct conf *conf; /* must outlive `done` */
	void (*progress)(void *owner, size_t done, size_t total); /* may be NULL */
	void (*done)(void *owner, const struct report *report);
	void *owner;
};

/* Ownership: it frees itself after `done`. */
struct verify *verify_start(const struct verify_opts *opts);

/* What is being read is read to its end; nothing more is begun. */
void verify_cancel(struct verify *verify, int signal_number);

#endif
