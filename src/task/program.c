/* SPDX-License-Identifier: PostgreSQL */
#include "task/program.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"

/* Why a file cannot be run; 0 if it can. */
static int find_obstacle(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return errno;
	if (S_ISDIR(st.st_mode))
		return EISDIR;
	return access(path, X_OK) < 0 ? errno : 0;
}

/* Search as execvp() does. Returns NULL if there is none; *obstacle says why. Ownership:
 * the caller frees. */
static char *find_in_path(const char *name, int *obstacle)
{
	const char *path = getenv("PATH");

	*obstacle = ENOENT;
	for (path = path ? path : "/bin:/usr/bin";; path++) {
		size_t length = strcspn(path, ":");
		AUTO_FREE char *candidate =
			str_format("%.*s/%s", (int)length, length ? path : ".", name);
		int why = length ? find_obstacle(candidate) : ENOENT;

		if (!why)
			return xstrdup(candidate);
		if (why != ENOENT && why != ENOTDIR)
			*obstacle = why;
		path += length;
		if (!*path)
			return NULL;
	}
}

static bool refuse(const struct located *text, const char *name, int obstacle,
		   struct error *err)
{
	error_set(err, ERROR_USAGE, "%s: %s%s", name, strerror(obstacle),
		  obstacle == ENOENT && !strchr(name, '/') ? " in PATH" : "");
	return located_prefix(text, 0, err);
}

bool program_find(const struct located *text, const char *name, char **out,
		  struct error *err)
{
	int obstacle;

	if (strchr(name, '/')) {
		obstacle = find_obstacle(name);
		*out = obstacle ? NULL : xstrdup(name);
	} else {
		*out = find_in_path(name, &obstacle);
	}
	return *out || refuse(text, name, obstacle, err);
}
