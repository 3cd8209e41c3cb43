/* SPDX-License-Identifier: PostgreSQL */
#include "unit.h"

#include "base/auto.h"
#include "pg/pattern.h"

static void assert_pattern(const char *const *names, size_t count, const char *expected)
{
	AUTO_STRBUF struct strbuf out = { 0 };
	size_t most = 0;

	pattern_add_names(&out, names, count);
	assert_string_equal(out.buf, expected);
	for (size_t i = 0; i < count; i++)
		most += pattern_bytes_max(names[i]);
	assert_true(out.length <= most);
}

#define PATTERN(expected, ...)                               \
	assert_pattern((const char *const[]){ __VA_ARGS__ }, \
		       ARRAY_SIZE(((const char *const[]){ __VA_ARGS__ })), expected)

static void test_a_name_is_literal(void **state)
{
	(void)state;
	PATTERN("\"a.*|b(\"", "a.*|b(");
	PATTERN("\"it\"\"s\"", "it\"s");
}

static void test_what_begins_alike_is_written_once(void **state)
{
	(void)state;
	PATTERN("(\"a\"|\"b\")", "a", "b");
	PATTERN("\"acct\"(\"1\"|\"2\")", "acct1", "acct2");
	PATTERN("(\"_global\"|\"acct\"(\"1\"(\"0\"|\"1\")|\"2\"))", "_global", "acct10",
		"acct11", "acct2");
}

static void test_a_name_may_be_the_beginning_of_another(void **state)
{
	(void)state;
	PATTERN("\"a\"(|\"b\"(|\"c\"))", "a", "ab", "abc");
	PATTERN("\"\"\"\"(|\"\"\"\")", "\"", "\"\"");
}

static void test_no_character_is_cut_in_two(void **state)
{
	(void)state;
	PATTERN("(\"\xc3\xa4\"|\"\xc3\xb6\")", "\xc3\xa4", "\xc3\xb6");
	PATTERN("\"a\"(\"\xc3\xa4x\"|\"\xc3\xa4y\"|\"\xc3\xb6\")", "a\xc3\xa4x",
		"a\xc3\xa4y", "a\xc3\xb6");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_name_is_literal),
		cmocka_unit_test(test_what_begins_alike_is_written_once),
		cmocka_unit_test(test_a_name_may_be_the_beginning_of_another),
		cmocka_unit_test(test_no_character_is_cut_in_two),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
