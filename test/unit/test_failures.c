/* SPDX-License-Identifier: PostgreSQL */
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "task/failures.h"

static const struct log quiet = { .level = LOG_ERROR };

/* stderr goes to a file. Ownership: the caller frees what said() gives. */
struct capture {
	int fd, before;
};

static struct capture capture_start(void)
{
	struct capture c = { open(".", O_TMPFILE | O_RDWR, 0600), dup(STDERR_FILENO) };

	assert_true(c.fd >= 0);
	dup2(c.fd, STDERR_FILENO);
	return c;
}

static char *capture_end(struct capture *c)
{
	struct error ignored;
	size_t length;
	char *text;

	dup2(c->before, STDERR_FILENO);
	close(c->before);
	lseek(c->fd, 0, SEEK_SET);
	assert_true(fs_read_all(c->fd, 65536, &text, &length, &ignored));
	close(c->fd);
	return text;
}

static void failed(struct failures *f, const char *account, const char *step,
		   const char *text)
{
	struct error err;

	error_set(&err, ERROR_CHILD, "%s", text);
	failures_add(f, &quiet, account, step, &err);
}

static void check(struct capture *c, struct failures *f, const char *wanted)
{
	char *text;

	failures_flush(f, &quiet);
	text = capture_end(c);
	assert_string_equal(text, wanted);
	free(text);
	failures_release(f);
}

static void test_a_reason_is_said_once_and_then_counted(void **state)
{
	struct capture c = capture_start();
	struct failures f = { 0 };

	(void)state;
	for (int i = 0; i < 300; i++) {
		char name[8];

		snprintf(name, sizeof(name), "n%d", i);
		failed(&f, name, "dump", "no space\ndetail");
	}
	check(&c, &f,
	      "metamodel: error: [n0 dump] no space\n"
	      "metamodel: detail: detail\n"
	      "metamodel: error: [n0 dump] the same for 299 other accounts: n1, n2, n3, "
	      "n4, n5 and 294 more\n");
}

static void test_a_reason_is_the_same_whatever_account_it_names(void **state)
{
	struct capture c = capture_start();
	struct failures f = { 0 };

	(void)state;
	failed(&f, "a", "dump", "permission denied for table a._roles");
	failed(&f, "it's", "dump", "permission denied for table it's._roles");
	failed(&f, "a", "plan", "permission denied for table a._roles");
	failed(&f, "b", "dump", "permission denied for table bb._roles");
	check(&c, &f,
	      "metamodel: error: [a dump] permission denied for table a._roles\n"
	      "metamodel: error: [a plan] permission denied for table a._roles\n"
	      "metamodel: error: [b dump] permission denied for table bb._roles\n"
	      "metamodel: error: [a dump] the same for 1 other account: it's\n");
}

static void test_reasons_may_alternate(void **state)
{
	struct capture c = capture_start();
	struct failures f = { 0 };

	(void)state;
	failed(&f, "one", "dump", "x");
	failed(&f, "two", "dump", "y");
	failed(&f, "three", "dump", "x");
	failed(&f, "four", "dump", "y");
	check(&c, &f,
	      "metamodel: error: [one dump] x\n"
	      "metamodel: error: [two dump] y\n"
	      "metamodel: error: [one dump] the same for 1 other account: three\n"
	      "metamodel: error: [two dump] the same for 1 other account: four\n");
}

static void test_another_hint_is_another_reason(void **state)
{
	struct capture c = capture_start();
	struct failures f = { 0 };
	struct error err;

	(void)state;
	error_set(&err, ERROR_DATA, "x");
	error_hint(&err, "save --  a");
	failures_add(&f, &quiet, "a", "s", &err);
	error_hint(&err, "other");
	failures_add(&f, &quiet, "b", "s", &err);
	check(&c, &f,
	      "metamodel: error: [a s] x\n"
	      "metamodel: hint: save --  a\n"
	      "metamodel: error: [b s] x\n"
	      "metamodel: hint: other\n");
}

static void test_a_list_of_what_an_account_has_is_always_whole(void **state)
{
	struct capture c = capture_start();
	struct failures f = { 0 };
	struct error err;

	(void)state;
	error_set(&err, ERROR_DATA, "in the way:\nview a.v");
	failures_add(&f, &quiet, "a", "plan", &err);
	error_set(&err, ERROR_DATA, "in the way:\nview b.v");
	failures_add(&f, &quiet, "b", "plan", &err);
	check(&c, &f,
	      "metamodel: error: [a plan] in the way:\n"
	      "metamodel: detail: view a.v\n"
	      "metamodel: error: [b plan] in the way:\n"
	      "metamodel: detail: view b.v\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST_IN_TMP(test_a_reason_is_said_once_and_then_counted),
		UNIT_TEST_IN_TMP(test_a_reason_is_the_same_whatever_account_it_names),
		UNIT_TEST_IN_TMP(test_reasons_may_alternate),
		UNIT_TEST_IN_TMP(test_another_hint_is_another_reason),
		UNIT_TEST_IN_TMP(test_a_list_of_what_an_account_has_is_always_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
