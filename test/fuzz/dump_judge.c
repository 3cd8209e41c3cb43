/* SPDX-License-Identifier: PostgreSQL */
/*
 * What a restore would say of dumps of the account "alice": each comes as its length, a
 * newline and its bytes; "pass" or the reason goes, in a line. For grammar.py. With the
 * argument "whole" they are dumps of the whole schema "alice", for grammar_whole.py.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "dump/check.h"

static void judge(const char *text, size_t length, bool is_whole)
{
	const struct dumpfile_opts opts = { .expect_schema = "alice",
					    .expect_prefix = is_whole ? NULL : "_",
					    .is_whole = is_whole };
	struct dumpfile_facts facts;
	struct error err;
	int fd = memfd_create("dump", 0);

	require(fd >= 0 && write(fd, text, length) == (ssize_t)length);
	require(dumpfile_check(fd, &opts, &facts, &err));
	/* which parents a dump may have, the manifest says */
	puts(!facts.is_sound ? err.text : facts.parents ? "has a parent" : "pass");
	fflush(stdout);
	dumpfile_facts_release(&facts);
	close(fd);
}

int main(int argc, char **argv)
{
	bool is_whole = argc > 1 && !strcmp(argv[1], "whole");
	size_t length;

	while (scanf("%zu", &length) == 1) {
		char *text = malloc(length + 1);

		require(text && getchar() == '\n');
		require(fread(text, 1, length, stdin) == length);
		judge(text, length, is_whole);
		free(text);
	}
	return 0;
}
