/* SPDX-License-Identifier: PostgreSQL */
#include "migrations/migrations.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/str.h"
#include "base/strvec.h"
#include "product/version.h"

#define SUFFIX ".sql"
#define NONE "none"

enum { FILE_MAX_BYTES = 16 << 20 };

static const char *const folders[MIGRATION_LEVELS] = { "global", "local" };

static void release_file(struct migration_file *f)
{
	free(f->name);
	free(f->text);
	statements_release(&f->statements);
	*f = (struct migration_file){ 0 };
}

void migrations_release(struct migrations *m)
{
	for (size_t i = 0; i < m->count; i++) {
		free(m->steps[i].version);
		for (int level = 0; level < MIGRATION_LEVELS; level++)
			release_file(&m->steps[i].files[level]);
	}
	free(m->steps);
	release_file(&m->none);
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
	size_t length = strlen(name) - strlen(SUFFIX);
	AUTO_FREE char *version = NULL;
	struct migration *step;
	uint64_t number;

	if (!str_has_suffix(name, SUFFIX)) /* for example .SQL */
		return error_set(err, ERROR_USAGE,
				 "%s/%s: not the name of a migration, VERSION" SUFFIX,
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

/* Remove a byte order mark, and end with a newline. */
static char *normalize(const char *text)
{
	struct strbuf out = { 0 };

	strbuf_add(&out, "", 0);
	if (str_has_prefix(text, "\xef\xbb\xbf"))
		text += 3;
	strbuf_add_str(&out, text);
	if (out.length && out.buf[out.length - 1] != '\n')
		strbuf_add_char(&out, '\n');
	return strbuf_detach(&out);
}

/* "\r\n" ends a line for the server, too, so the text stays as it is, literals included.
 * Only the copy in which statements are found has no "\r". */
static bool read_statements(struct migration_file *file, struct error *err)
{
	AUTO_STRBUF struct strbuf lines = { 0 };

	strbuf_add(&lines, "", 0);
	for (const char *text = file->text; *text; text++)
		if (text[0] != '\r' || text[1] != '\n')
			strbuf_add_char(&lines, *text);
	return statements_read(lines.buf, &file->statements, err);
}

/* The words after "-- metamodel:" in a line; NULL if it is another line. Ownership: the
 * caller frees. */
static char *directive_of(const char *line)
{
	static const char prefix[] = "metamodel:";
	size_t length;

	if (!str_has_prefix(line, "--"))
		return NULL;
	line += 2;
	line += strspn(line, " \t");
	if (!str_has_prefix(line, prefix))
		return NULL;
	line += strlen(prefix);
	line += strspn(line, " \t");
	length = strcspn(line, "\n");
	while (length && strchr(" \t\r", line[length - 1]))
		length--;
	return xstrndup(line, length);
}

/* A directive counts only in the comment lines at the top; further down it is an error,
 * since it would have no effect. */
static bool read_directives(struct migration_file *file, struct error *err)
{
	bool is_top = true;
	uint64_t number = 1;

	for (const char *line = file->text; *line; number++) {
		AUTO_FREE char *directive = directive_of(line);
		size_t blanks = strspn(line, " \t\r");
		bool is_commit = directive && !strcmp(directive, "commit");

		is_top = is_top &&
			 (line[blanks] == '\n' || str_has_prefix(line + blanks, "--"));
		if (is_top && directive && !is_commit)
			return error_set(err, ERROR_USAGE,
					 "line %llu: invalid request '%s' in a "
					 "migration: expected 'commit'",
					 (unsigned long long)number, directive);
		if (!is_top && is_commit)
			return error_set(err, ERROR_USAGE,
					 "line %llu: -- metamodel: commit must come "
					 "before the first statement",
					 (unsigned long long)number);
		file->ends_transaction |= is_commit;
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	return true;
}

static bool add_file(struct migrations *m, enum migration_level level, const char *name,
		     const char *text, size_t length, struct error *err)
{
	struct migration_file *file = NULL;

	if (!find_place(m, level, name, &file, err))
		return false;
	file->name = str_format("%s/%s", folders[level], name);
	if (strlen(text) != length)
		return error_set(err, ERROR_USAGE, "%s: contains a NUL byte", file->name);
	if (!str_is_utf8(text, length))
		return error_set(err, ERROR_USAGE, "%s: is not valid UTF-8", file->name);
	file->text = normalize(text);
	return (read_directives(file, err) && read_statements(file, err)) ||
	       error_prefix(err, "%s", file->name);
}

/*
 * Editors and mounted volumes leave other files in the directory, many of them hidden.
 * But a file that was meant as a migration must not be ignored, such as ".006.sql".
 */
static bool is_migration(const char *name)
{
	size_t length = strlen(name);
	AUTO_FREE char *stem = NULL;
	uint64_t number;

	if (length < strlen(SUFFIX) ||
	    strcasecmp(name + length - strlen(SUFFIX), SUFFIX) != 0)
		return false;
	stem = xstrndup(name, length - strlen(SUFFIX));
	return name[0] != '.' || version_parse(stem, &number);
}

/* Symbolic links are followed: mounted configuration directories often use them. */
static bool read_file(struct migrations *m, enum migration_level level,
		      const char *folder, const char *name, struct error *err)
{
	AUTO_FREE char *path = str_format("%s/%s", folder, name);
	AUTO_FREE char *real = realpath(path, NULL);
	AUTO_FREE char *text = NULL;
	AUTO_CLOSE int fd = -1;
	size_t length;

	if (!fs_open_file(AT_FDCWD, real ? real : path, &fd, err) ||
	    !fs_read_all(fd, FILE_MAX_BYTES, &text, &length, err)) {
		err->kind = ERROR_USAGE;
		return error_prefix(err, "%s/%s", folders[level], name);
	}
	return add_file(m, level, name, text, length, err);
}

static bool read_folder(struct migrations *m, enum migration_level level, const char *dir,
			struct error *err)
{
	AUTO_FREE char *path = str_format("%s/%s", dir, folders[level]);
	AUTO_CLOSEDIR DIR *folder = opendir(path);
	AUTO_STRVEC struct strvec names = { 0 };
	struct dirent *entry;

	if (!folder)
		return error_set(err, ERROR_USAGE, "%s: %s", folders[level],
				 strerror(errno));
	while (errno = 0, (entry = readdir(folder)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			strvec_push(&names, entry->d_name);
	if (errno)
		return error_set(err, ERROR_USAGE, "%s: %s", folders[level],
				 strerror(errno));
	strvec_sort(&names); /* so that the same mistake is reported first each time */
	for (size_t i = 0; i < names.count; i++) {
		if (!is_migration(names.v[i]))
			strvec_push_format(&m->ignored, "%s/%s", folders[level],
					   names.v[i]);
		else if (!read_file(m, level, path, names.v[i], err))
			return false;
	}
	return true;
}

static bool read_builtin(struct migrations *m, struct error *err)
{
	for (const struct migration_source *s = migrations_builtin; s->name; s++) {
		const char *slash = strchr(s->name, '/');
		bool is_global = str_has_prefix(s->name, folders[MIGRATION_GLOBAL]);

		if (!add_file(m, is_global ? MIGRATION_GLOBAL : MIGRATION_LOCAL,
			      slash + 1, s->text, strlen(s->text), err))
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
						 "%s/%s" SUFFIX " is missing",
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

size_t migrations_first_after(const struct migrations *m, uint64_t number)
{
	size_t i = 0;

	while (i < m->count && m->steps[i].number <= number)
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

const struct migration *migrations_find(const struct migrations *m, const char *version)
{
	uint64_t number;

	for (size_t i = 0; version_parse(version, &number) && i < m->count; i++)
		if (m->steps[i].number == number)
			return &m->steps[i];
	return NULL;
}
