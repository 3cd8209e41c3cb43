/* SPDX-License-Identifier: PostgreSQL */
#include "store/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "store/marker.h"

/* Does the directory have a manifest of this program, or is one being made there? */
static bool is_save(const char *path)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	return fd >= 0 && (marker_is_there(fd) ||
			   (!fstatat(fd, MANIFEST_FILE, &st, AT_SYMLINK_NOFOLLOW) &&
			    S_ISREG(st.st_mode) && marker_is_manifest(fd)));
}

/* The nearest directory that is a save, from `path` upwards; NULL if there is none.
 * Ownership: the caller frees. */
static char *find_save_above(const char *path)
{
	AUTO_FREE char *there = xstrdup(path);
	AUTO_FREE char *real = NULL;
	char *slash;

	while (!(real = realpath(*there ? there : "/", NULL)) &&
	       (slash = strrchr(there, '/')))
		*slash = '\0'; /* go on with the parent of what does not exist yet */
	if (!real)
		real = realpath(".", NULL);

	while (real && *real) {
		if (is_save(real))
			return xstrdup(real);
		slash = strrchr(real, '/');
		*slash = '\0';
	}
	return NULL;
}

bool place_check_outside(const struct layout *layout, const char *name, struct error *err)
{
	AUTO_FREE char *above = find_save_above(layout->parent);
	struct stat st;

	if (above) {
		error_set(err, ERROR_USAGE,
			  "option --directory: %s is inside the save %s", name, above);
		return error_hint(err, "name the save itself: --directory=%s", above);
	}
	if (stat(layout->dir, &st) < 0 || S_ISDIR(st.st_mode))
		return true;
	error_set(err, ERROR_DATA, "%s is not a directory", name);
	return error_hint(err, "it will not be touched: name the directory of a save "
			       "with --directory");
}

static bool is_mount_point(const char *path, const char *parent)
{
	struct statx st;
	struct stat inner, outer;

	if (!statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &st) &&
	    (st.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT))
		return st.stx_attributes & STATX_ATTR_MOUNT_ROOT;
	return !stat(path, &inner) && !stat(parent, &outer) &&
	       inner.st_dev != outer.st_dev;
}

/* In a directory such as /tmp, only the owner of the directory or of the entry may rename
 * an entry. */
static bool is_sticky_for_us(const char *path, const char *parent)
{
	struct stat inner, outer;
	uid_t us = geteuid();

	return us && !stat(parent, &outer) && (outer.st_mode & S_ISVTX) &&
	       outer.st_uid != us && !lstat(path, &inner) && inner.st_uid != us;
}

bool place_check_renames(const struct layout *layout, const char *name, struct error *err)
{
	AUTO_FREE char *old = layout_old(layout, 1);
	const char *const names[] = { layout->dir, old };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!is_mount_point(names[i], layout->parent))
			continue;
		error_set(err, ERROR_SYSTEM,
			  "%s is a mount point, and a save is renamed when the next one "
			  "takes its place",
			  i ? old : name);
		return error_hint(
			err, "save to a directory below it: --directory=%s/save", name);
	}
	if (faccessat(AT_FDCWD, layout->parent, W_OK | X_OK, AT_EACCESS) < 0 &&
	    errno != ENOENT) {
		error_set(err, ERROR_SYSTEM, "create %s in %s: %s", name, layout->parent,
			  strerror(errno));
		return error_hint(err, "a save needs a directory in which it can create "
				       "and rename files; specify one with --directory");
	}
	if (is_sticky_for_us(layout->dir, layout->parent)) {
		error_set(err, ERROR_SYSTEM,
			  "%s belongs to another user, and only its owner may rename it "
			  "in %s",
			  name, layout->parent);
		return error_hint(err,
				  "save as its owner, or elsewhere with --directory");
	}
	return true;
}
