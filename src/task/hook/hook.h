/* SPDX-License-Identifier: PostgreSQL */
/*
 * A command of the configuration that runs before or after a run: without a shell, with
 * no input, in this program's environment and directory. What it prints goes to the log.
 */
#ifndef TASK_HOOK_HOOK_H
#define TASK_HOOK_HOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/located.h"
#include "base/log.h"
#include "base/strvec.h"
#include "proc/loop.h"

struct hook;

struct hook_opts {
	struct loop *loop;
	const struct log *log;
	const struct located *command; /* words: base/words.h */
	const char *name;              /* "before" */
	/* Added to the environment: NAME=VALUE. Only read by hook_start(). */
	const struct strvec *variables;
	uint64_t timeout_ms; /* 0: no limit */
	/* Called once, never from hook_start(). NULL: it exited with status 0. */
	void (*done)(void *owner, const struct error *err);
	void *owner;
};

/*
 * Is there such a program?
 * Errors: ERROR_USAGE, with the place in the configuration.
 */
MUST_CHECK bool hook_check(const struct located *command, struct error *err);

/*
 * Run it.
 * Ownership: the hook frees itself after `done`; until then *out is for hook_cancel().
 * `command` and `log` must outlive `done`.
 * Errors: as hook_check(), or ERROR_SYSTEM; then `done` is not called.
 */
MUST_CHECK bool hook_start(const struct hook_opts *opts, struct hook **out,
			   struct error *err);

/* End it, with all that it has started in its process group. */
void hook_cancel(struct hook *hook);

#endif
