/* SPDX-License-Identifier: PostgreSQL */
#include "store/family.h"

#include <dirent.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "store/rotate.h"

enum { MAX_WINDOW = 100 }; /* the largest --keep */

static void add(struct family *family, enum family_place place, const char *path)
{
	struct family_member *member;
	struct stat st;

	if (lstat(path, &st) < 0)
		return;
	if (S_ISLNK(st.st_mode))
		(void)stat(path, &st); /* a dangling link is reported as a link */
	family->members = xgrow(family->members, family->count, sizeof(*family->members));
	member = &family->members[family->count++];
	*member = (struct family_member){ place, xstrdup(path), st };
}

static int compare_numbers(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return (x > y) - (x < y);
}

/* N for "metamodel.old.N", 1 for "metamodel.old", 0 for another name. */
static unsigned generation_of(const char *base, const char *name)
{
	uint64_t generation = 1;
	const char *rest;

	if (!str_has_prefix(name, base) || !str_has_prefix(name + strlen(base), ".old"))
		return 0;
	rest = name + strlen(base) + strlen(".old");
	if (!*rest)
		return 1;
	if (*rest != '.' || rest[1] == '0' ||
	    !str_parse_uint(rest + 1, 2, UINT32_MAX, &generation))
		return 0;
	return (unsigned)generation;
}

/* The numbers of the old saves, in order. Ownership: the caller frees. */
static unsigned *find_generations(const struct layout *layout, size_t *count)
{
	AUTO_CLOSEDIR DIR *dir = opendir(layout->parent);
	const char *slash = strrchr(layout->dir, '/');
	const char *base = slash ? slash + 1 : layout->dir;
	unsigned *found = NULL;
	struct dirent *entry;

	*count = 0;
	while (dir && (entry = readdir(dir))) {
		unsigned generation = generation_of(base, entry->d_name);

		if (!generation)
			continue;
		found = xgrow(found, *count, sizeof(unsigned));
		found[(*count)++] = generation;
	}
	if (*count)
		qsort(found, *count, sizeof(unsigned), compare_numbers);
	return found;
}

static void add_old(const struct layout *layout, unsigned generation, struct family *out)
{
	AUTO_FREE char *path = layout_old(layout, generation);

	add(out, FAMILY_OLD, path);
}

void family_find(const struct layout *layout, struct family *out)
{
	size_t count;
	AUTO_FREE unsigned *generations = find_generations(layout, &count);

	*out = (struct family){ 0 };
	add(out, FAMILY_SAVE, layout->dir);
	add(out, FAMILY_SWAP, layout->swap);
	for (size_t i = 0; i < count; i++)
		add_old(layout, generations[i], out);
	/* for a directory that may be entered but not listed */
	for (unsigned i = 1; !count && i <= rotate_count(layout, MAX_WINDOW); i++)
		add_old(layout, i, out);
	add(out, FAMILY_STAGING, layout->staging);
	add(out, FAMILY_DROP, layout->drop);
}

void family_release(struct family *family)
{
	for (size_t i = 0; i < family->count; i++)
		free(family->members[i].path);
	free(family->members);
	*family = (struct family){ 0 };
}
