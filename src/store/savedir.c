/* SPDX-License-Identifier: PostgreSQL */
#include "store/savedir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/str.h"
#include "store/layout.h"
#include "store/lockfile.h"
#include "store/marker.h"

static bool is_regular_file(int dir_fd, const char *name)
{
	struct stat st;

	return !fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) && S_ISREG(st.st_mode);
}

static bool list(const char *path, struct savedir *s, struct error *err)
{
	AUTO_CLOSEDIR DIR *dir = NULL;
	struct dirent *entry;
	int fd = dup(s->fd);

	if (fd < 0 || !(dir = fdopendir(fd)))
		return error_set(err, ERROR_SYSTEM, "read %s: %s", path, strerror(errno));
	while (errno = 0, (entry = readdir(dir))) {
		const char *name = entry->d_name;

		if (!strcmp(name, ".") || !strcmp(name, ".."))
			continue;
		if (!strcmp(name, MARKER_FILE) && marker_is_there(s->fd))
			continue;
		if (lockfile_is_ours(s->fd, name))
			strvec_push(&s->locks, name);
		else if (!layout_is_save_file(name) || !is_regular_file(s->fd, name) ||
			 !strcmp(name, DUMP_SUFFIX))
			strvec_push(&s->strays, name);
		else if (str_has_suffix(name, DUMP_SUFFIX))
			strvec_push(&s->dumps, name);
	}
	if (errno)
		return error_set(err, ERROR_SYSTEM, "read %s: %s", path, strerror(errno));
	strvec_sort(&s->dumps);
	strvec_sort(&s->strays);
	return true;
}

static enum savedir_kind read_kind(struct savedir *s)
{
	bool is_absent;

	if (manifest_read(s->fd, &s->manifest, &is_absent, &s->damage))
		return SAVEDIR_SAVE;
	if (!is_absent)
		return SAVEDIR_DAMAGED;
	return s->strays.count && !s->dumps.count ? SAVEDIR_FOREIGN : SAVEDIR_LEGACY;
}

bool savedir_open(const char *path, struct savedir *out, struct error *err)
{
	struct savedir s = { .kind = SAVEDIR_ABSENT };

	s.fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s.fd < 0 && errno == ENOTDIR) {
		s.kind = SAVEDIR_FOREIGN;
	} else if (s.fd < 0 && errno != ENOENT) {
		return error_set(err, ERROR_SYSTEM, "open %s: %s", path, strerror(errno));
	} else if (s.fd >= 0) {
		if (!list(path, &s, err)) {
			savedir_release(&s);
			return false;
		}
		s.kind = read_kind(&s);
	}
	*out = s;
	return true;
}

/* The account whose dump this is; a name that is not UTF-8 is nobody's, and is told as a
 * save would write it. Caller frees. */
static char *account_of(const struct savedir *s, const char *file)
{
	AUTO_FREE char *stem = xstrndup(file, strlen(file) - strlen(DUMP_SUFFIX));
	AUTO_FREE char *decoded =
		s->kind == SAVEDIR_LEGACY ? xstrdup(stem) : layout_account_name(file);
	AUTO_FREE char *escaped = layout_file_name(stem);

	if (decoded && str_is_utf8(decoded, strlen(decoded)))
		return xstrdup(decoded);
	if (str_is_utf8(stem, strlen(stem)))
		return xstrdup(stem);
	return xstrndup(escaped, strlen(escaped) - strlen(DUMP_SUFFIX));
}

void savedir_list_accounts(const struct savedir *s, struct strvec *out)
{
	for (size_t i = 0; i < s->manifest.entry_count; i++)
		strvec_push(out, s->manifest.entries[i].account);
	for (size_t i = 0; s->kind != SAVEDIR_SAVE && i < s->dumps.count; i++) {
		AUTO_FREE char *account = account_of(s, s->dumps.v[i]);

		strvec_push(out, account);
	}
}

char *savedir_file_name(const struct savedir *s, const char *account)
{
	return s->kind == SAVEDIR_LEGACY ? str_format("%s" DUMP_SUFFIX, account)
					 : layout_file_name(account);
}

bool savedir_open_dump(const struct savedir *s, const char *account, int *fd,
		       struct error *err)
{
	AUTO_FREE char *file = savedir_file_name(s, account);

	if (fs_open_file(s->fd, file, fd, err))
		return true;
	if (errno != ENOENT)
		return false;
	for (size_t i = 0; s->kind == SAVEDIR_LEGACY && i < s->dumps.count; i++) {
		AUTO_FREE char *other = account_of(s, s->dumps.v[i]);

		if (!str_is_utf8(s->dumps.v[i], strlen(s->dumps.v[i])) &&
		    !strcmp(other, account))
			return error_set(err, ERROR_DATA,
					 "its file name is not UTF-8, so it belongs to "
					 "no account");
	}
	return error_set(err, ERROR_DATA, "missing");
}

uint64_t savedir_serial(const struct savedir *s)
{
	return s->manifest.serial;
}

void savedir_release(struct savedir *s)
{
	if (s->fd >= 0)
		close(s->fd);
	manifest_release(&s->manifest);
	strvec_release(&s->dumps);
	strvec_release(&s->strays);
	strvec_release(&s->locks);
	*s = (struct savedir){ .fd = -1 };
}
