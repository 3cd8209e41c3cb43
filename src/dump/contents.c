/* SPDX-License-Identifier: PostgreSQL */
#include "dump/contents.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/compiler.h"
#include "base/str.h"

enum { EDGE_BYTES = 4096, CHUNK_BYTES = 65536, PARTS = 3 };

static const char restrict_word[] = "\\restrict ";
static const char unrestrict_word[] = "\\unrestrict ";

/* A file, and its contents in three parts: before, between and after the two lines. */
struct contents {
	int fd;
	off_t from[PARTS], to[PARTS];
};

/* Read up to `length` bytes from `at`; fewer only at the end of the file. */
static bool read_at(int fd, off_t at, char *buffer, size_t length, size_t *got,
		    struct error *err)
{
	for (*got = 0; *got < length;) {
		ssize_t n = pread(fd, buffer + *got, length - *got, at + (off_t)*got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set(err, ERROR_SYSTEM, "read: %s", strerror(errno));
		if (!n)
			break;
		*got += (size_t)n;
	}
	return true;
}

/* The line \restrict, before which only comments and empty lines may stand; NULL if there
 * is none. */
static const char *find_restrict(const char *text)
{
	for (const char *line = text; *line; line += *line == '\n') {
		if (str_has_prefix(line, restrict_word))
			return strchr(line, '\n') ? line : NULL;
		if (*line != '\n' && !str_has_prefix(line, "--"))
			return NULL;
		line += strcspn(line, "\n");
	}
	return NULL;
}

/* The last line \unrestrict with this key; NULL if there is none. */
static const char *find_unrestrict(const char *text, size_t length, const char *key,
				   size_t key_length)
{
	AUTO_FREE char *line =
		str_format("\n%s%.*s\n", unrestrict_word, (int)key_length, key);
	const char *found = NULL, *next = text;

	while ((next = memmem(next, length - (size_t)(next - text), line, strlen(line))))
		found = ++next;
	return found;
}

static bool find_parts(int fd, struct contents *out, struct error *err)
{
	char head[EDGE_BYTES + 1], tail[EDGE_BYTES + 1];
	size_t head_length, tail_length, key_length;
	const char *first, *last;
	struct stat st;
	off_t tail_at;

	if (fstat(fd, &st) < 0)
		return error_set(err, ERROR_SYSTEM, "stat: %s", strerror(errno));
	*out = (struct contents){ .fd = fd, .to = { [0] = st.st_size } };
	tail_at = st.st_size > EDGE_BYTES ? st.st_size - EDGE_BYTES : 0;
	if (!read_at(fd, 0, head, EDGE_BYTES, &head_length, err) ||
	    !read_at(fd, tail_at, tail, EDGE_BYTES, &tail_length, err))
		return false;
	head[head_length] = tail[tail_length] = '\0';
	if (!(first = find_restrict(head)))
		return true;
	key_length = strcspn(first + strlen(restrict_word), "\n");
	last = find_unrestrict(tail, tail_length, first + strlen(restrict_word),
			       key_length);
	if (!last)
		return true;
	out->to[0] = first - head;
	out->from[1] = out->to[0] + (off_t)(strlen(restrict_word) + key_length);
	out->to[1] = tail_at + (last - tail);
	out->from[2] = out->to[1] + (off_t)(strlen(unrestrict_word) + key_length);
	out->to[2] = st.st_size;
	return true;
}

static bool compare_part(const struct contents *a, const struct contents *b, int part,
			 bool *is_equal, struct error *err)
{
	char a_data[CHUNK_BYTES], b_data[CHUNK_BYTES];
	off_t length = a->to[part] - a->from[part];

	*is_equal = length == b->to[part] - b->from[part];
	for (off_t done = 0; *is_equal && done < length;) {
		size_t wanted = length - done < CHUNK_BYTES ? (size_t)(length - done)
							    : CHUNK_BYTES;
		size_t a_got, b_got;

		if (!read_at(a->fd, a->from[part] + done, a_data, wanted, &a_got, err) ||
		    !read_at(b->fd, b->from[part] + done, b_data, wanted, &b_got, err))
			return false;
		*is_equal = a_got == wanted && b_got == wanted &&
			    !memcmp(a_data, b_data, wanted);
		done += (off_t)wanted;
	}
	return true;
}

bool dumpcontents_equal(int a_fd, int b_fd, bool *is_equal, struct error *err)
{
	struct contents a, b;

	if (!find_parts(a_fd, &a, err) || !find_parts(b_fd, &b, err))
		return false;
	*is_equal = true;
	for (int part = 0; part < PARTS && *is_equal; part++)
		if (!compare_part(&a, &b, part, is_equal, err))
			return false;
	return true;
}
