/* SPDX-License-Identifier: PostgreSQL */
#include "task/restore/feed.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "dump/header.h"
#include "dump/marks.h"

struct part {
	char *text; /* NULL: a dump */
	const char *account;
	const struct stored_dump *dump;
};

struct restore_feed {
	struct restore_feed_opts opts;
	struct part *parts;
	size_t part_count;
	int pipe_fd; /* our end */
	int stop_fd; /* readable when it is to stop */

	/* The thread's, until it has ended. */
	bool is_complete;
	struct error error;
};

static bool fail_errno(struct error *err, const char *what)
{
	return error_set(err, ERROR_SYSTEM, "%s: %s", what, strerror(errno));
}

static bool open_pipe(struct restore_feed *f, int *read_fd, struct error *err)
{
	int fds[2];

	f->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (f->stop_fd < 0)
		return fail_errno(err, "eventfd");
	if (pipe2(fds, O_CLOEXEC) < 0)
		return fail_errno(err, "pipe");
	f->pipe_fd = fds[1];
	*read_fd = fds[0];
	if (fcntl(f->pipe_fd, F_SETFL, O_NONBLOCK) == 0)
		return true;
	close(*read_fd);
	return fail_errno(err, "fcntl");
}

struct restore_feed *feed_new(const struct restore_feed_opts *opts,
			      struct child_opts *child, struct error *err)
{
	struct restore_feed *f = xcalloc(1, sizeof(*f));

	f->opts = *opts;
	f->pipe_fd = f->stop_fd = -1;
	if (!open_pipe(f, &child->stdin_fd, err)) {
		feed_free(f);
		return NULL;
	}
	child->owns_stdin = true;
	return f;
}

static void add(struct restore_feed *f, const struct part *part)
{
	f->parts = xgrow(f->parts, f->part_count, sizeof(f->parts[0]));
	f->parts[f->part_count++] = *part;
}

void feed_add_text(struct restore_feed *f, const char *text)
{
	add(f, &(struct part){ .text = xstrdup(text) });
}

void feed_add_dump(struct restore_feed *f, const char *account,
		   const struct stored_dump *dump)
{
	add(f, &(struct part){ .account = account, .dump = dump });
}

/* ---- the thread ---- */

/* Until there is room in the pipe, or nobody who would make some. */
static bool wait_for_room(const struct restore_feed *f)
{
	struct pollfd fds[] = { { .fd = f->pipe_fd, .events = POLLOUT },
				{ .fd = f->stop_fd, .events = POLLIN } };

	while (poll(fds, ARRAY_SIZE(fds), -1) < 0)
		if (errno != EINTR && errno != EAGAIN)
			return false;
	return !fds[1].revents;
}

/* False: psql does not want it, or it is to stop. */
static bool hand_on(const struct restore_feed *f, const char *data, size_t length)
{
	while (length > 0) {
		ssize_t n = write(f->pipe_fd, data, length);

		if (n >= 0) {
			data += n;
			length -= (size_t)n;
		} else if (errno == EAGAIN ? !wait_for_room(f) : errno != EINTR) {
			return false;
		}
	}
	return true;
}

static bool hand_on_pieces(struct restore_feed *f, struct dumpmarks_reader *reader)
{
	bool is_first = true;
	size_t length;
	char *data;

	do {
		if (!dumpmarks_next(reader, &data, &length, &f->error))
			return false;
		if (is_first)
			dumpheader_adapt(data, length, f->opts.server_major);
		is_first = false;
		if (!hand_on(f, data, length))
			return false;
	} while (length > 0);
	return true;
}

static bool hand_on_dump(struct restore_feed *f, const struct part *part)
{
	AUTO_CLOSE int fd = -1;
	struct dumpmarks_reader *reader;
	bool ok = false;

	if (savedir_open_dump(f->opts.save, part->account, &fd, &f->error)) {
		reader = dumpmarks_open(&part->dump->marks, fd);
		ok = hand_on_pieces(f, reader);
		dumpmarks_close(reader);
	}
	if (f->error.kind != ERROR_NONE)
		error_prefix(&f->error, "the dump was changed while it was loaded");
	return ok;
}

static void run(void *owner)
{
	struct restore_feed *f = owner;
	bool ok = true;

	for (size_t i = 0; ok && i < f->part_count; i++) {
		const struct part *part = &f->parts[i];

		ok = part->text ? hand_on(f, part->text, strlen(part->text))
				: hand_on_dump(f, part);
	}
	if (!ok)
		return;
	close(f->pipe_fd); /* psql may commit now */
	f->pipe_fd = -1;
	f->is_complete = true;
}

static void on_run(void *owner)
{
	struct restore_feed *f = owner;

	f->opts.done(f->opts.owner);
}

/* ---- the loop's ---- */

void feed_start(struct restore_feed *f)
{
	thread_start(f->opts.loop, run, on_run, f);
}

void feed_stop(struct restore_feed *f)
{
	const uint64_t one = 1;
	ssize_t n = write(f->stop_fd, &one, sizeof(one));

	(void)n; /* fails only if it was stopped 2^64 times */
}

bool feed_is_complete(const struct restore_feed *f, struct error *err)
{
	*err = f->error;
	return f->is_complete;
}

void feed_free(struct restore_feed *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->part_count; i++)
		free(f->parts[i].text);
	free(f->parts);
	if (f->pipe_fd >= 0)
		close(f->pipe_fd);
	if (f->stop_fd >= 0)
		close(f->stop_fd);
	free(f);
}
