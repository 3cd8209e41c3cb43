/* SPDX-License-Identifier: PostgreSQL */
#include "store/rotate.h"

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
#include "base/str.h"
#include "store/marker.h"
#include "store/own.h"
#include "store/savedir.h"

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

/* ---- which directory is what ---- */

static uint64_t serial_at(const char *path, enum savedir_kind *kind, struct error *err)
{
	struct savedir save;
	uint64_t serial;

	*kind = SAVEDIR_FOREIGN;
	if (!savedir_open(path, &save, err))
		return 0;
	*kind = save.kind;
	serial = savedir_serial(&save);
	savedir_release(&save);
	return serial;
}

static bool has_marker(const char *path)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd >= 0 && marker_is_there(fd);
}

static bool is_link(const char *path)
{
	struct stat st;

	return !lstat(path, &st) && S_ISLNK(st.st_mode);
}

/* Is it a save that is newer than the present one and all old ones? Only this program can
 * have put it there. */
static bool is_new_save(const struct layout *layout, const char *path)
{
	AUTO_FREE char *old = layout_old(layout, 1);
	const char *const names[] = { layout->dir, old };
	enum savedir_kind kind;
	struct error ignored;
	uint64_t serial = is_link(path) ? 0 : serial_at(path, &kind, &ignored);

	if (!serial || kind != SAVEDIR_SAVE)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (serial_at(names[i], &kind, &ignored) >= serial)
			return false;
	return true;
}

/* Is metamodel.swap the save that the present one has replaced, according to its
 * manifest? */
static bool is_replaced(const struct layout *layout)
{
	struct savedir current, swapped;
	struct error ignored;
	AUTO_STRVEC struct strvec strangers = { 0 };
	bool is_it = false;

	if (is_link(layout->swap) || own_is_empty(layout->swap) ||
	    !own_check_save(layout->swap, &strangers, &ignored) ||
	    !savedir_open(layout->dir, &current, &ignored))
		return false;
	if (savedir_open(layout->swap, &swapped, &ignored)) {
		uint64_t serial = savedir_serial(&swapped);

		is_it = current.kind == SAVEDIR_SAVE &&
			serial < savedir_serial(&current) &&
			(!current.manifest.has_plan ||
			 serial == current.manifest.replaced);
		savedir_release(&swapped);
	}
	savedir_release(&current);
	return is_it;
}

static bool is_our_staging(const struct layout *layout)
{
	return has_marker(layout->staging) || own_is_empty(layout->staging) ||
	       is_new_save(layout, layout->staging);
}

static bool is_our_swap(const struct layout *layout)
{
	return is_new_save(layout, layout->swap) || is_replaced(layout);
}

static bool is_our_drop(const struct layout *layout)
{
	return !is_link(layout->drop) &&
	       (has_marker(layout->drop) || own_is_empty(layout->drop));
}

static bool refuse_foreign(const char *path, struct error *err)
{
	struct savedir save;
	const char *found = NULL;

	if (is_link(path)) {
		error_set(err, ERROR_DATA, "%s is a symbolic link", path);
		return error_hint(
			err, "it is in the way and will not be followed: move it away");
	}
	if (!savedir_open(path, &save, err))
		return false;
	if (save.dumps.count)
		found = save.dumps.v[0];
	else if (save.strays.count)
		found = save.strays.v[0];
	if (save.fd < 0)
		error_set(err, ERROR_DATA, "%s is not a directory", path);
	else if (found)
		error_set(err, ERROR_DATA, "%s holds %s, which no run left there", path,
			  found);
	else
		error_set(err, ERROR_DATA, "%s exists, but no run left it there", path);
	savedir_release(&save);
	return error_hint(
		err, "it is in the way and will not be deleted: move it away, or save "
		     "elsewhere with --directory");
}

unsigned rotate_count(const struct layout *layout, unsigned window)
{
	unsigned count = 0;

	for (unsigned generation = 1;; generation++) {
		AUTO_FREE char *old = layout_old(layout, generation);

		if (exists(old))
			count = generation;
		else if (generation > window)
			return count;
	}
}

static bool check_saves(const struct layout *layout, unsigned window,
			struct strvec *strangers, struct error *err)
{
	unsigned count = rotate_count(layout, window);

	if (!own_check_save(layout->dir, strangers, err))
		return false;
	for (unsigned generation = 1; generation <= count; generation++) {
		AUTO_FREE char *old = layout_old(layout, generation);

		if (!own_check_save(old, strangers, err))
			return false;
	}
	return true;
}

bool rotate_check(const struct layout *layout, unsigned window, struct strvec *strangers,
		  struct error *err)
{
	if (!check_saves(layout, window, strangers, err))
		return false;
	if (exists(layout->staging) && !is_our_staging(layout))
		return refuse_foreign(layout->staging, err);
	if (exists(layout->swap) && !is_our_swap(layout))
		return refuse_foreign(layout->swap, err);
	if (exists(layout->drop) && !is_our_drop(layout))
		return refuse_foreign(layout->drop, err);
	return true;
}

/* ---- moves, each noted so that it can be undone ---- */

struct journal {
	struct strvec from, to;
};

static void journal_release(struct journal *journal)
{
	strvec_release(&journal->from);
	strvec_release(&journal->to);
}

static bool move_noted(struct journal *journal, const char *from, const char *to,
		       struct error *err)
{
	if (!move(from, to, err))
		return false;
	strvec_push(&journal->from, from);
	strvec_push(&journal->to, to);
	return true;
}

static bool make_drop(const struct layout *layout, struct error *err)
{
	AUTO_CLOSE int fd = -1;

	if (mkdir(layout->drop, 0700) < 0 && (errno != EEXIST || !is_our_drop(layout)))
		return error_set(err, ERROR_SYSTEM, "create %s: %s", layout->drop,
				 strerror(errno));
	fd = open(layout->drop, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_set(err, ERROR_SYSTEM, "open %s: %s", layout->drop,
				 strerror(errno));
	return marker_is_there(fd) ||
	       marker_write(fd, "it holds old saves that are being deleted", NULL, err) ||
	       error_prefix(err, "%s", layout->drop);
}

/* Move one save to metamodel.drop, unless that has already been done. */
static bool drop_one(const struct layout *layout, const char *from, unsigned generation,
		     struct journal *journal, struct error *err)
{
	AUTO_FREE char *to = str_format("%s/%u", layout->drop, generation);

	if (exists(to) || !exists(from))
		return true;
	return make_drop(layout, err) && move_noted(journal, from, to, err);
}

static bool drop_planned(const struct layout *layout, const struct rotate_plan *plan,
			 struct journal *journal, struct error *err)
{
	for (size_t i = 0; i < plan->count; i++) {
		unsigned generation = (unsigned)plan->dropped[i];
		AUTO_FREE char *old = layout_old(layout, generation ? generation : 1);

		if (generation && !drop_one(layout, old, generation, journal, err))
			return false;
	}
	return true;
}

static bool replaced_goes(const struct rotate_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		if (!plan->dropped[i])
			return true;
	return false;
}

static bool move_old(const struct layout *layout, unsigned from, unsigned to,
		     struct journal *journal, struct error *err)
{
	AUTO_FREE char *from_path = layout_old(layout, from);
	AUTO_FREE char *to_path = layout_old(layout, to);

	return move_noted(journal, from_path, to_path, err);
}

/*
 * Number the old saves from `first` on, without gaps unless others follow: first
 * downwards from the newest, then upwards from the oldest. Their order is the same at
 * every moment.
 */
static bool number_from(const struct layout *layout, unsigned first, unsigned window,
			struct journal *journal, struct error *err)
{
	unsigned last = rotate_count(layout, window), count = 0;
	AUTO_FREE unsigned *there = xcalloc(last + 1, sizeof(unsigned));

	for (unsigned generation = 1; generation <= last; generation++) {
		AUTO_FREE char *old = layout_old(layout, generation);

		if (exists(old))
			there[count++] = generation;
	}
	for (unsigned i = 0; i < count; i++)
		if (there[i] > first + i &&
		    !move_old(layout, there[i], first + i, journal, err))
			return false;
	for (unsigned i = count; i-- > 0;)
		if (there[i] < first + i &&
		    !move_old(layout, there[i], first + i, journal, err))
			return false;
	return true;
}

/* ---- delete metamodel.drop ---- */

static bool delete_dropped(const struct layout *layout, struct strvec *notes,
			   struct error *err)
{
	AUTO_CLOSEDIR DIR *dir = opendir(layout->drop);
	AUTO_STRVEC struct strvec names = { 0 };
	struct dirent *entry;

	if (!dir)
		return errno == ENOENT || error_set(err, ERROR_SYSTEM, "open %s: %s",
						    layout->drop, strerror(errno));
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.' &&
		    strspn(entry->d_name, "0123456789") == strlen(entry->d_name))
			strvec_push(&names, entry->d_name);
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *path = str_format("%s/%s", layout->drop, names.v[i]);

		if (!own_delete(path, layout->dir, notes, err))
			return false;
	}
	return own_delete(layout->drop, layout->dir, notes, err);
}

static bool undo(const struct layout *layout, struct journal *journal)
{
	struct error ignored; /* the error that made it undo is reported instead */
	AUTO_CLOSE int fd = -1;

	for (size_t i = journal->from.count; i-- > 0;)
		if (!move(journal->to.v[i], journal->from.v[i], &ignored))
			return false;
	fd = open(layout->drop, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 || (has_marker(layout->drop) && marker_remove(fd, &ignored) &&
			  !rmdir(layout->drop));
}

/* ---- the swap ---- */

/* The replaced save is in metamodel.swap: make it metamodel.old. */
static bool retire(const struct layout *layout, const struct rotate_plan *plan,
		   struct strvec *notes, struct error *err)
{
	AUTO_FREE char *old = layout_old(layout, 1);
	bool goes = replaced_goes(plan);
	struct journal journal = { 0 };
	bool is_ok = drop_planned(layout, plan, &journal, err) &&
		     number_from(layout, goes ? 1 : 2, plan->window, &journal, err) &&
		     (goes ? drop_one(layout, layout->swap, 0, &journal, err)
			   : move(layout->swap, old, err));

	journal_release(&journal);
	return is_ok && fs_sync_dir(layout->parent, err) &&
	       delete_dropped(layout, notes, err);
}

static bool move_by_two_renames(const struct layout *layout,
				const struct rotate_plan *plan, struct journal *journal,
				struct error *err)
{
	AUTO_FREE char *old = layout_old(layout, 1);
	bool goes = replaced_goes(plan);

	return drop_planned(layout, plan, journal, err) &&
	       number_from(layout, goes ? 1 : 2, plan->window, journal, err) &&
	       (goes ? drop_one(layout, layout->dir, 0, journal, err)
		     : move_noted(journal, layout->dir, old, err)) &&
	       move(layout->swap, layout->dir, err);
}

static bool swap_by_two_renames(const struct layout *layout,
				const struct rotate_plan *plan, bool *is_swapped,
				bool *is_undone, struct strvec *notes, struct error *err)
{
	struct journal journal = { 0 };

	*is_swapped = move_by_two_renames(layout, plan, &journal, err);
	if (!*is_swapped)
		*is_undone = undo(
			layout, &journal); /* no save is given up if the new one failed */
	journal_release(&journal);
	return *is_swapped && fs_sync_dir(layout->parent, err) &&
	       delete_dropped(layout, notes, err);
}

/* The new save is in metamodel.swap, complete and synced: make it the save. *is_undone:
 * if this fails, is everything as before? */
static bool swap(const struct layout *layout, const struct rotate_plan *plan,
		 bool *is_swapped, bool *is_undone, struct strvec *notes,
		 struct error *err)
{
	*is_undone = true;
	if (own_is_empty(layout->dir))
		/* if it is not empty, it is exchanged like any other */
		(void)!rmdir(layout->dir);
	if (!exists(layout->dir)) {
		if (!move(layout->swap, layout->dir, err))
			return false;
		*is_swapped = true;
		return fs_sync_dir(layout->parent, err) &&
		       delete_dropped(layout, notes, err);
	}
	if (!renameat2(AT_FDCWD, layout->swap, AT_FDCWD, layout->dir, RENAME_EXCHANGE)) {
		*is_swapped = true;
		return fs_sync_dir(layout->parent, err) &&
		       retire(layout, plan, notes, err);
	}
	if (errno == EINVAL || errno == ENOSYS || errno == ENOTSUP)
		return swap_by_two_renames(layout, plan, is_swapped, is_undone, notes,
					   err);
	return error_set(err, ERROR_SYSTEM, "exchange %s and %s: %s", layout->swap,
			 layout->dir, strerror(errno));
}

bool rotate_discard(const struct layout *layout, struct strvec *notes, struct error *err)
{
	return own_delete(layout->staging, layout->dir, notes, err);
}

bool rotate_commit(const struct layout *layout, const struct rotate_plan *plan,
		   bool *is_swapped, struct strvec *notes, struct error *err)
{
	bool is_undone = true;
	struct error ignored;

	*is_swapped = false;
	if (!fs_sync_dir(layout->staging, err) ||
	    !move(layout->staging, layout->swap, err))
		return false;
	if (fs_sync_dir(layout->parent, err) &&
	    swap(layout, plan, is_swapped, &is_undone, notes, err))
		return true;
	/* everything is as before, so metamodel.swap is ours and no longer needed */
	if (!*is_swapped && is_undone && move(layout->swap, layout->staging, &ignored))
		(void)!rotate_discard(layout, notes, &ignored);
	return false;
}

/* ---- finishing what a dead run began ---- */

bool rotate_is_unfinished(const struct layout *layout)
{
	return exists(layout->staging) || exists(layout->swap) || exists(layout->drop);
}

/* Are all numbers of old saves taken, so that the last one has to go? */
static bool is_full(const struct layout *layout, unsigned window)
{
	for (unsigned generation = 1; generation <= window; generation++) {
		AUTO_FREE char *old = layout_old(layout, generation);

		if (!exists(old))
			return false;
	}
	return true;
}

static bool recover_swap(const struct layout *layout, struct strvec *notes,
			 struct error *err)
{
	bool is_exchanged = !is_new_save(layout, layout->swap), is_swapped, is_undone;
	AUTO_STRVEC struct strvec strangers = { 0 };
	struct rotate_plan plan = { .window = 1 };
	uint64_t surplus;
	struct savedir newer;
	bool is_ok;

	if (!savedir_open(is_exchanged ? layout->dir : layout->swap, &newer, err))
		return false;
	if (newer.manifest.has_plan)
		plan.window = (unsigned)newer.manifest.window;
	else if (newer.manifest.keep)
		plan.window = (unsigned)newer.manifest.keep;
	surplus = plan.window; /* for a manifest without a plan */
	plan.dropped = newer.manifest.has_plan ? newer.manifest.dropped : &surplus;
	plan.count = newer.manifest.has_plan ? newer.manifest.dropped_count
					     : is_full(layout, plan.window);
	is_ok = check_saves(layout, plan.window, &strangers, err) &&
		(is_exchanged ? retire(layout, &plan, notes, err)
			      : swap(layout, &plan, &is_swapped, &is_undone, notes, err));
	savedir_release(&newer);
	return is_ok;
}

bool rotate_recover(const struct layout *layout, bool *did_finish, bool *did_clean,
		    struct strvec *notes, struct error *err)
{
	bool has_swap = exists(layout->swap) && is_our_swap(layout);

	*did_finish = *did_clean = false;
	if (exists(layout->staging) && is_our_staging(layout)) {
		*did_clean = true;
		if (!rotate_discard(layout, notes, err))
			return false;
	}
	if (has_swap) {
		*did_finish = true;
		return recover_swap(layout, notes, err);
	}
	if (!exists(layout->drop) || !is_our_drop(layout))
		return true;
	*did_clean = true;
	return delete_dropped(layout, notes, err);
}
