/* SPDX-License-Identifier: PostgreSQL */
#include "store/lockfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/str.h"
#include "store/layout.h"

static bool set_busy(int fd, const char *path, struct error *err)
{
	char holder[256];
	ssize_t length = pread(fd, holder, sizeof(holder) - 1, 0);

	holder[length > 0 ? length : 0] = '\0';
	holder[strcspn(holder, "\n")] = '\0';
	error_set(err, ERROR_BUSY, "another run holds the lock %s%s%s", path,
		  holder[0] ? ": " : "", holder);
	return error_hint(err, "wait until it ends, or stop it");
}

static bool describe(int fd, const char *holder)
{
	struct error ignored; /* the disk may be full: the lock holds all the same */

	return !ftruncate(fd, 0) && fs_write_all(fd, holder, strlen(holder), &ignored) &&
	       fs_write_all(fd, "\n", 1, &ignored);
}

bool lockfile_is_ours(int dir_fd, const char *name)
{
	AUTO_CLOSE int fd = -1;
	struct error ignored;
	char text[256];
	ssize_t length;

	if (!str_has_suffix(name, LOCK_SUFFIX) ||
	    !fs_open_file(dir_fd, name, &fd, &ignored) ||
	    (length = pread(fd, text, sizeof(text) - 1, 0)) < 0)
		return false;
	text[length] = '\0';
	return !length ||
	       (str_has_prefix(text, "metamodel ") && /* see run.c, verify.c */
		text[length - 1] == '\n' && strcspn(text, "\n") + 1 == (size_t)length);
}

bool lockfile_is_held(const char *path, int fd)
{
	struct stat ours, there;

	return !fstat(fd, &ours) && !lstat(path, &there) && ours.st_dev == there.st_dev &&
	       ours.st_ino == there.st_ino;
}

bool lockfile_take(const char *path, const char *holder, int *fd, struct error *err)
{
	int opened = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (opened < 0) {
		bool is_missing = errno == ENOENT;

		error_set(err, ERROR_SYSTEM, "open the lock file %s: %s", path,
			  strerror(errno));
		return is_missing && error_hint(err, "create its directory first");
	}
	if (!flock(opened, LOCK_EX | LOCK_NB)) {
		(void)describe(opened, holder);
		*fd = opened;
		return true;
	}
	if (errno == EWOULDBLOCK)
		set_busy(opened, path, err);
	else
		error_set(err, ERROR_SYSTEM, "lock %s: %s", path, strerror(errno));
	close(opened);
	return false;
}
