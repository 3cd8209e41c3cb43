/* SPDX-License-Identifier: PostgreSQL */
#include "store/own.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/str.h"
#include "dump/check.h"
#include "store/layout.h"
#include "store/lockfile.h"
#include "store/marker.h"
#include "product/product.h"

#define OPENING "--\n-- PostgreSQL database dump\n--\n"
#define GLOBAL_FILE PRODUCT_GLOBAL DUMP_SUFFIX

bool own_is_empty(const char *path)
{
	AUTO_CLOSEDIR DIR *dir = opendir(path);
	struct dirent *entry;
	bool is_empty = dir;

	while (is_empty && (entry = readdir(dir)))
		is_empty = !strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..");
	return is_empty;
}

static bool is_ascii(const char *s)
{
	while (*s && !(*s & 0x80))
		s++;
	return !*s;
}

/* The account that the file is named after, by the rule for saves or that of the old
 * scripts. Ownership: the caller frees. */
static char *account_of(const struct savedir *save, const char *file)
{
	char *decoded = save->kind == SAVEDIR_LEGACY ? NULL : layout_account_name(file);

	return decoded ? decoded : xstrndup(file, strlen(file) - strlen(DUMP_SUFFIX));
}

/* Is it a complete dump of that account's metamodel, and of nothing else? */
static bool is_dump(const struct savedir *save, const char *file)
{
	AUTO_FREE char *account = account_of(save, file);
	const struct dumpfile_opts opts = { .expect_schema =
						    is_ascii(account) ? account : NULL,
					    .expect_prefix = PRODUCT_PREFIX };
	struct dumpfile_facts facts;
	struct error ignored;
	AUTO_CLOSE int fd = -1;

	return fs_open_file(save->fd, file, &fd, &ignored) &&
	       dumpfile_check(fd, &opts, &facts, &ignored) && facts.is_sound;
}

/* The old scripts left nothing of a failed dump, or the beginning of pg_dump's output. */
static bool begins_as_dump(const struct savedir *save, const char *file)
{
	char text[sizeof(OPENING)];
	struct error ignored;
	AUTO_CLOSE int fd = -1;
	ssize_t length = -1;

	if (fs_open_file(save->fd, file, &fd, &ignored))
		length = pread(fd, text, strlen(OPENING), 0);
	return length >= 0 && !memcmp(text, OPENING, (size_t)length);
}

static bool is_listed(const struct savedir *save, const struct strvec *marked,
		      const char *file)
{
	AUTO_FREE char *account = layout_account_name(file);

	if (account && manifest_find(&save->manifest, account))
		return true;
	if (marked)
		return strvec_has(marked, file);
	return save->kind != SAVEDIR_SAVE && is_dump(save, file);
}

void own_divide(const struct savedir *save, struct strvec *ours, struct strvec *strangers)
{
	AUTO_STRVEC struct strvec marked = { 0 };
	bool has_marker = save->fd >= 0 && marker_read(save->fd, &marked);
	struct stat st;

	strvec_sort(&marked);
	for (size_t i = 0; i < save->dumps.count; i++)
		strvec_push(is_listed(save, has_marker ? &marked : NULL, save->dumps.v[i])
				    ? ours
				    : strangers,
			    save->dumps.v[i]);
	for (size_t i = 0; i < save->strays.count; i++)
		strvec_push(strangers, save->strays.v[i]);
	if (save->fd >= 0 &&
	    !fstatat(save->fd, MANIFEST_FILE, &st, AT_SYMLINK_NOFOLLOW) &&
	    S_ISREG(st.st_mode) && !has_marker && save->kind != SAVEDIR_SAVE &&
	    !marker_is_manifest(save->fd))
		strvec_push(strangers, MANIFEST_FILE);
}

/* ---- may it be renamed? ---- */

static bool refuse(struct error *err)
{
	return error_hint(
		err, "it is in the way and will not be deleted: move it away, or save "
		     "elsewhere with --directory");
}

/* A directory of the old scripts, in which every file is a dump. Some may be incomplete,
 * if the dump of _global shows whose directory it is. */
static bool check_legacy(const struct savedir *save, const char *path, struct error *err)
{
	bool has_global =
		strvec_has(&save->dumps, GLOBAL_FILE) && is_dump(save, GLOBAL_FILE);

	for (size_t i = 0; i < save->dumps.count; i++) {
		const char *file = save->dumps.v[i];

		if (is_dump(save, file) || (has_global && begins_as_dump(save, file)))
			continue;
		error_set(err, ERROR_DATA,
			  "%s holds %s, which is not the dump of an account", path, file);
		return refuse(err);
	}
	return true;
}

static bool check_kind(const struct savedir *save, const char *path,
		       struct strvec *strangers, struct error *err)
{
	AUTO_STRVEC struct strvec ours = { 0 }, found = { 0 };
	bool is_save = save->kind == SAVEDIR_SAVE ||
		       (save->kind == SAVEDIR_DAMAGED && marker_is_manifest(save->fd));

	if (save->kind == SAVEDIR_ABSENT)
		return true;
	if (save->fd < 0) {
		error_set(err, ERROR_DATA, "%s is not a directory", path);
		return refuse(err);
	}
	if (!is_save && save->strays.count) {
		error_set(err, ERROR_DATA, "%s holds %s, which is not part of a save",
			  path, save->strays.v[0]);
		return refuse(err);
	}
	if (!is_save && !check_legacy(save, path, err))
		return false;
	if (save->kind == SAVEDIR_DAMAGED && !is_save && !save->dumps.count) {
		error_set(err, ERROR_DATA,
			  "%s holds " MANIFEST_FILE ", which is not part of a save",
			  path);
		return refuse(err);
	}
	if (save->kind == SAVEDIR_SAVE)
		own_divide(save, &ours, &found);
	for (size_t i = 0; i < found.count; i++)
		strvec_push_format(strangers, "%s/%s", path, found.v[i]);
	return true;
}

bool own_check_save(const char *path, struct strvec *strangers, struct error *err)
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
	is_ok = check_kind(&save, path, strangers, err);
	savedir_release(&save);
	return is_ok;
}

/* ---- deleting ---- */

static bool delete_file(int dir_fd, const char *path, const char *file, struct error *err)
{
	if (!unlinkat(dir_fd, file, 0) || errno == ENOENT)
		return true;
	return error_set(err, ERROR_SYSTEM, "delete %s/%s: %s", path, file,
			 strerror(errno));
}

/* Delete stray lock files, the manifest, and last the marker. */
static bool delete_rest(const struct savedir *save, const char *path, struct error *err)
{
	for (size_t i = 0; i < save->locks.count; i++)
		if (!delete_file(save->fd, path, save->locks.v[i], err))
			return false;
	if ((save->kind == SAVEDIR_SAVE || marker_is_manifest(save->fd) ||
	     marker_is_there(save->fd)) &&
	    !delete_file(save->fd, path, MANIFEST_FILE, err))
		return false;
	return !marker_is_there(save->fd) ||
	       delete_file(save->fd, path, MARKER_FILE, err);
}

/* The name under which a file that is not ours is kept. Ownership: the caller frees. */
static char *name_kept(const char *base)
{
	char now[CLOCK_TEXT_BYTES];
	char *name;
	struct stat st;

	clock_now(now);
	name = str_format("%s.kept.%s", base, now);
	for (unsigned n = 2; !lstat(name, &st); n++) {
		free(name);
		name = str_format("%s.kept.%s.%u", base, now, n);
	}
	return name;
}

static bool keep_strangers(const struct savedir *save, const char *path, const char *base,
			   const struct strvec *strangers, struct strvec *notes,
			   struct error *err)
{
	AUTO_FREE char *kept = name_kept(base);

	if (renameat2(AT_FDCWD, path, AT_FDCWD, kept, RENAME_NOREPLACE) < 0 &&
	    (errno != EINVAL || rename(path, kept) < 0))
		return error_set(err, ERROR_SYSTEM, "rename %s to %s: %s", path, kept,
				 strerror(errno));
	strvec_push_format(
		notes,
		"%s is not part of the save, which is deleted now; it is kept in %s%s",
		strangers->v[0], kept, strangers->count > 1 ? ", with other files" : "");
	return delete_rest(save, kept, err);
}

static bool delete_opened(const struct savedir *save, const char *path, const char *base,
			  struct strvec *notes, struct error *err)
{
	AUTO_STRVEC struct strvec ours = { 0 }, strangers = { 0 };

	own_divide(save, &ours, &strangers);
	for (size_t i = 0; i < ours.count; i++)
		if (!delete_file(save->fd, path, ours.v[i], err))
			return false;
	if (strangers.count)
		return keep_strangers(save, path, base, &strangers, notes, err);
	if (!delete_rest(save, path, err))
		return false;
	if (rmdir(path) < 0 && errno != ENOENT)
		return error_set(err, ERROR_SYSTEM, "delete %s: %s", path,
				 strerror(errno));
	return true;
}

bool own_delete(const char *path, const char *base, struct strvec *notes,
		struct error *err)
{
	struct savedir save;
	bool is_ok;

	if (!savedir_open(path, &save, err))
		return false;
	is_ok = save.fd < 0 || delete_opened(&save, path, base, notes, err);
	savedir_release(&save);
	return is_ok;
}
