/* SPDX-License-Identifier: PostgreSQL */
#include "migrations/folder.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "base/strvec.h"
#include "product/version.h"

/* ---- what the names say ---- */

/* The number with which a name begins, perhaps after a V, and before "_", "-" or its end;
 * NULL if there is none. Ownership: the caller frees. */
static char *find_number(const char *name)
{
	const char *start = name + (*name == 'V' || *name == 'v');
	size_t length = strspn(start, "0123456789.");

	if (!length || !strchr("_-", start[length]))
		return NULL;
	return xstrndup(start, length);
}

static bool add_step(struct migrations *m, const char *name, bool is_set,
		     struct error *err)
{
	size_t length = strlen(name) - strlen(MIGRATION_SUFFIX);
	struct migration step = { 0 };
	AUTO_FREE char *stem = NULL;
	AUTO_FREE char *number = NULL;

	if (!str_has_suffix(name, MIGRATION_SUFFIX)) /* for example .SQL */
		return error_set(
			err, ERROR_USAGE,
			"%s: the name of a file of SQL ends with " MIGRATION_SUFFIX,
			name);
	stem = xstrndup(name, length);
	number = find_number(stem);
	if (!is_set && !version_parse(number, &step.number))
		return error_set(
			err, ERROR_USAGE,
			"%s: does not begin with a version, as 003_add_phone.sql "
			"does",
			name);
	step.version = xstrdup(is_set ? stem : number);
	if (is_set && number && strcmp(number, stem) != 0)
		step.alias = xstrdup(number);
	m->steps = xgrow(m->steps, m->count, sizeof(*m->steps));
	m->steps[m->count++] = step;
	return true;
}

/* ---- their order ---- */

static int compare_versions(const void *a, const void *b)
{
	const char *x = ((const struct migration *)a)->version;
	const char *y = ((const struct migration *)b)->version;

	return version_is_newer(x, y) - version_is_newer(y, x);
}

/* Compare the digits at both, and pass over them. */
static int compare_digits(const char **x, const char **y)
{
	size_t x_length, y_length;
	int difference;

	*x += strspn(*x, "0");
	*y += strspn(*y, "0");
	x_length = strspn(*x, "0123456789");
	y_length = strspn(*y, "0123456789");
	if (x_length != y_length)
		return x_length > y_length ? 1 : -1;
	difference = strncmp(*x, *y, x_length);
	*x += x_length;
	*y += y_length;
	return difference;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int compare_names(const void *a, const void *b)
{
	const char *x = ((const struct migration *)a)->version;
	const char *y = ((const struct migration *)b)->version;
	int difference = 0;

	while (!difference && *x && *y) {
		if (is_digit(*x) && is_digit(*y))
			difference = compare_digits(&x, &y);
		else
			difference = (unsigned char)*x++ - (unsigned char)*y++;
	}
	if (difference)
		return difference;
	if (*x || *y)
		return *x ? 1 : -1;
	return strcmp(((const struct migration *)a)->version, /* 1 and 01 */
		      ((const struct migration *)b)->version);
}

/* A number says nothing if several names begin with it, as with a year. */
static void drop_ambiguous(struct migrations *m)
{
	for (size_t i = 0; i < m->count; i++) {
		bool is_alone = true;

		for (size_t k = 0; m->steps[i].alias && k < m->count; k++) {
			struct migration *other = &m->steps[k];

			if (k == i || !migration_is(other, m->steps[i].alias))
				continue;
			is_alone = false;
			if (k > i) {
				free(other->alias);
				other->alias = NULL;
			}
		}
		if (!is_alone) {
			free(m->steps[i].alias);
			m->steps[i].alias = NULL;
		}
	}
}

static bool sort(struct migrations *m, bool is_set, struct error *err)
{
	if (!m->count)
		return error_set(err, ERROR_USAGE, "no file whose name ends with .sql");
	qsort(m->steps, m->count, sizeof(*m->steps),
	      is_set ? compare_names : compare_versions);
	for (size_t i = 1; !is_set && i < m->count; i++)
		if (!compare_versions(&m->steps[i - 1], &m->steps[i]))
			return error_set(err, ERROR_USAGE, "%s: the same version as %s",
					 m->steps[i].files[MIGRATION_LOCAL].name,
					 m->steps[i - 1].files[MIGRATION_LOCAL].name);
	return true;
}

/* ---- all of them ---- */

static bool read_all(struct migrations *m, const char *dir, bool is_set,
		     struct error *err)
{
	AUTO_STRVEC struct strvec names = { 0 };

	if (!migration_files_list(dir, &names, &m->ignored, err))
		return false;
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *path = str_format("%s/%s", dir, names.v[i]);

		if (!add_step(m, names.v[i], is_set, err) ||
		    !migration_file_open(&m->steps[i].files[MIGRATION_LOCAL], names.v[i],
					 path, err))
			return false;
	}
	return true;
}

bool migrations_load_folder(const char *dir, bool is_set, struct migrations *out,
			    struct error *err)
{
	struct migrations m = { 0 };

	if (!read_all(&m, dir, is_set, err) || !sort(&m, is_set, err)) {
		migrations_release(&m);
		return error_prefix(err, "migrations in %s", dir);
	}
	drop_ambiguous(&m);
	*out = m;
	return true;
}

bool migrations_load_for(const struct product *product, const char *dir,
			 struct migrations *out, struct error *err)
{
	return product->is_model ? migrations_load_folder(dir, product->is_set, out, err)
				 : migrations_load(dir, out, err);
}
