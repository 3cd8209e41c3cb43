/* SPDX-License-Identifier: PostgreSQL */
/*
 * `metamodel save`: dump accounts side by side from one snapshot into a directory built
 * aside, check every dump, carry over what could not be dumped, and swap the whole in.
 *
 * 1. save_start() returns at once; everything happens in the loop.
 * 2. save_cancel() may be called until `done`. Once the swap has begun it comes too late.
 * 3. `done` is called once, when nothing is left running and nothing half-done is left
 * behind.
 */
#ifndef TASK_SAVE_H
#define TASK_SAVE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/log.h"
#include "conf/conf.h"
#include "proc/loop.h"
#include "task/report.h"

struct save;

struct save_opts {
	struct loop *loop;
	const struct log *log;
	const struct conf *conf; /* must outlive `done` */
	const char *program;     /* "metamodel 0.1.0", for the manifest */
	bool (*ask_password)(void *owner, char **out); /* see struct node_opts */
	void (*progress)(void *owner, size_t done, size_t total); /* may be NULL */
	void (*done)(void *owner, const struct report *report);
	void *owner;
};

/* Ownership: it frees itself after `done`. */
struct save *save_start(const struct save_opts *opts);

void save_cancel(struct save *save, int signal_number);

#endif
