/* SPDX-License-Identifier: PostgreSQL */
/*
 * Split the archive in stdin by schema, for test_whole.py:
 *
 *	whole_tool split KEYWORD,... SCHEMA...
 *
 * The schemas are in the order of strcmp(). Each is written to 0.sql, 1.sql and so on in
 * the directory; what became of it goes in a line.
 *
 *	whole_tool check SCHEMA
 *
 * Each line of stdin is the name of a file: what is in it, or what is wrong, in a line.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "archive/split.h"
#include "base/str.h"
#include "dump/file.h"
#include "fuzz.h"

enum { PARTS_MAX = 1000 };

static void on_progress(void *owner, size_t done, size_t total)
{
	(void)owner;
	require(done <= total);
}

static int split(const char *const *schemas, size_t count, char *words)
{
	static const char *const outcomes[] = { "absent", "written", "aside", "again" };
	static struct split_part parts[PARTS_MAX];
	struct strvec keywords = { 0 };
	struct split_opts opts = {
		.archive_fd = STDIN_FILENO,
		.dir_fd = open(".", O_RDONLY | O_DIRECTORY),
		.parts = parts,
		.part_count = count,
		.keywords = &keywords,
		.is_whole = true,
		.progress = on_progress,
	};
	bool is_unknown;
	struct error err;

	require(count <= PARTS_MAX && opts.dir_fd >= 0);
	for (char *word = strtok(words, ","); word; word = strtok(NULL, ","))
		strvec_push(&keywords, word);
	for (size_t i = 0; i < count; i++)
		parts[i] = (struct split_part){
			.schema = schemas[i],
			.file_name = str_format("%zu.sql", i),
		};
	if (!split_archive(&opts, &is_unknown, &err)) {
		printf("%s%s\n", is_unknown ? "unknown: " : "", err.text);
		return 1;
	}
	for (size_t i = 0; i < count; i++) {
		puts(outcomes[parts[i].outcome]);
		free((char *)parts[i].file_name);
	}
	strvec_release(&keywords);
	close(opts.dir_fd);
	return 0;
}

static void check(const char *schema, const char *path)
{
	const struct dumpfile_opts opts = { .expect_schema = schema, .is_whole = true };
	struct dumpfile_facts facts;
	struct error err;
	int fd = open(path, O_RDONLY);

	require(fd >= 0 && dumpfile_check(fd, &opts, &facts, &err));
	if (facts.is_sound)
		printf("%u tables, %lu rows\n", facts.tables, (unsigned long)facts.rows);
	else
		puts(err.text);
	fflush(stdout);
	dumpfile_facts_release(&facts);
	close(fd);
}

int main(int argc, char **argv)
{
	char path[4096];

	if (argc > 2 && !strcmp(argv[1], "split"))
		return split((const char *const *)argv + 3, (size_t)argc - 3, argv[2]);
	require(argc == 3 && !strcmp(argv[1], "check"));
	while (fgets(path, sizeof(path), stdin)) {
		path[strcspn(path, "\n")] = '\0';
		check(argv[2], path);
	}
	return 0;
}
