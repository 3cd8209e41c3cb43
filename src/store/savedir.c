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

static bool list(const char *path, struct savedir *save, struct error *err)
{
	AUTO_CLOSEDIR DIR *dir = NULL;
	struct dirent *entry;
	int fd = dup(save->fd);

	if (fd < 0 || !(dir = fdopendir(fd)))
		return error_set(err, ERROR_SYSTEM, "read %s: %s", path, strerror(errno));
	while (errno = 0, (entry = readdir(dir))) {
		const char *name = entry->d_name;

		if (!strcmp(name, ".") || !strcmp(name, ".."))
			continue;
		if (!strcmp(name, MARKER_FILE) && marker_is_there(save->fd))
			continue;
		if (lockfile_is_ours(save->fd, name))
			strvec_push(&save->locks, name);
		else if (!layout_is_save_file(name) || !is_regular_file(save->fd, name) ||
			 !strcmp(name, DUMP_SUFFIX))
			strvec_push(&save->strays, name);
		else if (str_has_suffix(name, DUMP_SUFFIX))
			strvec_push(&save->dumps, name);
	}
	if (errno)
		return error_set(err, ERROR_SYSTEM, "read %s: %s", path, strerror(errno));
	strvec_sort(&save->dumps);
	strvec_sort(&save->strays);
	return true;
}

static enum savedir_kind read_kind(struct savedir *save)
{
	bool is_absent;

	if (manifest_read(save->fd, &save->manifest, &is_absent, &save->damage))
		return SAVEDIR_SAVE;
	if (!is_absent)
		return SAVEDIR_DAMAGED;
	return save->strays.count && !save->dumps.count ? SAVEDIR_FOREIGN
							: SAVEDIR_LEGACY;
}

bool savedir_open(const char *path, struct savedir *out, struct error *err)
{
	struct savedir save = { .kind = SAVEDIR_ABSENT };

	save.fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (save.fd < 0 && errno == ENOTDIR) {
		save.kind = SAVEDIR_FOREIGN;
	} else if (save.fd < 0 && errno != ENOENT) {
		return error_set(err, ERROR_SYSTEM, "open %s: %s", path, strerror(errno));
	} else if (save.fd >= 0) {
		if (!list(path, &save, err)) {
			savedir_release(&save);
			return false;
		}
		save.kind = read_kind(&save);
	}
	*out = save;
	return true;
}

/* The account whose dump this is. A name that is not UTF-8 cannot be an account's, and is
 * returned as a save would write it. Ownership: the caller frees. */
static char *account_of(const struct savedir *save, const char *file)
{
	AUTO_FREE char *stem = xstrndup(file, strlen(file) - strlen(DUMP_SUFFIX));
	AUTO_FREE char *decoded =
		save->kind == SAVEDIR_LEGACY ? xstrdup(stem) : layout_account_name(file);
	AUTO_FREE char *escaped = layout_file_name(stem);

	if (decoded && str_is_utf8(decoded, strlen(decoded)))
		return xstrdup(decoded);
	if (str_is_utf8(stem, strlen(stem)))
		return xstrdup(stem);
	return xstrndup(escaped, strlen(escaped) - strlen(DUMP_SUFFIX));
}

void savedir_list_accounts(const struct savedir *save, struct strvec *out)
{
	for (size_t i = 0; i < save->manifest.entry_count; i++)
		strvec_push(out, save->manifest.entries[i].account);
	for (size_t i = 0; save->kind != SAVEDIR_SAVE && i < save->dumps.count; i++) {
		AUTO_FREE char *account = account_of(save, save->dumps.v[i]);

		strvec_push(out, account);
	}
}

char *savedir_file_name(const struct savedir *save, const char *account)
{
	return save->kind == SAVEDIR_LEGACY ? str_format("%s" DUMP_SUFFIX, account)
					    : layout_file_name(account);
}

bool savedir_open_dump(const struct savedir *save, const char *account, int *fd,
		       struct error *err)
{
	AUTO_FREE char *file = savedir_file_name(save, account);

	if (fs_open_file(save->fd, file, fd, err))
		return true;
	if (errno != ENOENT)
		return false;
	for (size_t i = 0; save->kind == SAVEDIR_LEGACY && i < save->dumps.count; i++) {
		AUTO_FREE char *other = account_of(save, save->dumps.v[i]);

		if (!str_is_utf8(save->dumps.v[i], strlen(save->dumps.v[i])) &&
		    !strcmp(other, account))
			return error_set(err, ERROR_DATA,
					 "its file name is not UTF-8, so it belongs to "
					 "no account");
	}
	return error_set(err, ERROR_DATA, "missing");
}

uint64_t savedir_serial(const struct savedir *save)
{
	return save->manifest.serial;
}

void savedir_release(struct savedir *save)
{
	if (save->fd >= 0)
		close(save->fd);
	manifest_release(&save->manifest);
	strvec_release(&save->dumps);
	strvec_release(&save->strays);
	strvec_release(&save->locks);
	*save = (struct savedir){ .fd = -1 };
}
