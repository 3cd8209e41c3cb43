/* SPDX-License-Identifier: PostgreSQL */
#include "unit.h"

#include "dump/contents.h"

static bool are_equal(const char *a, const char *b)
{
	int a_fd, b_fd;
	bool is_equal = false;
	struct error err;

	unit_write("a", a);
	unit_write("b", b);
	a_fd = open("a", O_RDONLY);
	b_fd = open("b", O_RDONLY);
	assert_true(dumpcontents_equal(a_fd, b_fd, &is_equal, &err));
	close(a_fd);
	close(b_fd);
	return is_equal;
}

static void test_only_the_key_of_a_dump_is_no_part_of_its_contents(void **state)
{
	const char *const plain = "--\n--\n\nSELECT 1;\n";

	(void)state;
	assert_true(are_equal(plain, plain));
	assert_true(are_equal("", ""));
	assert_false(are_equal(plain, "--\n--\n\nSELECT 2;\n"));
	assert_false(are_equal(plain, "--\n--\n\nSELECT 1;\n\n"));
	assert_true(are_equal("--\n\n\\restrict a\n\nx;\n\n\\unrestrict a\n\n",
			      "--\n\n\\restrict bc\n\nx;\n\n\\unrestrict bc\n\n"));
	assert_false(are_equal("--\n\n\\restrict a\n\nx;\n\n\\unrestrict a\n\n",
			       "--\n\n\\restrict bc\n\ny;\n\n\\unrestrict bc\n\n"));
	assert_false(are_equal("--\n\n\\restrict a\n\nx;\n\n\\unrestrict a\n\n",
			       "--\n\nx;\n\n"));
}

static void test_what_looks_like_the_key_in_data_is_contents(void **state)
{
	(void)state;
	assert_false(are_equal("x;\n\\restrict a\n\\unrestrict a\n",
			       "x;\n\\restrict b\n\\unrestrict b\n"));
	assert_false(are_equal("\\restrict a\nx\n\\unrestrict b\n\\unrestrict a\n",
			       "\\restrict a\nx\n\\unrestrict c\n\\unrestrict a\n"));
	assert_false(are_equal("\\restrict a\nx\n", "\\restrict b\nx\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST_IN_TMP(test_only_the_key_of_a_dump_is_no_part_of_its_contents),
		UNIT_TEST_IN_TMP(test_what_looks_like_the_key_in_data_is_contents),
	};

	return cmocka_run_group_tests_name("contents", tests, NULL, NULL);
}
