/* SPDX-License-Identifier: PostgreSQL */
/*
 * psql must get exactly the bytes that were checked: if a file changes while it is
 * loaded, psql must not reach the end of its input. So a thread stands between the file
 * and psql.
 */
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
#include "dump/digests.h"

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
	int stop_fd; /* readable when the thread is to stop */

	/* Only the thread uses these until it has ended. */
	bool is_complete;
	struct error error;
};

static bool fail_errno(struct error *err, const char *what)
{
	return error_set(err, ERROR_SYSTEM, "%s: %s", what, strerror(errno));
}

static bool open_pipe(struct restore_feed *feed, int *read_fd, struct error *err)
{
	int fds[2];

	feed->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (feed->stop_fd < 0)
		return fail_errno(err, "eventfd");
	if (pipe2(fds, O_CLOEXEC) < 0)
		return fail_errno(err, "pipe");
	feed->pipe_fd = fds[1];
	*read_fd = fds[0];
	if (fcntl(feed->pipe_fd, F_SETFL, O_NONBLOCK) == 0)
		return true;
	close(*read_fd);
	return fail_errno(err, "fcntl");
}

struct restore_feed *feed_new(const struct restore_feed_opts *opts,
			      struct child_opts *child, struct error *err)
{
	struct restore_feed *feed = xcalloc(1, sizeof(*feed));

	feed->opts = *opts;
	feed->pipe_fd = feed->stop_fd = -1;
	if (!open_pipe(feed, &child->stdin_fd, err)) {
		feed_free(feed);
		return NULL;
	}
	child->owns_stdin = true;
	return feed;
}

static void add(struct restore_feed *feed, const struct part *part)
{
	feed->parts = xgrow(feed->parts, feed->part_count, sizeof(feed->parts[0]));
	feed->parts[feed->part_count++] = *part;
}

void feed_add_text(struct restore_feed *feed, const char *text)
{
	add(feed, &(struct part){ .text = xstrdup(text) });
}

void feed_add_dump(struct restore_feed *feed, const char *account,
		   const struct stored_dump *dump)
{
	add(feed, &(struct part){ .account = account, .dump = dump });
}

/* ---- the thread ---- */

/* Wait until the pipe has room or psql has closed it. False: stop. */
static bool wait_for_room(const struct restore_feed *feed)
{
	struct pollfd fds[] = { { .fd = feed->pipe_fd, .events = POLLOUT },
				{ .fd = feed->stop_fd, .events = POLLIN } };

	while (poll(fds, ARRAY_SIZE(fds), -1) < 0)
		if (errno != EINTR && errno != EAGAIN)
			return false;
	return !fds[1].revents;
}

/* False: psql does not read any more, or the thread is to stop. */
static bool hand_on(const struct restore_feed *feed, const char *data, size_t length)
{
	while (length > 0) {
		ssize_t n = write(feed->pipe_fd, data, length);

		if (n >= 0) {
			data += n;
			length -= (size_t)n;
		} else if (errno == EAGAIN ? !wait_for_room(feed) : errno != EINTR) {
			return false;
		}
	}
	return true;
}

static bool hand_on_pieces(struct restore_feed *feed, struct dumpdigests_reader *reader)
{
	bool is_first = true;
	size_t length;
	char *data;

	do {
		if (!dumpdigests_next(reader, &data, &length, &feed->error))
			return false;
		if (is_first)
			dumpheader_adapt(data, length, feed->opts.server_major);
		is_first = false;
		if (!hand_on(feed, data, length))
			return false;
	} while (length > 0);
	return true;
}

static bool hand_on_dump(struct restore_feed *feed, const struct part *part)
{
	AUTO_CLOSE int fd = -1;
	struct dumpdigests_reader *reader;
	bool ok = false;

	if (savedir_open_dump(feed->opts.save, part->account, &fd, &feed->error)) {
		reader = dumpdigests_open(&part->dump->marks, fd);
		ok = hand_on_pieces(feed, reader);
		dumpdigests_close(reader);
	}
	if (feed->error.kind != ERROR_NONE)
		error_prefix(&feed->error, "the dump was changed while it was loaded");
	return ok;
}

static void run(void *owner)
{
	struct restore_feed *feed = owner;
	bool ok = true;

	for (size_t i = 0; ok && i < feed->part_count; i++) {
		const struct part *part = &feed->parts[i];

		ok = part->text ? hand_on(feed, part->text, strlen(part->text))
				: hand_on_dump(feed, part);
	}
	if (!ok)
		return;
	close(feed->pipe_fd); /* psql may commit now */
	feed->pipe_fd = -1;
	feed->is_complete = true;
}

static void on_run(void *owner)
{
	struct restore_feed *feed = owner;

	feed->opts.done(feed->opts.owner);
}

/* ---- on the loop's thread ---- */

void feed_start(struct restore_feed *feed)
{
	thread_start(feed->opts.loop, run, on_run, feed);
}

void feed_stop(struct restore_feed *feed)
{
	const uint64_t one = 1;
	ssize_t n = write(feed->stop_fd, &one, sizeof(one));

	(void)n; /* fails only after 2^64 calls */
}

bool feed_is_complete(const struct restore_feed *feed, struct error *err)
{
	*err = feed->error;
	return feed->is_complete;
}

void feed_free(struct restore_feed *feed)
{
	if (!feed)
		return;
	for (size_t i = 0; i < feed->part_count; i++)
		free(feed->parts[i].text);
	free(feed->parts);
	if (feed->pipe_fd >= 0)
		close(feed->pipe_fd);
	if (feed->stop_fd >= 0)
		close(feed->stop_fd);
	free(feed);
}
