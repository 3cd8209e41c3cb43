/* SPDX-License-Identifier: PostgreSQL */
/*
 * Split the archive in stdin by schema, for test_whole.py:
 *
 *	whole_tool KEYWORD,... SCHEMA...
 *
 * The schemas are in the order of strcmp(). Each is written to 0.sql, 1.sql and so on in
 * the directory; what became of it goes in a line.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "archive/split.h"
#include "base/str.h"
#include "fuzz.h"

enum { PARTS_MAX = 1000 };

static void on_progress(void *owner, size_t done, size_t total)
{
	(void)owner;
	require(done <= total);
}

int main(int argc, char **argv)
{
	static const char *const outcomes[] = { "absent", "written", "aside", "again" };
	static struct split_part parts[PARTS_MAX];
	struct strvec keywords = { 0 };
	struct split_opts opts = {
		.archive_fd = STDIN_FILENO,
		.dir_fd = open(".", O_RDONLY | O_DIRECTORY),
		.parts = parts,
		.keywords = &keywords,
		.is_whole = true,
		.progress = on_progress,
	};
	bool is_unknown;
	struct error err;

	require(argc > 1 && argc - 2 <= PARTS_MAX && opts.dir_fd >= 0);
	for (char *word = strtok(argv[1], ","); word; word = strtok(NULL, ","))
		strvec_push(&keywords, word);
	for (; opts.part_count < (size_t)argc - 2; opts.part_count++)
		parts[opts.part_count] = (struct split_part){
			.schema = argv[opts.part_count + 2],
			.file_name = str_format("%zu.sql", opts.part_count),
		};
	if (!split_archive(&opts, &is_unknown, &err)) {
		printf("%s%s\n", is_unknown ? "unknown: " : "", err.text);
		return 1;
	}
	for (size_t i = 0; i < opts.part_count; i++) {
		puts(outcomes[parts[i].outcome]);
		free((char *)parts[i].file_name);
	}
	strvec_release(&keywords);
	close(opts.dir_fd);
	return 0;
}
