/* SPDX-License-Identifier: PostgreSQL */
#include "proc/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <uv.h>

#include "base/str.h"

enum { CHILD_HEAD_BYTES = 1024 };

#define CUT "...\n" /* in place of what is left out */

struct child {
	uv_process_t process;
	uv_pipe_t stderr_pipe;
	uv_timer_t timer; /* for the deadline, then the grace, then the drain */
	unsigned open_handles;
	bool is_exited;
	bool is_drained;
	bool is_asked; /* SIGTERM was sent */
	uint64_t started_ms;
	uint64_t timeout_ms;
	const _Atomic uint64_t *activity;
	uint64_t last_activity;
	struct child_result result;
	char messages[CHILD_STDERR_BYTES];
	size_t messages_length;
	bool is_cut; /* something between head and tail is missing */
	char chunk[1024];
	child_done_fn *done;
	void *owner;
};

/* Join the messages. If something was cut, only whole lines remain on both sides. */
static void join_messages(struct child *child)
{
	char *tail = child->messages + CHILD_HEAD_BYTES;
	char *last_end = memrchr(child->messages, '\n', CHILD_HEAD_BYTES);
	char *to = last_end ? last_end + 1 : tail;
	const char *from = strchr(tail, '\n');

	from = from && from[1] ? from + 1 : tail;
	memmove(to + strlen(CUT), from, strlen(from) + 1);
	memcpy(to, CUT, strlen(CUT));
}

static void finish_messages(struct child *child)
{
	child->messages[child->messages_length] = '\0';
	if (child->is_cut)
		join_messages(child);
	for (size_t n = strlen(child->messages); n > 0 && child->messages[n - 1] == '\n';)
		child->messages[--n] = '\0';
	child->result.messages = child->messages;
}

static void on_closed(uv_handle_t *handle)
{
	struct child *child = handle->data;

	if (--child->open_handles > 0)
		return;
	if (child->done) { /* unset if child_start() itself failed */
		finish_messages(child);
		child->done(child->owner, &child->result);
	}
	free(child);
}

static void close_all(struct child *child)
{
	uv_close((uv_handle_t *)&child->timer, on_closed);
	uv_close((uv_handle_t *)&child->stderr_pipe, on_closed);
	uv_close((uv_handle_t *)&child->process, on_closed);
}

static void on_drain_over(uv_timer_t *timer)
{
	struct child *child = timer->data;

	close_all(child);
}

static void check_end(struct child *child)
{
	if (!child->is_exited)
		return;
	if (child->is_drained)
		close_all(child);
	else
		uv_timer_start(&child->timer, on_drain_over, CHILD_DRAIN_MS, 0);
}

static void on_process_exit(uv_process_t *process, int64_t exit_status, int term_signal)
{
	struct child *child = process->data;

	child->is_exited = true;
	child->result.exit_status = (int)exit_status;
	child->result.term_signal = term_signal;
	child->result.elapsed_ms = loop_now_ms() - child->started_ms;
	uv_timer_stop(&child->timer);
	if (child->is_asked) /* also ends what the child has started and left behind */
		kill(-process->pid, SIGKILL);
	check_end(child);
}

/* If there is no room, drop what comes after the head. */
static void keep_messages(struct child *child, const char *data, size_t length)
{
	size_t room = sizeof(child->messages) - sizeof(CUT) - child->messages_length;
	size_t excess = length > room ? length - room : 0;
	char *tail = child->messages + CHILD_HEAD_BYTES;

	if (excess) {
		child->messages_length -= excess;
		memmove(tail, tail + excess, child->messages_length - CHILD_HEAD_BYTES);
		child->is_cut = true;
	}
	for (size_t i = 0; i < length; i++)
		child->messages[child->messages_length++] = data[i] ? data[i] : '?';
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct child *child = handle->data;

	(void)suggested;
	*buf = uv_buf_init(child->chunk, sizeof(child->chunk));
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buf)
{
	struct child *child = stream->data;

	if (length > 0) {
		keep_messages(child, buf->base, (size_t)length);
	} else if (length < 0) { /* end of file, or an error, which is treated the same */
		uv_read_stop(stream);
		child->is_drained = true;
		check_end(child);
	}
}

static void kill_group(const struct child *child, int signal_number)
{
	if (!child->is_exited)
		kill(-child->process.pid, signal_number);
}

static void on_grace_over(uv_timer_t *timer)
{
	kill_group(timer->data, SIGKILL);
}

static void ask_to_end(struct child *child)
{
	kill_group(child, child->is_asked ? SIGKILL : SIGTERM);
	child->is_asked = true;
	if (!child->is_exited)
		uv_timer_start(&child->timer, on_grace_over, CHILD_GRACE_MS, 0);
}

static void on_deadline(uv_timer_t *timer)
{
	struct child *child = timer->data;
	uint64_t activity = child->activity ? atomic_load(child->activity) : 0;

	if (activity != child->last_activity) {
		child->last_activity = activity;
		uv_timer_start(&child->timer, on_deadline, child->timeout_ms, 0);
		return;
	}
	child->result.is_timed_out = true;
	ask_to_end(child);
}

/* The start failed: kill what may be running; on_process_exit() reaps it. */
static void abandon(struct child *child)
{
	child->is_drained = true;
	if (uv_is_active((uv_handle_t *)&child->process))
		kill_group(child, SIGKILL);
	else
		close_all(child);
}

static void init_handles(struct child *child, uv_loop_t *uv)
{
	uv_pipe_init(uv, &child->stderr_pipe, 0);
	uv_timer_init(uv, &child->timer);
	child->stderr_pipe.data = child;
	child->timer.data = child;
	child->process.data = child;
	child->open_handles = 3; /* uv_spawn() initializes the third, even if it fails */
}

static uv_stdio_container_t stdio_of(int fd)
{
	if (fd == CHILD_NO_FD)
		return (uv_stdio_container_t){ .flags = UV_IGNORE };
	return (uv_stdio_container_t){ .flags = UV_INHERIT_FD, .data.fd = fd };
}

/* `messages_fd`: the child's end of the pipe. */
static int spawn(struct child *child, uv_loop_t *uv, const struct child_opts *opts,
		 int messages_fd)
{
	uv_stdio_container_t stdio[3] = {
		stdio_of(opts->stdin_fd),
		stdio_of(opts->keeps_stdout ? messages_fd : opts->stdout_fd),
		stdio_of(messages_fd),
	};
	const uv_process_options_t options = {
		.exit_cb = on_process_exit,
		.file = opts->argv.v[0],
		.args = opts->argv.v,
		.env = (char **)opts->env,
		.flags = UV_PROCESS_DETACHED,
		.stdio_count = 3,
		.stdio = stdio,
	};

	return uv_spawn(uv, &child->process, &options);
}

/* `fd`: our end of the pipe. It is closed, now or by the handle. */
static int read_messages(struct child *child, int fd)
{
	int rc = uv_pipe_open(&child->stderr_pipe, fd);

	if (rc)
		close(fd);
	return rc ? rc
		  : uv_read_start((uv_stream_t *)&child->stderr_pipe, on_alloc, on_read);
}

/*
 * The pipe is our own: that of uv_spawn() is a socket, which a child cannot open by a name
 * such as /dev/stderr.
 */
static int spawn_and_read(struct child *child, uv_loop_t *uv,
			  const struct child_opts *opts, const int pipe_fds[2])
{
	int rc = spawn(child, uv, opts, pipe_fds[1]);

	close(pipe_fds[1]);
	if (!rc)
		return read_messages(child, pipe_fds[0]);
	close(pipe_fds[0]);
	return rc;
}

static bool start(struct loop *loop, const struct child_opts *opts, struct child **out,
		  struct error *err)
{
	struct child *child;
	int pipe_fds[2], rc;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return loop_set_error(err, -errno, "start %s", opts->argv.v[0]);
	child = xcalloc(1, sizeof(*child));
	init_handles(child, loop_uv(loop));
	child->started_ms = loop_now_ms();
	rc = spawn_and_read(child, loop_uv(loop), opts, pipe_fds);
	if (rc) { /* uv_spawn() may fail after the child was started */
		abandon(child);
		return loop_set_error(err, rc, "start %s", opts->argv.v[0]);
	}
	child->done = opts->done;
	child->owner = opts->owner;
	child->timeout_ms = opts->timeout_ms;
	child->activity = opts->activity;
	if (opts->timeout_ms > 0) {
		uv_update_time(loop_uv(loop));
		uv_timer_start(&child->timer, on_deadline, opts->timeout_ms, 0);
	}
	*out = child;
	return true;
}

void child_opts_init(struct child_opts *opts)
{
	*opts = (struct child_opts){ .stdin_fd = CHILD_NO_FD, .stdout_fd = CHILD_NO_FD };
}

void child_opts_release(struct child_opts *opts)
{
	strvec_release(&opts->argv);
	if (opts->owns_stdin)
		close(opts->stdin_fd);
	if (opts->owns_stdout)
		close(opts->stdout_fd);
	child_opts_init(opts);
}

bool child_start(struct loop *loop, struct child_opts *opts, struct child **out,
		 struct error *err)
{
	bool is_ok = start(loop, opts, out, err);

	child_opts_release(opts);
	return is_ok;
}

void child_cancel(struct child *child)
{
	child->result.is_cancelled = true;
	ask_to_end(child);
}

bool child_succeeded(const struct child_result *result, const char *program,
		     struct error *err)
{
	if (result->is_cancelled)
		error_set(err, ERROR_CHILD, "%s was stopped", program);
	else if (result->is_timed_out)
		error_set(err, ERROR_CHILD,
			  "%s exceeded its time limit and was cancelled after %.1f s",
			  program, (double)result->elapsed_ms / 1000);
	else if (result->term_signal)
		error_set(err, ERROR_CHILD, "%s was killed by signal %d (%s)", program,
			  result->term_signal, strsignal(result->term_signal));
	else if (result->exit_status)
		error_set(err, ERROR_CHILD, "%s exited with status %d", program,
			  result->exit_status);
	else
		return true;
	if (result->messages[0]) {
		error_append(err, "\n");
		error_append(err, result->messages);
	}
	return false;
}
