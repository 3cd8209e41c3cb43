/* SPDX-License-Identifier: PostgreSQL */
/* What unit tests share: cmocka in the order it wants, and a directory of one's own. */
#ifndef TEST_UNIT_H
#define TEST_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static inline int unit_remove_one(const char *path, const struct stat *st, int type,
				  struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

/* Setup: a fresh current directory. */
static inline int unit_enter_tmp(void **state)
{
	char path[] = "/tmp/unit.XXXXXX";

	(void)state;
	return !mkdtemp(path) || chdir(path);
}

/* Teardown: remove the current directory, which unit_enter_tmp() made. */
static inline int unit_leave_tmp(void **state)
{
	char path[4096];

	(void)state;
	return !getcwd(path, sizeof(path)) || chdir("/tmp") ||
	       nftw(path, unit_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void unit_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

#define UNIT_TEST(name) cmocka_unit_test(name)
#define UNIT_TEST_IN_TMP(name) \
	cmocka_unit_test_setup_teardown(name, unit_enter_tmp, unit_leave_tmp)

#endif
