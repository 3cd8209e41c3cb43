/* SPDX-License-Identifier: PostgreSQL */
/*
 * A half-built save must not be taken for a complete one, so it is built under another
 * name. And whoever cleans up after a killed run must know what that run has written, so
 * a marker lists it before the first file is made.
 */
#include "task/save/staging.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/str.h"
#include "store/lockfile.h"
#include "store/marker.h"
#include "store/rotate.h"

/* Where a link is made before it takes the place of a file; of no account. */
#define LINK_FILE "link%" DUMP_SUFFIX

static void add_file(struct strvec *files, const char *account)
{
	AUTO_FREE char *file = layout_file_name(account);

	strvec_push(files, file);
}

/* Everything this run may write there: all accounts, and those that may be carried
 * over. */
static bool mark(const struct save *save, struct error *err)
{
	AUTO_STRVEC struct strvec files = { 0 }, before = { 0 };
	AUTO_FREE char *maker = str_format("metamodel save, process %ld, since %s",
					   (long)getpid(), save->started);

	for (size_t i = 0; i < save->accounts.count; i++)
		add_file(&files, save->accounts.list[i].place->name);
	if (save->previous.count)
		savedir_list_accounts(&save->previous.list[0], &before);
	for (size_t i = 0; i < before.count; i++)
		add_file(&files, before.v[i]);
	strvec_push(&files, LINK_FILE);
	return marker_write(save->staging.fd, maker, &files, err);
}

bool save_staging_make(struct save *save, struct error *err)
{
	const char *path = save->layout.staging;

	if (mkdir(path, 0700) < 0)
		return error_set(err, ERROR_SYSTEM, "create %s: %s", path,
				 strerror(errno));
	save->staging.is_made = true;
	save->staging.fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (save->staging.fd < 0)
		return error_set(err, ERROR_SYSTEM, "open %s: %s", path, strerror(errno));
	return mark(save, err) || error_prefix(err, "%s", path);
}

bool save_staging_create(const struct save_account *account, int *fd, struct error *err)
{
	const struct save *save = account->save;
	AUTO_FREE char *file = layout_file_name(account->place->name);

	*fd = openat(save->staging.fd, file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
		     0600);
	if (*fd >= 0)
		return true;
	return error_set(err, ERROR_SYSTEM, "create %s/%s: %s", save->layout.staging,
			 file, strerror(errno));
}

bool save_staging_open(const struct save_account *account, int *fd, struct error *err)
{
	AUTO_FREE char *file = layout_file_name(account->place->name);

	return fs_open_file(account->save->staging.fd, file, fd, err);
}

bool save_staging_link(const struct save_account *account, int dir_fd, const char *from,
		       const struct stat *expected)
{
	int fd = account->save->staging.fd;
	AUTO_FREE char *file = layout_file_name(account->place->name);
	struct stat st;

	if (linkat(dir_fd, from, fd, LINK_FILE, 0) < 0)
		return false;
	if (!fstatat(fd, LINK_FILE, &st, AT_SYMLINK_NOFOLLOW) &&
	    st.st_dev == expected->st_dev && st.st_ino == expected->st_ino &&
	    !renameat(fd, LINK_FILE, fd, file))
		return true;
	unlinkat(fd, LINK_FILE, 0);
	return false;
}

void save_staging_discard(const struct save_account *account)
{
	AUTO_FREE char *file = layout_file_name(account->place->name);

	/* if that fails, publishing reports it: the manifest does not list the file */
	unlinkat(account->save->staging.fd, file, 0);
}

void save_staging_clean_up(struct save *save)
{
	AUTO_STRVEC struct strvec notes = { 0 };
	struct error err;

	if (save->staging.is_made && !save->is_swapped &&
	    lockfile_is_held(save->layout.lock, save->lock_fd) &&
	    !rotate_discard(&save->layout, &notes, &err))
		log_error(save->opts.log, &err);
	run_log_notes(&save->opts, &notes);
}

void save_staging_release(struct save *save)
{
	if (save->staging.fd >= 0)
		close(save->staging.fd);
}
