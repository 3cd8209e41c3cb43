/* SPDX-License-Identifier: PostgreSQL */
#include "tree/rotate.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fs.h"
#include "tree/savedir.h"

static bool exists(const char *path)
{
	struct stat st;

	return !lstat(path, &st);
}

static bool move(const char *from, const char *to, struct error *err)
{
	if (!rename(from, to))
		return true;
	return error_set(err, ERROR_SYSTEM, "rename %s to %s: %s", from, to,
			 strerror(errno));
}

bool rotate_delete(const char *path, struct error *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	AUTO_CLOSEDIR DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir && errno == ENOENT)
		return true;
	if (!dir)
		return error_set(err, ERROR_SYSTEM, "open %s: %s", path, strerror(errno));
	while ((entry = readdir(dir)))
		if (layout_is_save_file(entry->d_name) &&
		    unlinkat(dirfd(dir), entry->d_name, 0) < 0 && errno != ENOENT)
			return error_set(err, ERROR_SYSTEM, "delete %s/%s: %s", path,
					 entry->d_name, strerror(errno));
	if (rmdir(path) < 0)
		return error_set(err, ERROR_SYSTEM, "delete %s: %s", path,
				 strerror(errno));
	return true;
}

static bool check_own(const char *path, struct error *err)
{
	struct savedir save;
	struct stat st;
	bool is_ok;

	if (!lstat(path, &st) && S_ISLNK(st.st_mode)) {
		error_set(err, ERROR_DATA, "%s is a symbolic link", path);
		return error_hint(
			err, "it is in the way and will not be followed: move it away");
	}
	if (!savedir_open(path, &save, err))
		return false;
	is_ok = savedir_check_own(&save, path, err);
	savedir_release(&save);
	return is_ok;
}

bool rotate_check(const struct layout *l, unsigned keep, struct error *err)
{
	const char *const names[] = { l->dir, l->staging, l->swap, l->drop };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!check_own(names[i], err))
			return false;
	for (unsigned generation = 1; generation <= keep; generation++) {
		AUTO_FREE char *old = layout_old(l, generation);

		if (!check_own(old, err))
			return false;
	}
	return true;
}

/* Free the name metamodel.old by moving each older save on by one, up to the first gap.
 */
static bool make_room(const struct layout *l, unsigned keep, struct error *err)
{
	AUTO_FREE char *last = layout_old(l, keep);
	unsigned gap = 1;

	for (; gap < keep; gap++) {
		AUTO_FREE char *old = layout_old(l, gap);

		if (!exists(old))
			break;
	}
	if (gap == keep && exists(last) && !move(last, l->drop, err))
		return false;
	for (unsigned generation = gap; generation > 1; generation--) {
		AUTO_FREE char *from = layout_old(l, generation - 1);
		AUTO_FREE char *to = layout_old(l, generation);

		if (!move(from, to, err))
			return false;
	}
	return true;
}

/* Undo make_room() as far as it came: no save is given up for one that did not come. */
static void unmake_room(const struct layout *l, unsigned keep)
{
	AUTO_FREE char *last = layout_old(l, keep);
	struct error
		ignored; /* what cannot be undone is told by what could not be done */

	for (unsigned generation = 1; generation < keep; generation++) {
		AUTO_FREE char *to = layout_old(l, generation);
		AUTO_FREE char *from = layout_old(l, generation + 1);

		if (!exists(to) && exists(from))
			(void)!move(from, to, &ignored);
	}
	if (exists(l->drop) && !exists(last))
		(void)!move(l->drop, last, &ignored);
}

/* The replaced save is in metamodel.swap: make it metamodel.old. */
static bool retire(const struct layout *l, unsigned keep, struct error *err)
{
	AUTO_FREE char *old = layout_old(l, 1);

	return make_room(l, keep, err) && move(l->swap, old, err) &&
	       fs_sync_dir(l->parent, err) && rotate_delete(l->drop, err);
}

static bool swap_by_two_renames(const struct layout *l, unsigned keep, bool *is_swapped,
				struct error *err)
{
	AUTO_FREE char *old = layout_old(l, 1);

	if (!make_room(l, keep, err) || !move(l->dir, old, err)) {
		unmake_room(l, keep);
		return false;
	}
	if (!move(l->swap, l->dir, err)) {
		struct error ignored; /* rotate_recover() finishes it, then */

		if (move(old, l->dir, &ignored))
			unmake_room(l, keep);
		return false;
	}
	*is_swapped = true;
	return fs_sync_dir(l->parent, err) && rotate_delete(l->drop, err);
}

/* The new save is in metamodel.swap, whole and synced: make it the save. */
static bool swap(const struct layout *l, unsigned keep, bool *is_swapped,
		 struct error *err)
{
	if (!exists(l->dir)) {
		if (!move(l->swap, l->dir, err))
			return false;
		*is_swapped = true;
		return fs_sync_dir(l->parent, err);
	}
	if (!renameat2(AT_FDCWD, l->swap, AT_FDCWD, l->dir, RENAME_EXCHANGE)) {
		*is_swapped = true;
		return fs_sync_dir(l->parent, err) && retire(l, keep, err);
	}
	if (errno == EINVAL || errno == ENOSYS || errno == ENOTSUP)
		return swap_by_two_renames(l, keep, is_swapped, err);
	return error_set(err, ERROR_SYSTEM, "exchange %s and %s: %s", l->swap, l->dir,
			 strerror(errno));
}

bool rotate_commit(const struct layout *l, unsigned keep, bool *is_swapped,
		   struct error *err)
{
	bool had_save = exists(l->dir);
	struct error ignored;

	*is_swapped = false;
	if (!fs_sync_dir(l->staging, err) || !move(l->staging, l->swap, err))
		return false;
	if (fs_sync_dir(l->parent, err) && swap(l, keep, is_swapped, err))
		return true;
	/* as it was: metamodel.swap is ours, and of no worth from here on */
	if (!*is_swapped && had_save == exists(l->dir) &&
	    move(l->swap, l->staging, &ignored))
		(void)!rotate_delete(l->staging, &ignored);
	return false;
}

bool rotate_is_unfinished(const struct layout *l)
{
	return exists(l->staging) || exists(l->swap) || exists(l->drop);
}

/* Was metamodel.swap, which is there, replaced already? *keep: what the run was told. */
static bool is_exchanged(const struct layout *l, bool *out, unsigned *keep,
			 struct error *err)
{
	struct savedir current, swapped;
	const struct savedir *newer;

	if (!savedir_open(l->dir, &current, err))
		return false;
	if (!savedir_open(l->swap, &swapped, err)) {
		savedir_release(&current);
		return false;
	}
	*out = savedir_serial(&swapped) < savedir_serial(&current);
	newer = *out ? &current : &swapped;
	*keep = newer->manifest.keep ? (unsigned)newer->manifest.keep : 1;
	savedir_release(&current);
	savedir_release(&swapped);
	return true;
}

static bool recover_swap(const struct layout *l, struct error *err)
{
	bool is_swapped, was_exchanged;
	unsigned keep;

	if (!is_exchanged(l, &was_exchanged, &keep, err) || !rotate_check(l, keep, err))
		return false;
	return was_exchanged ? retire(l, keep, err) : swap(l, keep, &is_swapped, err);
}

bool rotate_recover(const struct layout *l, bool *did_finish, bool *did_clean,
		    struct error *err)
{
	*did_finish = *did_clean = false;
	if (!rotate_is_unfinished(l))
		return true;
	if (!check_own(l->drop, err) || !check_own(l->staging, err))
		return false;
	*did_clean = exists(l->staging) || exists(l->drop);
	if (!rotate_delete(l->drop, err) || !rotate_delete(l->staging, err))
		return false;
	*did_finish = exists(l->swap);
	return !*did_finish || recover_swap(l, err);
}
