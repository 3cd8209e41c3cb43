/* SPDX-License-Identifier: PostgreSQL */
#include "migrations/migrations.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "base/strvec.h"
#include "product/version.h"

#define NONE "none"

static const char *const folders[MIGRATION_LEVELS] = { "global", "local" };

void migrations_release(struct migrations *m)
{
	for (size_t i = 0; i < m->count; i++) {
		free(m->steps[i].version);
		free(m->steps[i].alias);
		for (int level = 0; level < MIGRATION_LEVELS; level++)
			migration_file_release(&m->steps[i].files[level]);
	}
	free(m->steps);
	migration_file_release(&m->none);
	strvec_release(&m->ignored);
	*m = (struct migrations){ 0 };
}

/* The step of this version, added if there is none yet. */
static struct migration *require_step(struct migrations *m, const char *version,
				      uint64_t number)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->steps[i].number == number)
			return &m->steps[i];
	m->steps = xgrow(m->steps, m->count, sizeof(*m->steps));
	m->steps[m->count] =
		(struct migration){ .version = xstrdup(version), .number = number };
	return &m->steps[m->count++];
}

static bool find_place(struct migrations *m, enum migration_level level, const char *name,
		       struct migration_file **out, struct error *err)
{
	size_t length = strlen(name) - strlen(MIGRATION_SUFFIX);
	AUTO_FREE char *version = NULL;
	struct migration *step;
	uint64_t number;

	if (!str_has_suffix(name, MIGRATION_SUFFIX)) /* for example .SQL */
		return error_set(
			err, ERROR_USAGE,
			"%s/%s: not the name of a migration, VERSION" MIGRATION_SUFFIX,
			folders[level], name);
	version = xstrndup(name, length);
	if (level == MIGRATION_LOCAL && !strcmp(version, NONE)) {
		*out = &m->none;
		return true;
	}
	if (!version_parse(version, &number))
		return error_set(err, ERROR_USAGE, "%s/%s: '%s' is not a version",
				 folders[level], name, version);
	step = require_step(m, version, number);
	if (step->files[level].name)
		return error_set(err, ERROR_USAGE, "%s/%s: the same version as %s",
				 folders[level], name, step->files[level].name);
	if (strcmp(step->version, version) != 0)
		return error_set(err, ERROR_USAGE, "%s/%s: the same version as %s",
				 folders[level], name, step->version);
	*out = &step->files[level];
	return true;
}

static bool read_folder(struct migrations *m, enum migration_level level, const char *dir,
			struct error *err)
{
	AUTO_FREE char *folder = str_format("%s/%s", dir, folders[level]);
	AUTO_STRVEC struct strvec names = { 0 }, others = { 0 };

	if (!migration_files_list(folder, &names, &others, err))
		return error_prefix(err, "%s", folders[level]);
	for (size_t i = 0; i < others.count; i++)
		strvec_push_format(&m->ignored, "%s/%s", folders[level], others.v[i]);
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *name = str_format("%s/%s", folders[level], names.v[i]);
		AUTO_FREE char *path = str_format("%s/%s", folder, names.v[i]);
		struct migration_file *file;

		if (!find_place(m, level, names.v[i], &file, err) ||
		    !migration_file_open(file, name, path, err))
			return false;
	}
	return true;
}

static bool read_builtin(struct migrations *m, struct error *err)
{
	for (const struct migration_source *s = migrations_builtin; s->name; s++) {
		const char *slash = strchr(s->name, '/');
		bool is_global = str_has_prefix(s->name, folders[MIGRATION_GLOBAL]);
		struct migration_file *file;

		if (!find_place(m, is_global ? MIGRATION_GLOBAL : MIGRATION_LOCAL,
				slash + 1, &file, err) ||
		    !migration_file_init(file, s->name, s->text, strlen(s->text), err))
			return false;
	}
	return true;
}

static int compare_steps(const void *a, const void *b)
{
	uint64_t left = ((const struct migration *)a)->number;
	uint64_t right = ((const struct migration *)b)->number;

	return (left > right) - (left < right);
}

/* One unit in the last decimal place that any version uses. */
static uint64_t find_unit(const struct migrations *m)
{
	uint64_t unit = 1;

	for (int i = 0; i < VERSION_DECIMALS; i++)
		unit *= 10;
	for (size_t i = 0; i < m->count; i++)
		while (m->steps[i].number % unit)
			unit /= 10;
	return unit;
}

static bool check(struct migrations *m, struct error *err)
{
	uint64_t unit = find_unit(m);

	if (!m->count)
		return error_set(err, ERROR_USAGE, "no migrations found");
	qsort(m->steps, m->count, sizeof(*m->steps), compare_steps);
	for (size_t i = 0; i < m->count; i++) {
		const struct migration *step = &m->steps[i];

		for (int level = 0; level < MIGRATION_LEVELS; level++)
			if (!step->files[level].name)
				return error_set(err, ERROR_USAGE,
						 "%s/%s" MIGRATION_SUFFIX " is missing",
						 folders[level], step->version);
		if (i && step->number != m->steps[i - 1].number + unit)
			return error_set(err, ERROR_USAGE,
					 "a version is missing between %s and %s",
					 m->steps[i - 1].version, step->version);
	}
	return true;
}

bool migrations_load(const char *dir, struct migrations *out, struct error *err)
{
	struct migrations m = { 0 };
	bool is_ok = dir ? read_folder(&m, MIGRATION_GLOBAL, dir, err) &&
				     read_folder(&m, MIGRATION_LOCAL, dir, err)
			 : read_builtin(&m, err);

	if (!is_ok || !check(&m, err)) {
		migrations_release(&m);
		return error_prefix(err, "migrations in %s", dir ? dir : "the program");
	}
	*out = m;
	return true;
}

size_t migrations_first_after(const struct migrations *m, const char *version)
{
	size_t i = 0;

	while (i < m->count && !version_is_newer(m->steps[i].version, version))
		i++;
	return i;
}

size_t migrations_transaction_end(const struct migrations *m, enum migration_level level,
				  size_t first, size_t end)
{
	while (first < end && !m->steps[first].files[level].ends_transaction)
		first++;
	return first < end ? first + 1 : end;
}

bool migration_is(const struct migration *step, const char *text)
{
	return !strcmp(step->version, text) ||
	       (step->alias && !strcmp(step->alias, text));
}

/* Are both the same version, perhaps written differently? */
static bool is_same_version(const char *a, const char *b)
{
	uint64_t ignored;

	return version_parse(a, &ignored) && version_parse(b, &ignored) &&
	       !version_is_newer(a, b) && !version_is_newer(b, a);
}

const struct migration *migrations_find(const struct migrations *m, const char *version)
{
	for (size_t i = 0; i < m->count; i++)
		if (migration_is(&m->steps[i], version) ||
		    is_same_version(m->steps[i].version, version))
			return &m->steps[i];
	return NULL;
}
