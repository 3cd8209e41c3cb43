/* SPDX-License-Identifier: PostgreSQL */
#include "migrations/migrations.h"

#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "catalog/columns.h"
#include "migrations/folder.h"
#include "migrations/statements.h"
#include "unit.h"

/* ---- statements ---- */

static void check_lines(const char *text, size_t count, const uint64_t *lines)
{
	struct statements s;
	struct error err;

	assert_true(statements_read(text, &s, &err));
	assert_int_equal(s.count, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(s.lines[i], lines[i]);
	statements_release(&s);
}

static void test_each_statement_has_the_line_of_its_first_word(void **state)
{
	(void)state;
	check_lines("", 0, NULL);
	check_lines("-- nothing\n/* nor\nhere */ ;;\n", 0, NULL);
	check_lines("SELECT 1;", 1, (uint64_t[]){ 1 });
	check_lines("\n-- x;\nSELECT ';';\n\nSELECT 2; SELECT\n3;\n", 3,
		    (uint64_t[]){ 3, 5, 5 });
	check_lines("DO $$ BEGIN; x;\nEND; $$;\nSELECT 1;", 2, (uint64_t[]){ 1, 3 });
	check_lines("CREATE RULE r AS ON INSERT TO a DO (SELECT 1; SELECT 2);\nSELECT 1;",
		    2, (uint64_t[]){ 1, 2 });
	check_lines("CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true "
		    "THEN 1 END; SELECT 2;\nEND;\nSELECT 1;",
		    2, (uint64_t[]){ 1, 3 });
}

static void test_what_ends_or_outlives_the_transaction_is_refused(void **state)
{
	static const char *const bad[] = {
		"COMMIT;",
		"begin;",
		"ROLLBACK;",
		"END;",
		"abort;",
		"START TRANSACTION;",
		"ROLLBACK WORK;",
		"ROLLBACK AND CHAIN;",
		"ROLLBACK PREPARED 'a';",
		"COMMIT PREPARED 'a';",
		"PREPARE TRANSACTION 'a';",
		"prepare /* x */ transaction 'a';",
		"VACUUM;",
		"CREATE UNIQUE INDEX CONCURRENTLY a ON b (c);",
		"DROP INDEX CONCURRENTLY a;",
		"REINDEX TABLE CONCURRENTLY a;",
		"REINDEX (VERBOSE, CONCURRENTLY) TABLE a;",
		"CREATE DATABASE a;",
		"SELECT 1;ROLLBACK;SELECT 2;",
		"SELECT 1; COMMIT;",
		"COPY a FROM stdin;",
		"SET search_path = a;",
		"SET SESSION x = 1;",
		"\\! id\n",
		"SELECT 1 \\g\n",
		"SELECT :DBNAME;",
		"SELECT 1",
		"SELECT ';",
		"DO $$ x;",
		"/* x",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct statements s;
		struct error err;

		if (statements_read(bad[i], &s, &err))
			fail_msg("%s", bad[i]);
		assert_int_equal(err.kind, ERROR_USAGE);
		assert_memory_equal(err.text, "line 1: ", 8);
	}
}

static void test_set_local_is_fine(void **state)
{
	(void)state;
	check_lines("SET LOCAL x = 1;\nSET CONSTRAINTS ALL IMMEDIATE;", 2,
		    (uint64_t[]){ 1, 2 });
}

static void test_what_stays_in_the_transaction_is_fine(void **state)
{
	static const char *const good[] = {
		"PREPARE p AS SELECT 1;",
		"PREPARE \"transaction\" AS SELECT 1;",
		"SAVEPOINT a;",
		"RELEASE a;",
		"ROLLBACK TO a;",
		"ROLLBACK WORK TO SAVEPOINT a;",
		"CREATE INDEX a ON b (concurrently);",
		"CREATE INDEX \"concurrently\" ON b (c);",
		"CREATE TABLE a (begin int, start int, prepare int, rollback int);",
		"REFRESH MATERIALIZED VIEW CONCURRENTLY a;",
		"REINDEX TABLE a;",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		check_lines(good[i], 1, (uint64_t[]){ 1 });
}

/* ---- the built-in migrations ---- */

static void test_the_built_in_ones_are_in_order(void **state)
{
	struct migrations m;
	struct error err;

	(void)state;
	assert_true(migrations_load(NULL, &m, &err));
	assert_int_equal(m.count, 9);
	assert_string_equal(m.steps[0].version, "0.001");
	assert_string_equal(m.steps[8].version, "0.009");
	assert_string_equal(m.steps[3].files[MIGRATION_GLOBAL].name, "global/0.004.sql");
	assert_non_null(m.none.text);
	assert_int_equal(migrations_first_after(&m, NULL), 0);
	assert_int_equal(migrations_first_after(&m, "0.0065"), 6);
	assert_int_equal(migrations_first_after(&m, ".00900"), 9);
	assert_ptr_equal(migrations_find(&m, ".006"), &m.steps[5]);
	assert_null(migrations_find(&m, "0.01"));
	assert_null(migrations_find(&m, "x"));
	migrations_release(&m);
}

/* ---- a folder of files ---- */

/* `expected`: the versions with their aliases, as "VERSION" or "VERSION=ALIAS". */
static void check_folder(const char *const *names, bool is_set,
			 const char *const *expected)
{
	struct migrations m;
	struct error err;
	size_t count = 0;

	for (size_t i = 0; names[i]; i++)
		unit_write(names[i], "SELECT 1;\n");
	assert_true(migrations_load_folder(".", is_set, &m, &err));
	for (; expected[count]; count++) {
		const struct migration *step = &m.steps[count];
		AUTO_FREE char *text =
			str_format("%s%s%s", step->version, step->alias ? "=" : "",
				   step->alias ? step->alias : "");

		assert_string_equal(text, expected[count]);
	}
	assert_int_equal(m.count, count);
	for (size_t i = 0; names[i]; i++)
		assert_int_equal(unlink(names[i]), 0);
	migrations_release(&m);
}

static void test_files_are_in_the_order_of_their_versions(void **state)
{
	(void)state;
	check_folder((const char *const[]){ "10.sql", "V2__b.sql", "0.5-a.sql", "9.sql",
					    ".hidden.sql", "README", NULL },
		     false, (const char *const[]){ "0.5", "2", "9", "10", NULL });
	check_folder((const char *const[]){ "20240101120001_b.sql",
					    "20240101120000_a.sql", NULL },
		     false,
		     (const char *const[]){ "20240101120000", "20240101120001", NULL });
}

static void test_files_are_in_the_order_of_their_names(void **state)
{
	(void)state;
	check_folder((const char *const[]){ "V10__d.sql", "V2__b.sql", "V2.1__c.sql",
					    "R__views.sql", "b9.sql", "b10.sql",
					    "b010.sql", "3.sql", NULL },
		     true,
		     (const char *const[]){ "3", "R__views", "V2.1__c=2.1", "V2__b=2",
					    "V10__d=10", "b9", "b010", "b10", NULL });
	check_folder((const char *const[]){ "2024_01_b.sql", "2024_01_a.sql",
					    "2024_02.sql", "2025_01.sql", NULL },
		     true,
		     (const char *const[]){ "2024_01_a", "2024_01_b", "2024_02",
					    "2025_01=2025", NULL });
}

/* ---- columns ---- */

#define COLUMN_OF(table, kind, name, type, is_odd)                                       \
	{                                                                                \
		(char *)(table), (char *)(kind), (char *)(name), (char *)(type), is_odd, \
			is_odd                                                           \
	}
#define COLUMN(table, name, type) COLUMN_OF(table, "table", name, type, false)

static struct columns columns_of(struct column *list, size_t count)
{
	return (struct columns){ list, count };
}

static void test_columns_that_are_the_same_do_not_differ(void **state)
{
	struct column should[] = { COLUMN("_a", "x", "text"), COLUMN("_a", "y", "text") };
	struct column has[] = { COLUMN("_a", "y", "text"), COLUMN("_a", "x", "text") };
	struct columns a = columns_of(should, 2), b = columns_of(has, 2);
	struct strvec out = { 0 };

	(void)state;
	columns_compare(&b, &a, &out);
	assert_int_equal(out.count, 0);
}

static void test_each_difference_is_said_once(void **state)
{
	struct column should[] = { COLUMN("_a", "x", "text"), COLUMN("_a", "y", "text"),
				   COLUMN("_b", "z", "text"), COLUMN("_b", "w", "text"),
				   COLUMN("_d", "x", "text") };
	struct column has[] = { COLUMN("_a", "v", "text"), COLUMN("_a", "x", "integer"),
				COLUMN("_c", "z", "text"), COLUMN("_c", "y", "text"),
				COLUMN_OF("_d", "view", "x", "text", true) };
	struct columns a = columns_of(should, 5), b = columns_of(has, 5);
	struct strvec out = { 0 };
	static const char *const said[] = {
		"_a.y is missing",
		"table _b is missing",
		"_a.x is integer, not text",
		"_d is a view, not a table",
		"_d.x is NOT NULL",
		"_d.x has a default",
		"_a.v is not of this version",
		"table _c is not of this version",
	};

	(void)state;
	columns_compare(&b, &a, &out);
	assert_int_equal(out.count, ARRAY_SIZE(said));
	for (size_t i = 0; i < out.count; i++)
		assert_string_equal(out.v[i], said[i]);
	strvec_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_statement_has_the_line_of_its_first_word),
		cmocka_unit_test(test_what_ends_or_outlives_the_transaction_is_refused),
		cmocka_unit_test(test_set_local_is_fine),
		cmocka_unit_test(test_what_stays_in_the_transaction_is_fine),
		cmocka_unit_test(test_the_built_in_ones_are_in_order),
		UNIT_TEST_IN_TMP(test_files_are_in_the_order_of_their_versions),
		UNIT_TEST_IN_TMP(test_files_are_in_the_order_of_their_names),
		cmocka_unit_test(test_columns_that_are_the_same_do_not_differ),
		cmocka_unit_test(test_each_difference_is_said_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
