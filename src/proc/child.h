/* SPDX-License-Identifier: PostgreSQL */
/*
 * One child process: spawn it, keep the beginning and the end of its stderr (or of all
 * that it says), cancel it at its deadline, report once.
 *
 * 1. child_opts_init(); the caller says what to run.
 * 2. child_start() spawns it in its own session: a ^C on the terminal reaches this
 *    program, not the child.
 * 3. It ends by itself, or at its deadline, or by child_cancel(): SIGTERM to its process
 *    group, and SIGKILL if it is still running CHILD_GRACE_MS later.
 * 4. `done` is called when it has exited AND its stderr is at end of file (or is still
 *    open CHILD_DRAIN_MS later: a grandchild may hold it).
 */
#ifndef PROC_CHILD_H
#define PROC_CHILD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/strvec.h"
#include "proc/loop.h"

enum { CHILD_GRACE_MS = 5000, CHILD_DRAIN_MS = 1000, CHILD_STDERR_BYTES = 3072 };

struct child;

struct child_result {
	int exit_status;   /* meaningless if it was killed by a signal */
	int term_signal;   /* 0 if it exited */
	bool is_timed_out; /* its deadline passed */
	bool is_cancelled; /* child_cancel() was called */
	uint64_t elapsed_ms;
	/* Its stderr, shortened in the middle if long, without the last newline, and with
	 * '?' for each NUL; never NULL. */
	const char *messages;
};

typedef void child_done_fn(void *owner, const struct child_result *result);

/* No descriptor: the child gets /dev/null. This program's own is never inherited. */
enum { CHILD_NO_FD = -1 };

struct child_opts {
	struct strvec argv;     /* argv[0] is a path, used as it is */
	const char *const *env; /* the whole environment; NULL inherits this one */
	int stdin_fd;           /* or CHILD_NO_FD */
	int stdout_fd;          /* the same */
	bool keeps_stdout;      /* it goes where stderr goes; stdout_fd is CHILD_NO_FD */
	bool owns_stdin;        /* child_opts_release() closes stdin_fd */
	bool owns_stdout;       /* and stdout_fd */
	uint64_t timeout_ms;    /* 0: no deadline */
	/* NULL, or a number that changes while the child makes progress, which postpones
	 * the deadline. Other threads may change it. It must outlive `done`. */
	const _Atomic uint64_t *activity;
	child_done_fn *done; /* called exactly once, never from child_start() */
	void *owner;         /* passed to `done`, must outlive that call */
};

/* Nothing to run yet, and no descriptors. */
void child_opts_init(struct child_opts *opts);

/* Free argv and close the descriptors that *opts owns; it is as after child_opts_init(). */
void child_opts_release(struct child_opts *opts);

/*
 * Start one child.
 * Ownership: releases *opts, even if it fails; `env` is read only during the call. The
 * child belongs to the loop and frees itself; *out may be used for child_cancel() until
 * `done` is called, not after.
 * Errors: ERROR_SYSTEM if it cannot start; then `done` is not called, and nothing of the
 * child is left running.
 */
MUST_CHECK bool child_start(struct loop *loop, struct child_opts *opts,
			    struct child **out, struct error *err);

/* Cancel it; the outcome still arrives through `done`. A second call sends SIGKILL. */
void child_cancel(struct child *child);

/* Did the child succeed? If not, *err says how it ended, followed by its messages. */
MUST_CHECK bool child_succeeded(const struct child_result *result, const char *program,
				struct error *err);

#endif
