/* SPDX-License-Identifier: PostgreSQL */
#include "proc/loop.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <uv.h>

#include "base/auto.h"
#include "base/str.h"

enum { FILES_MIN = 12, THREADS_MIN = 4 /* libuv's default */ };

static const int watched_signals[] = { SIGINT, SIGTERM, SIGHUP };

struct loop {
	uv_loop_t uv;
	uv_signal_t signals[ARRAY_SIZE(watched_signals)];
	size_t open_signals;
	void (*on_signal)(void *owner, int signal_number);
	void *signal_owner;
};

struct timer {
	uv_timer_t handle;
	void (*fire)(void *owner);
	void *owner;
};

struct work {
	uv_work_t request;
	void (*run)(void *owner);
	void (*done)(void *owner);
	void *owner;
};

static const char *limit_hint(int rc)
{
	switch (rc) {
	case UV_EMFILE:
		return "too many files are open: raise the limit of this process "
		       "(ulimit -n), or use fewer jobs (-j)";
	case UV_ENFILE:
		return "too many files are open on this machine (fs.file-max)";
	case UV_EAGAIN:
		return "too many processes and threads: raise the limit of this user "
		       "(ulimit -u) or of the control group (pids.max, TasksMax), or use "
		       "fewer jobs (-j)";
	case UV_ENOMEM:
		return "there is not enough memory: use fewer jobs (-j)";
	}
	return "";
}

bool loop_set_error(struct error *err, int rc, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	{
		AUTO_FREE char *text = str_format_args(format, args);

		error_set(err, ERROR_SYSTEM, "%s: %s", text, uv_strerror(rc));
	}
	va_end(args);
	return error_hint(err, "%s", limit_hint(rc));
}

/* A loop needs 6 descriptors itself, and each child some more. */
static int check_files(void)
{
	int fds[FILES_MIN], count = 0, rc = 0;

	for (; count < FILES_MIN && !rc; count++) {
		fds[count] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (fds[count] < 0)
			rc = -errno;
	}
	while (count-- > 0)
		if (fds[count] >= 0)
			close(fds[count]);
	return rc;
}

static void *wait_for_all(void *barrier)
{
	sem_wait(barrier);
	return NULL;
}

/* As many as libuv starts as workers. */
static int check_threads(void)
{
	pthread_t threads[THREADS_MIN];
	int count = 0, rc = 0;
	sem_t barrier;

	sem_init(&barrier, 0, 0);
	while (count < THREADS_MIN && !rc) {
		rc = -pthread_create(&threads[count], NULL, wait_for_all, &barrier);
		count += !rc;
	}
	for (int i = 0; i < count; i++)
		sem_post(&barrier);
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	sem_destroy(&barrier);
	return rc;
}

bool loop_check_limits(struct error *err)
{
	int rc = check_files();

	if (rc)
		return loop_set_error(err, rc, "open files");
	rc = check_threads();
	return !rc || loop_set_error(err, rc, "start threads");
}

static void on_nothing(void *owner)
{
	(void)owner;
}

struct loop *loop_new(void)
{
	struct loop *loop = xcalloc(1, sizeof(*loop));
	int rc = uv_loop_init(&loop->uv);

	assert(!rc); /* fails only without memory or descriptors */
	/* makes libuv start its threads now */
	work_start(loop, on_nothing, on_nothing, NULL);
	return loop;
}

void loop_run(struct loop *loop)
{
	uv_run(&loop->uv, UV_RUN_DEFAULT);
}

static void unwatch_signals(struct loop *loop)
{
	for (size_t i = 0; i < loop->open_signals; i++)
		uv_close((uv_handle_t *)&loop->signals[i], NULL);
	loop->open_signals = 0;
}

void loop_ignore_signals(struct loop *loop)
{
	unwatch_signals(loop);
	for (size_t i = 0; i < ARRAY_SIZE(watched_signals); i++)
		signal(watched_signals[i], SIG_IGN); /* for all threads */
}

void loop_free(struct loop *loop)
{
	int rc;

	unwatch_signals(loop);
	uv_run(&loop->uv, UV_RUN_DEFAULT);
	rc = uv_loop_close(&loop->uv);
	assert(!rc);
	free(loop);
}

struct uv_loop_s *loop_uv(struct loop *loop)
{
	return &loop->uv;
}

uint64_t loop_now_ms(void)
{
	return uv_hrtime() / 1000000;
}

unsigned loop_processors(void)
{
#if UV_VERSION_HEX >= 0x012c00 /* 1.44 */
	return uv_available_parallelism();
#else
	long online = sysconf(_SC_NPROCESSORS_ONLN);

	return online > 0 ? (unsigned)online : 1;
#endif
}

static void on_uv_signal(uv_signal_t *handle, int signal_number)
{
	struct loop *loop = handle->data;

	loop->on_signal(loop->signal_owner, signal_number);
}

/* The parent process has set it: nohup, or a shell for a background job. */
static bool is_ignored(int signal_number)
{
	struct sigaction action;

	return !sigaction(signal_number, NULL, &action) && action.sa_handler == SIG_IGN;
}

bool loop_watch_signals(struct loop *loop,
			void (*on_signal)(void *owner, int signal_number), void *owner,
			struct error *err)
{
	loop->on_signal = on_signal;
	loop->signal_owner = owner;
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < ARRAY_SIZE(watched_signals); i++) {
		uv_signal_t *handle = &loop->signals[loop->open_signals];
		int rc;

		if (is_ignored(watched_signals[i]))
			continue;
		rc = uv_signal_init(&loop->uv, handle);

		if (!rc) {
			loop->open_signals++;
			handle->data = loop;
			rc = uv_signal_start(handle, on_uv_signal, watched_signals[i]);
		}
		if (rc)
			return error_set(err, ERROR_SYSTEM, "watch signal %d: %s",
					 watched_signals[i], uv_strerror(rc));
		uv_unref((uv_handle_t *)handle);
	}
	return true;
}

static void on_timer_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void on_timer(uv_timer_t *handle)
{
	struct timer *timer = handle->data;

	timer_cancel(timer);
	timer->fire(timer->owner); /* freed only by the close callback */
}

struct timer *timer_start(struct loop *loop, uint64_t delay_ms, void (*fire)(void *owner),
			  void *owner)
{
	struct timer *timer = xcalloc(1, sizeof(*timer));

	timer->fire = fire;
	timer->owner = owner;
	uv_timer_init(&loop->uv, &timer->handle);
	timer->handle.data = timer;
	uv_update_time(&loop->uv);
	uv_timer_start(&timer->handle, on_timer, delay_ms, 0);
	return timer;
}

void timer_cancel(struct timer *timer)
{
	uv_close((uv_handle_t *)&timer->handle, on_timer_closed);
}

static void on_work(uv_work_t *request)
{
	struct work *work = request->data;

	work->run(work->owner);
}

static void on_work_done(uv_work_t *request, int status)
{
	struct work *work = request->data;

	assert(!status); /* work is never cancelled */
	work->done(work->owner);
	free(work);
}

void work_start(struct loop *loop, void (*run)(void *owner), void (*done)(void *owner),
		void *owner)
{
	struct work *work = xcalloc(1, sizeof(*work));
	int rc;

	*work = (struct work){ .run = run, .done = done, .owner = owner };
	work->request.data = work;
	rc = uv_queue_work(&loop->uv, &work->request, on_work, on_work_done);
	assert(!rc);
}

struct thread {
	uv_thread_t id;
	uv_async_t ended;
	void (*run)(void *owner);
	void (*done)(void *owner);
	void *owner;
};

static void on_thread(void *data)
{
	struct thread *thread = data;

	thread->run(thread->owner);
	uv_async_send(&thread->ended);
}

static void on_thread_closed(uv_handle_t *handle)
{
	struct thread *thread = handle->data;

	thread->done(thread->owner);
	free(thread);
}

static void on_thread_ended(uv_async_t *handle)
{
	struct thread *thread = handle->data;

	uv_thread_join(&thread->id);
	uv_close((uv_handle_t *)handle, on_thread_closed);
}

static void on_pooled(void *owner)
{
	struct thread *thread = owner;

	thread->run(thread->owner);
}

static void on_pooled_done(void *owner)
{
	struct thread *thread = owner;

	uv_close((uv_handle_t *)&thread->ended, on_thread_closed);
}

void thread_start(struct loop *loop, void (*run)(void *owner), void (*done)(void *owner),
		  void *owner)
{
	struct thread *thread = xcalloc(1, sizeof(*thread));
	int rc;

	*thread = (struct thread){ .run = run, .done = done, .owner = owner };
	thread->ended.data = thread;
	rc = uv_async_init(&loop->uv, &thread->ended, on_thread_ended);
	assert(!rc);
	if (uv_thread_create(&thread->id, on_thread, thread))
		/* no thread can be created: use one of libuv's */
		work_start(loop, on_pooled, on_pooled_done, thread);
}

enum {
	EACH_WIDTH = THREADS_MIN
}; /* libuv's number of threads, unless it was told otherwise */

struct each {
	struct work_each_opts opts;
	size_t next;
	unsigned running;
	struct piece {
		struct each *each;
		size_t index;
	} pieces[EACH_WIDTH];
};

static void on_piece_done(void *owner);

static void on_piece(void *owner)
{
	struct piece *piece = owner;
	const struct work_each_opts *opts = &piece->each->opts;

	opts->run(opts->owner, piece->index);
}

static bool start_piece(struct piece *piece)
{
	struct each *each = piece->each;

	if (*each->opts.is_stopped || each->next == each->opts.count)
		return false;
	piece->index = each->next++;
	each->running++;
	work_start(each->opts.loop, on_piece, on_piece_done, piece);
	return true;
}

static void on_nothing_to_do(void *owner)
{
	struct each *each = owner;

	each->opts.finished(each->opts.owner);
	free(each);
}

static void on_piece_done(void *owner)
{
	struct piece *piece = owner;
	struct each *each = piece->each;

	each->opts.done(each->opts.owner, piece->index);
	each->running--;
	if (!start_piece(piece) && !each->running)
		on_nothing_to_do(each);
}

void work_each_start(const struct work_each_opts *opts)
{
	struct each *each = xcalloc(1, sizeof(*each));

	each->opts = *opts;
	for (size_t i = 0; i < EACH_WIDTH; i++) {
		each->pieces[i].each = each;
		start_piece(&each->pieces[i]);
	}
	if (!each->running)
		timer_start(opts->loop, 0, on_nothing_to_do, each);
}
