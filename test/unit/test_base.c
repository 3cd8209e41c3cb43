/* SPDX-License-Identifier: PostgreSQL */
#include "unit.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/str.h"
#include "base/strvec.h"
#include "base/words.h"

static void test_numbers_are_digits_within_bounds_and_nothing_else(void **state)
{
	static const char *const bad[] = { "",    " 1", "1 ",
					   "+1",  "-1", "0x1",
					   "1e3", "11", "99999999999999999999999" };
	uint64_t n = 42;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(str_parse_uint(bad[i], 1, 10, &n));
	assert_int_equal(n, 42);
	assert_true(str_parse_uint("10", 1, 10, &n));
	assert_int_equal(n, 10);
	assert_true(str_parse_uint("18446744073709551615", 0, UINT64_MAX, &n));
}

static void test_a_hex_digit_may_be_of_either_case(void **state)
{
	static const char lower[] = "0123456789abcdef", upper[] = "0123456789ABCDEF";
	static const char none[] = "/:@G`g \xe9"; /* and the NUL */

	(void)state;
	for (unsigned i = 0; i < 16; i++) {
		assert_int_equal(str_hex_digit(lower[i]), i);
		assert_int_equal(str_hex_digit(upper[i]), i);
	}
	for (size_t i = 0; i < sizeof(none); i++)
		assert_int_equal(str_hex_digit(none[i]), 16);
}

static void test_utf8_is_what_rfc_3629_says(void **state)
{
	static const char *const good[] = { "",
					    "a",
					    "\xc3\xa9",
					    "\xe2\x82\xac",
					    "\xf0\x9f\x98\x80",
					    "\xf4\x8f\xbf\xbf" };
	static const char *const bad[] = { "\x80",
					   "\xc3",
					   "\xc0\xaf",
					   "\xe0\x80\x80",
					   "\xed\xa0\x80",
					   "\xf4\x90\x80\x80",
					   "\xf8\x88\x80\x80\x80",
					   "\xe9" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(str_is_utf8(good[i], strlen(good[i])));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(str_is_utf8(bad[i], strlen(bad[i])));
}

static void test_bytes_that_are_no_utf8_become_question_marks(void **state)
{
	struct strbuf b = { 0 };

	(void)state;
	strbuf_add_utf8(&b, "a\xe9z\xc3\xa9\xe2\x82");
	assert_string_equal(b.buf, "a?z\xc3\xa9??");
	strbuf_release(&b);
}

static void assert_shell_word(const char *word, const char *expected)
{
	struct strbuf b = { 0 };

	strbuf_add_shell_word(&b, word);
	assert_string_equal(b.buf, expected);
	strbuf_release(&b);
}

static void test_a_word_for_the_shell_stays_one_word(void **state)
{
	(void)state;
	assert_shell_word("/usr/bin/pg_dump", "/usr/bin/pg_dump");
	assert_shell_word("", "''");
	assert_shell_word("$(touch x)", "'$(touch x)'");
	assert_shell_word("it's", "'it'\\''s'");
	assert_shell_word("a\nb", "'a\nb'");
}

static void test_an_error_gets_its_context_in_front_and_is_cut_not_overrun(void **state)
{
	struct error err;
	char *longer = str_format("%5000s", "x");

	(void)state;
	assert_false(error_set(&err, ERROR_DATA, "no %s", "rows"));
	assert_false(error_prefix(&err, "table %d", 3));
	assert_string_equal(err.text, "table 3: no rows");
	error_set(&err, ERROR_DATA, "%s", longer);
	error_prefix(&err, "%s", longer);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	free(longer);
}

static void test_a_vector_is_an_argv_even_when_empty(void **state)
{
	struct strvec v = { 0 };

	(void)state;
	assert_null(strvec_argv(&v)[0]);
	for (int i = 0; i < 100; i++)
		strvec_push_format(&v, "%d", i);
	assert_string_equal(strvec_argv(&v)[99], "99");
	assert_null(strvec_argv(&v)[100]);
	strvec_release(&v);
}

/* What log writes for `err`. Caller frees. */
static char *logged(const struct error *err, enum log_level level)
{
	const struct log log = { .level = level };
	int before = dup(STDERR_FILENO),
	    fd = open("log", O_RDWR | O_CREAT | O_TRUNC, 0600);
	struct error ignored;
	char *text;
	size_t length;

	dup2(fd, STDERR_FILENO);
	log_info(&log, "a\nb\x1b[2J %s", "c");
	log_error(&log, err);
	dup2(before, STDERR_FILENO);
	close(before);
	lseek(fd, 0, SEEK_SET);
	assert_true(fs_read_all(fd, 4096, &text, &length, &ignored));
	close(fd);
	return text;
}

static void test_control_characters_reach_no_terminal(void **state)
{
	struct error err;
	char *text;

	(void)state;
	error_set(&err, ERROR_DATA, "one\ntwo\x07");
	error_hint(&err, "three");
	text = logged(&err, LOG_INFO);
	assert_string_equal(text, "a\\x0ab\\x1b[2J c\n"
				  "metamodel: error: one\n"
				  "metamodel: detail: two\\x07\n"
				  "metamodel: hint: three\n");
	free(text);
}

static void test_a_detail_says_so_once_and_a_hint_says_whose_it_is(void **state)
{
	struct error err;
	char *text;

	(void)state;
	error_set(&err, ERROR_SERVER,
		  "one\nDETAIL:  two\nHINT:  three\nHINT:  metamodel: four");
	error_hint(&err, "five");
	text = logged(&err, LOG_INFO);
	assert_string_equal(text, "a\\x0ab\\x1b[2J c\n"
				  "metamodel: error: one\n"
				  "metamodel: detail: two\n"
				  "metamodel: detail: the server's hint: three\n"
				  "metamodel: hint: four\n"
				  "metamodel: hint: five\n");
	free(text);
}

static void test_quiet_hides_steps_and_shows_errors(void **state)
{
	struct error err;
	char *text;

	(void)state;
	error_set(&err, ERROR_DATA, "one");
	text = logged(&err, LOG_ERROR);
	assert_string_equal(text, "metamodel: error: one\n");
	free(text);
}

static void test_a_line_has_no_greatest_length(void **state)
{
	const struct log log = { .level = LOG_INFO };
	char *longer = str_format("%20000s", "x");
	int before = dup(STDERR_FILENO),
	    fd = open("log", O_RDWR | O_CREAT | O_TRUNC, 0600);

	(void)state;
	dup2(fd, STDERR_FILENO);
	log_failure(&log, "%s", longer);
	dup2(before, STDERR_FILENO);
	close(before);
	assert_int_equal(lseek(fd, 0, SEEK_END), 20001);
	close(fd);
	free(longer);
}

static void test_reading_more_than_allowed_is_an_error(void **state)
{
	struct error err;
	char *text = NULL;
	size_t length;
	int fd;

	(void)state;
	unit_write("file", "12345");
	fd = open("file", O_RDONLY);
	assert_false(fs_read_all(fd, 4, &text, &length, &err));
	assert_null(text);
	lseek(fd, 0, SEEK_SET);
	assert_true(fs_read_all(fd, 5, &text, &length, &err));
	assert_string_equal(text, "12345");
	free(text);
	close(fd);
}

static void test_times_are_utc_to_the_second(void **state)
{
	char out[CLOCK_TEXT_BYTES];

	(void)state;
	clock_format(1763809200, out);
	assert_string_equal(out, "2025-11-22T11:00:00Z");
}

static void test_an_age_is_in_the_largest_unit_of_which_there_are_two(void **state)
{
	static const struct {
		long seconds;
		const char *text;
	} ages[] = {
		{ -1, "in the future" },      { 0, "0 s ago" },
		{ 119, "119 s ago" },         { 120, "2 min ago" },
		{ 7199, "119 min ago" },      { 7200, "2 h ago" },
		{ 172799, "47 h ago" },       { 172800, "2 d ago" },
		{ 86400 * 400, "400 d ago" },
	};
	char out[CLOCK_AGE_BYTES];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ages); i++) {
		clock_format_age(1763809200, 1763809200 + ages[i].seconds, out);
		assert_string_equal(out, ages[i].text);
	}
}

static void test_a_command_is_split_at_blanks_outside_quotes(void **state)
{
	static const struct {
		const char *text, *words; /* each followed by a | */
	} good[] = {
		{ "", "" },
		{ " \n\t", "" },
		{ "a  b\n  c ", "a|b|c|" },
		{ "\"a b\" 'c \"d' \"\" e", "a b|c \"d||e|" },
		{ "a\"b c\"d --x='y z'", "a\"b|c\"d|--x='y|z'|" },
		{ "'it's' x", "it's|x|" },
		{ "a\\ b $x `c` *", "a\\|b|$x|`c`|*|" },
	};
	static const char *const bad[] = { "'", "a \"b", "'a'b", "\"a' b" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		AUTO_STRVEC struct strvec words = { 0 };
		AUTO_STRBUF struct strbuf joined = { 0 };

		strbuf_add_str(&joined, "");
		assert_true(words_split(good[i].text, &words));
		for (size_t k = 0; k < words.count; k++)
			strbuf_add_format(&joined, "%s|", words.v[k]);
		assert_string_equal(joined.buf, good[i].words);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		AUTO_STRVEC struct strvec words = { 0 };

		assert_false(words_split(bad[i], &words));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(test_numbers_are_digits_within_bounds_and_nothing_else),
		UNIT_TEST(test_a_hex_digit_may_be_of_either_case),
		UNIT_TEST(test_utf8_is_what_rfc_3629_says),
		UNIT_TEST(test_bytes_that_are_no_utf8_become_question_marks),
		UNIT_TEST(test_a_word_for_the_shell_stays_one_word),
		UNIT_TEST(test_an_error_gets_its_context_in_front_and_is_cut_not_overrun),
		UNIT_TEST(test_a_vector_is_an_argv_even_when_empty),
		UNIT_TEST(test_a_command_is_split_at_blanks_outside_quotes),
		UNIT_TEST_IN_TMP(test_control_characters_reach_no_terminal),
		UNIT_TEST_IN_TMP(test_a_detail_says_so_once_and_a_hint_says_whose_it_is),
		UNIT_TEST_IN_TMP(test_quiet_hides_steps_and_shows_errors),
		UNIT_TEST_IN_TMP(test_a_line_has_no_greatest_length),
		UNIT_TEST_IN_TMP(test_reading_more_than_allowed_is_an_error),
		UNIT_TEST(test_times_are_utc_to_the_second),
		UNIT_TEST(test_an_age_is_in_the_largest_unit_of_which_there_are_two),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
