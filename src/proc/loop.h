/* SPDX-License-Identifier: PostgreSQL */
/*
 * The event loop with its signals, timers and worker threads. Hides libuv.
 *
 * Everything runs on the thread that called loop_run(), except the `run` of a work item.
 */
#ifndef PROC_LOOP_H
#define PROC_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/error.h"

struct loop;
struct timer;
struct uv_loop_s;

/*
 * Set ERROR_SYSTEM, "FORMAT: libuv's message"; `rc` may be -errno, too. If a limit of
 * this process is the cause, such as that of open files, the hint names it. Returns
 * false.
 */
bool loop_set_error(struct error *err, int rc, const char *format, ...) PRINTF_LIKE(3, 4);

/*
 * Can this process open the files and start the threads that a loop needs? If it cannot,
 * libuv would abort.
 * Errors: ERROR_SYSTEM, with the limit to raise.
 */
MUST_CHECK bool loop_check_limits(struct error *err);

/* Call loop_check_limits() first. */
struct loop *loop_new(void);

/* Run until there is nothing to wait for. Watched signals alone do not keep it running.
 * */
void loop_run(struct loop *loop);

/* Also stops watching signals. A handle that is still open is a bug and asserts. */
void loop_free(struct loop *loop);

/* For the callers that need libuv itself: proc/ and pg/pgconn.c. */
struct uv_loop_s *loop_uv(struct loop *loop);

/* Milliseconds of a clock that never jumps. */
uint64_t loop_now_ms(void);

/* The number of CPUs that this process may use, at least 1. */
unsigned loop_processors(void);

/*
 * Call `on_signal` for SIGINT, SIGTERM and SIGHUP from now on, except those that are
 * already ignored. SIGPIPE is ignored.
 */
MUST_CHECK bool loop_watch_signals(struct loop *loop,
				   void (*on_signal)(void *owner, int signal_number),
				   void *owner, struct error *err);

/*
 * Ignore those signals for the rest of this process: the work is done, and none of them
 * must become its exit status.
 */
void loop_ignore_signals(struct loop *loop);

/*
 * Call `fire` once, `delay_ms` from now, from the loop.
 * Ownership: the timer frees itself after firing; until then timer_cancel() may be
 * called, which frees it without firing.
 */
struct timer *timer_start(struct loop *loop, uint64_t delay_ms, void (*fire)(void *owner),
			  void *owner);
void timer_cancel(struct timer *timer);

/*
 * Call `run` on a worker thread, then `done` on the loop's thread. `run` must not touch
 * anything that the loop's thread may touch meanwhile. It cannot be cancelled: `owner`
 * must outlive `done`.
 */
void work_start(struct loop *loop, void (*run)(void *owner), void (*done)(void *owner),
		void *owner);

/*
 * The same on a separate thread, for work that blocks for a long time: there are few
 * worker threads.
 */
void thread_start(struct loop *loop, void (*run)(void *owner), void (*done)(void *owner),
		  void *owner);

/*
 * work_start() for each of `count` pieces, a few at once: call `run` with the index of
 * each on a worker thread, then `done` on the loop's thread, and `finished` once after
 * the last. When *is_stopped is set, no further piece is started.
 * Ownership: `owner` and `is_stopped` must outlive `finished`, which is never called
 * during the call.
 */
struct work_each_opts {
	struct loop *loop;
	size_t count;
	void (*run)(void *owner, size_t index);
	void (*done)(void *owner, size_t index);
	void (*finished)(void *owner);
	const bool *is_stopped;
	void *owner;
};

void work_each_start(const struct work_each_opts *opts);

#endif
