/* SPDX-License-Identifier: PostgreSQL */
#include "unit.h"

#include "catalog/accounts.h"
#include "catalog/restore.h"
#include "product/version.h"
#include "pg/conninfo.h"
#include "pg/session.h"
#include "pg/pgconn.h"

static void test_versions_compare_as_numbers(void **state)
{
	(void)state;
	assert_true(version_is_newer("0.010", "0.009"));
	assert_true(version_is_newer("0.01", "0.009"));
	assert_true(version_is_newer("0.0065", "0.006"));
	assert_true(version_is_newer("10", "9.9"));
	assert_true(version_is_newer("9999999999", "999999999."));
	assert_true(version_is_newer(".000000001", "0"));
	assert_false(version_is_newer(".006", "0.006"));
	assert_false(version_is_newer("0.006000", "0.006"));
	assert_false(version_is_newer("0.006", "0.006000"));
	assert_true(version_is_newer("0.0000000000001", "0.0000000000"));
	assert_true(version_is_newer("99999999999999999999999999999999.1",
				     "99999999999999999999999999999999"));
	assert_false(version_is_newer("0000000000000000000000000000001", "2"));
	assert_false(version_is_newer("1.", "1"));
}

static void
test_the_newest_version_is_taken_without_the_blanks_that_fill_it_up(void **state)
{
	char *newest = NULL, digits[VERSION_TEXT_MAX + 1];

	(void)state;
	memset(digits, '9', VERSION_TEXT_MAX);
	digits[VERSION_TEXT_MAX] = '\0'; /* it may have been cut */
	assert_true(version_take("0.009     ", &newest));
	assert_string_equal(newest, "0.009");
	assert_false(version_take("0.008", &newest));
	assert_false(version_take(NULL, &newest));
	assert_false(version_take(" 1", &newest));
	assert_false(version_take("   ", &newest));
	assert_false(version_take(digits, &newest));
	assert_true(version_take("10", &newest));
	assert_string_equal(newest, "10");
	free(newest);
}

static void test_what_is_no_version_is_older_than_any(void **state)
{
	static const char *const bad[] = { "",    ".",   "abc", "-1",   "1e3",
					   "0x1", "nan", " 1",  "1.2.3" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_false(version_is_newer(bad[i], NULL));
		assert_false(version_is_newer(bad[i], "0"));
		assert_true(version_is_newer("0", bad[i]));
	}
	assert_true(version_is_newer("0", NULL));
	assert_false(version_is_newer(NULL, "0"));
	assert_false(version_is_newer(NULL, NULL));
}

static void assert_pattern(const char *name, const char *expected)
{
	struct catalog_account a = { .raw_name = (char *)name };
	char *pattern = catalog_dump_pattern(&a);

	assert_string_equal(pattern, expected);
	free(pattern);
}

static void test_a_pattern_quotes_the_name_whatever_is_in_it(void **state)
{
	(void)state;
	assert_pattern("agentzh", "\"agentzh\"._*");
	assert_pattern("*", "\"*\"._*");
	assert_pattern("a\"b.c|d", "\"a\"\"b.c|d\"._*");
}

static void test_only_what_may_pass_is_tried_again(void **state)
{
	(void)state;
	assert_true(pg_is_transient("FATAL:  sorry, too many clients already"));
	assert_true(pg_is_transient("FATAL:  the database system is starting up"));
	assert_false(
		pg_is_transient("FATAL:  password authentication failed for user \"u\""));
	assert_false(pg_is_transient("Connection refused"));
	assert_false(pg_is_transient(""));
}

static void test_pauses_grow_and_end(void **state)
{
	uint64_t total_ms = 0, before = 0;
	unsigned attempt = 1;

	(void)state;
	for (; session_retry_pause_ms(attempt); attempt++) {
		assert_true(session_retry_pause_ms(attempt) >= before);
		before = session_retry_pause_ms(attempt);
		total_ms += before;
	}
	assert_int_equal(attempt, 9);
	assert_int_equal(total_ms, 31750);
}

/* ---- conninfo: command line, environment, config, in this order ---- */

static void assert_value(struct conf *conf, const char *keyword, const char *expected)
{
	struct conninfo info = { 0 };
	struct error err;

	if (!conninfo_from_conf(conf, &info, &err))
		fail_msg("%s", err.text);
	if (expected)
		assert_string_equal(conninfo_get(&info, keyword), expected);
	else
		assert_null(conninfo_get(&info, keyword));
	conninfo_release(&info);
}

static int clear_environment(void **state)
{
	static const char *const names[] = { "PGHOST",   "PGHOSTADDR", "PGPORT",
					     "PGUSER",   "PGDATABASE", "PGPASSWORD",
					     "PGSERVICE" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		unsetenv(names[i]);
	return 0;
}

static void test_a_config_value_is_used_where_nothing_else_is_said(void **state)
{
	struct conf conf = { .config = { .host = (char *)"db",
					 .password = (char *)"secret" } };

	(void)state;
	assert_value(&conf, "host", "db");
	assert_value(&conf, "password", "secret");
	conf.command_line.host = (char *)"other";
	assert_value(&conf, "host", "other");
}

static void test_the_environment_silences_the_config(void **state)
{
	struct conf conf = { .config = { .host = (char *)"db",
					 .port = (char *)"1",
					 .dbname = (char *)"d" } };

	(void)state;
	setenv("PGHOST", "env", 1);
	setenv("PGPORT", "", 1);
	assert_value(&conf, "host", NULL); /* libpq takes it from the environment */
	assert_value(&conf, "port", "1");
	clear_environment(state);
	setenv("PGHOSTADDR", "127.0.0.1", 1);
	assert_value(&conf, "host", NULL);
	assert_value(&conf, "dbname", "d");
}

static void test_a_service_silences_the_config(void **state)
{
	struct conf conf = { .config = { .host = (char *)"db",
					 .password = (char *)"secret" } };

	(void)state;
	setenv("PGSERVICE", "prod", 1);
	assert_value(&conf, "host", NULL);
	assert_value(&conf, "password", NULL);
	clear_environment(state);
	conf.command_line.dbname = (char *)"service=prod";
	assert_value(&conf, "host", NULL);
	assert_value(&conf, "service", "prod");
}

static void test_a_connection_string_wins_over_the_other_options(void **state)
{
	struct conf conf = { .command_line = { .host = (char *)"a",
					       .dbname =
						       (char *)"postgresql://u@b:7/d" } };

	(void)state;
	assert_value(&conf, "host", "b");
	assert_value(&conf, "port", "7");
	assert_value(&conf, "dbname", "d");
	conf.command_line.dbname = (char *)"plain name";
	assert_value(&conf, "dbname", "plain name");
	assert_value(&conf, "host", "a");
}

static void test_a_bad_connection_string_is_not_repeated(void **state)
{
	static const char *const bad[] = { "postgresql://u:s3cret%zz@h/d",
					   "password=a s3cret", "password='s3cret",
					   "s3cret=1" };
	struct conf conf = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct conninfo info = { 0 };
		struct error err;

		conf.command_line.dbname = (char *)bad[i];
		assert_false(conninfo_from_conf(&conf, &info, &err));
		assert_int_equal(err.kind, ERROR_USAGE);
		assert_null(strstr(err.text, "s3cret"));
		conninfo_release(&info);
	}
}

static void check_transaction(const char *messages, const char *number, const char *rest)
{
	char *found, *left;

	found = catalog_take_transaction(messages, &left);
	if (number)
		assert_string_equal(found, number);
	else
		assert_null(found);
	assert_string_equal(left, rest);
	free(found);
	free(left);
}

static void test_the_transaction_is_taken_out_of_what_psql_says(void **state)
{
	(void)state;
	check_transaction("", NULL, "");
	check_transaction("ERROR:  no\nHINT:  none", NULL, "ERROR:  no\nHINT:  none");
	check_transaction("INFO:  00000: metamodel transaction 4294967300", "4294967300",
			  "");
	check_transaction("a\nINFO:  metamodel transaction 17\nb", "17", "a\nb");
	check_transaction("metamodel transaction 1\nmetamodel transaction 2", "1",
			  "metamodel transaction 2"); /* the first is ours */
}

#define CONNINFO_TEST(name) cmocka_unit_test_setup(name, clear_environment)

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(test_versions_compare_as_numbers),
		UNIT_TEST(test_what_is_no_version_is_older_than_any),
		UNIT_TEST(
			test_the_newest_version_is_taken_without_the_blanks_that_fill_it_up),
		UNIT_TEST(test_a_pattern_quotes_the_name_whatever_is_in_it),
		UNIT_TEST(test_only_what_may_pass_is_tried_again),
		UNIT_TEST(test_pauses_grow_and_end),
		UNIT_TEST(test_the_transaction_is_taken_out_of_what_psql_says),
		CONNINFO_TEST(test_a_config_value_is_used_where_nothing_else_is_said),
		CONNINFO_TEST(test_the_environment_silences_the_config),
		CONNINFO_TEST(test_a_service_silences_the_config),
		CONNINFO_TEST(test_a_connection_string_wins_over_the_other_options),
		CONNINFO_TEST(test_a_bad_connection_string_is_not_repeated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
