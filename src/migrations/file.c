/* SPDX-License-Identifier: PostgreSQL */
#include "migrations/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/str.h"
#include "product/version.h"

enum { FILE_MAX_BYTES = 16 << 20 };

void migration_file_release(struct migration_file *f)
{
	free(f->name);
	free(f->text);
	statements_release(&f->statements);
	*f = (struct migration_file){ 0 };
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

bool migration_file_init(struct migration_file *file, const char *name, const char *text,
			 size_t length, struct error *err)
{
	*file = (struct migration_file){ .name = xstrdup(name) };
	if (strlen(text) != length)
		return error_set(err, ERROR_USAGE, "%s: contains a NUL byte", name);
	if (!str_is_utf8(text, length))
		return error_set(err, ERROR_USAGE, "%s: is not valid UTF-8", name);
	file->text = normalize(text);
	return (read_directives(file, err) && read_statements(file, err)) ||
	       error_prefix(err, "%s", name);
}

bool migration_file_open(struct migration_file *file, const char *name, const char *path,
			 struct error *err)
{
	AUTO_FREE char *real = realpath(path, NULL);
	AUTO_FREE char *text = NULL;
	AUTO_CLOSE int fd = -1;
	size_t length;

	if (!fs_open_file(AT_FDCWD, real ? real : path, &fd, err) ||
	    !fs_read_all(fd, FILE_MAX_BYTES, &text, &length, err)) {
		err->kind = ERROR_USAGE;
		return error_prefix(err, "%s", name);
	}
	return migration_file_init(file, name, text, length, err);
}

static bool is_migration(const char *name)
{
	size_t length = strlen(name);
	AUTO_FREE char *stem = NULL;
	uint64_t number;

	if (length < strlen(MIGRATION_SUFFIX) ||
	    strcasecmp(name + length - strlen(MIGRATION_SUFFIX), MIGRATION_SUFFIX) != 0)
		return false;
	stem = xstrndup(name, length - strlen(MIGRATION_SUFFIX));
	return name[0] != '.' || version_parse(stem, &number);
}

bool migration_files_list(const char *path, struct strvec *names, struct strvec *others,
			  struct error *err)
{
	AUTO_CLOSEDIR DIR *folder = opendir(path);
	struct dirent *entry;

	if (!folder)
		return error_set(err, ERROR_USAGE, "%s", strerror(errno));
	while (errno = 0, (entry = readdir(folder)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			strvec_push(is_migration(entry->d_name) ? names : others,
				    entry->d_name);
	if (errno)
		return error_set(err, ERROR_USAGE, "%s", strerror(errno));
	strvec_sort(names); /* so that the same mistake is reported first each time */
	strvec_sort(others);
	return true;
}
