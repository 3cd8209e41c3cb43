/* SPDX-License-Identifier: PostgreSQL */
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"

bool fs_open_file(int dir_fd, const char *name, int *fd, struct error *err)
{
	int opened = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;

	if (opened >= 0 && !fstat(opened, &st) && S_ISREG(st.st_mode)) {
		*fd = opened;
		return true;
	}
	if (opened >= 0) {
		close(opened);
		errno = EINVAL;
		return error_set(err, ERROR_SYSTEM, "%s is not a regular file", name);
	}
	return error_set(err, ERROR_SYSTEM, "open %s: %s", name, strerror(errno));
}

bool fs_read_all(int fd, size_t max_bytes, char **out, size_t *length, struct error *err)
{
	AUTO_STRBUF struct strbuf text = { 0 };
	char chunk[65536];
	ssize_t n;

	strbuf_add(&text, "", 0);
	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set(err, ERROR_SYSTEM, "read: %s", strerror(errno));
		strbuf_add(&text, chunk, (size_t)n);
		if (text.length > max_bytes)
			return error_set(err, ERROR_DATA, "larger than %zu bytes",
					 max_bytes);
	}
	*length = text.length;
	*out = strbuf_detach(&text);
	return true;
}

static bool fail_write(struct error *err)
{
	bool is_full = errno == ENOSPC || errno == EDQUOT;

	error_set(err, ERROR_SYSTEM, "write: %s", strerror(errno));
	return is_full && error_hint(err, "free space on that disk");
}

bool fs_write_all(int fd, const void *data, size_t length, struct error *err)
{
	const char *p = data;

	while (length > 0) {
		ssize_t n = write(fd, p, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_write(err);
		p += n;
		length -= (size_t)n;
	}
	return true;
}

bool fs_copy(int from, int to, struct error *err)
{
	char chunk[65536];
	ssize_t n;

	while ((n = read(from, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set(err, ERROR_SYSTEM, "read: %s", strerror(errno));
		if (!fs_write_all(to, chunk, (size_t)n, err))
			return false;
	}
	return true;
}

bool fs_sync_dir(const char *path, struct error *err)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return error_set(err, ERROR_SYSTEM, "open %s: %s", path, strerror(errno));
	if (fsync(fd) < 0 && errno != EINVAL) /* some file systems cannot, such as CIFS */
		return error_set(err, ERROR_SYSTEM, "fsync %s: %s", path,
				 strerror(errno));
	return true;
}
