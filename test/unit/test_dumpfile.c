/* SPDX-License-Identifier: PostgreSQL */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/str.h"
#include "dump/check.h"
#include "dump/header.h"

#define TAIL "--\n-- PostgreSQL database dump complete\n--\n\n"

struct fixture {
	int fd; /* an empty file that nobody else sees */
	struct dumpfile_opts opts;
	struct dumpfile_facts facts;
	struct error err;
	struct strbuf values;
};

static void on_value(void *owner, const char *value)
{
	struct fixture *f = owner;

	strbuf_add_format(&f->values, "%s|", value ? value : "(null)");
}

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	char path[] = "/tmp/test_dumpfile.XXXXXX";

	f->fd = mkstemp(path);
	if (f->fd < 0 || unlink(path) < 0)
		return -1;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	close(f->fd);
	dumpfile_facts_release(&f->facts);
	strbuf_release(&f->values);
	free(f);
	return 0;
}

static void check(struct fixture *f, const char *text)
{
	assert_int_equal(ftruncate(f->fd, 0), 0);
	assert_int_equal(lseek(f->fd, 0, SEEK_SET), 0);
	assert_true(fs_write_all(f->fd, text, strlen(text), &f->err));
	f->err = (struct error){ 0 };
	dumpfile_facts_release(&f->facts);
	assert_true(dumpfile_check(f->fd, &f->opts, &f->facts, &f->err));
	assert_int_equal(f->facts.size_bytes, strlen(text));
}

static void assert_unsound(const struct fixture *f, const char *expected)
{
	assert_false(f->facts.is_sound);
	assert_int_equal(f->err.kind, ERROR_DATA);
	assert_string_equal(f->err.text, expected);
}

static void test_a_sound_file_has_its_facts(void **state)
{
	struct fixture *f = *state;

	check(f, "CREATE TABLE a.b ();\nCOPY a.b FROM stdin;\n1\n2\n\\.\nINSERT "
		 "INTO a.b VALUES ('\\');\n" TAIL);
	assert_true(f->facts.is_sound);
	assert_int_equal(f->err.kind, ERROR_NONE);
	assert_int_equal(f->facts.tables, 1);
	assert_int_equal(f->facts.rows, 2);
	assert_int_equal(f->facts.ambiguous_line, 6);
	assert_string_equal(
		f->facts.sha256,
		"3d542522ae80b7a43d99ee96be89da7f7a1187b21d6215070a69ac08e5e91a60");
}

static void test_an_unsound_file_has_size_and_hash_all_the_same(void **state)
{
	struct fixture *f = *state;

	check(f, "");
	assert_unsound(f, "is empty");
	assert_string_equal(
		f->facts.sha256,
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	check(f, "\\! id\nabc");
	assert_unsound(f, "line 1: backslash command \\! id outside of data");
	assert_string_equal(
		f->facts.sha256,
		"90049964051e3231d46b290181d6243ecd7daf81b2241c3cea68671d7e86960a");
}

static void test_a_file_larger_than_the_buffer_is_read_whole(void **state)
{
	struct fixture *f = *state;
	struct strbuf text = { 0 };

	strbuf_add_str(&text, "CREATE TABLE a.b ();\nCOPY a.b FROM stdin;\n");
	for (int i = 0; i < 100000; i++)
		strbuf_add_format(&text, "%d\tsome text\n", i);
	strbuf_add_str(&text, "\\.\n" TAIL);
	check(f, text.buf);
	strbuf_release(&text);
	assert_true(f->facts.is_sound);
	assert_int_equal(f->facts.rows, 100000);
	assert_string_equal(
		f->facts.sha256,
		"c07b0f382012f45793d16892aa30405628612e330bfe13244eafde333539ef6f");
}

static void test_the_offset_counts_for_nothing_and_stays(void **state)
{
	struct fixture *f = *state;
	static const char text[] = "CREATE TABLE a.b ();\n" TAIL;

	check(f, text);
	assert_int_equal(lseek(f->fd, 7, SEEK_SET), 7);
	assert_true(dumpfile_check(f->fd, &f->opts, &f->facts, &f->err));
	assert_true(f->facts.is_sound);
	assert_int_equal(f->facts.size_bytes, strlen(text));
	assert_int_equal(lseek(f->fd, 0, SEEK_CUR), 7);
}

static void test_what_cannot_be_read_is_an_error(void **state)
{
	struct fixture *f = *state;
	int fds[2], dir = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	f->facts.tables = 77;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_false(dumpfile_check(fds[0], &f->opts, &f->facts, &f->err));
	assert_int_equal(f->err.kind, ERROR_SYSTEM);
	assert_string_equal(f->err.text, "read: Illegal seek");
	assert_false(dumpfile_check(dir, &f->opts, &f->facts, &f->err));
	assert_string_equal(f->err.text, "read: Is a directory");
	assert_int_equal(f->facts.tables, 77);
	close(fds[0]);
	close(fds[1]);
	close(dir);
}

static void test_a_table_of_another_account_is_unsound(void **state)
{
	struct fixture *f = *state;

	f->opts.expect_schema = "it's";
	check(f, "CREATE TABLE \"it's\".t ();\nCOPY \"it's\".t FROM stdin;\n\\.\n" TAIL);
	assert_true(f->facts.is_sound);
	check(f, "CREATE TABLE \"it's\".t ();\nCREATE TABLE other._x ();\n"
		 "CREATE TABLE third._y ();\n" TAIL);
	assert_unsound(f, "holds table other._x of another account (line 2)");
	assert_int_equal(f->facts.tables, 3);
	check(f, "COPY other._x FROM stdin;\n\\.\n" TAIL);
	assert_unsound(f, "holds table other._x of another account (line 1)");
	check(f, "\nINSERT INTO \"It's\".\"_x\n\" VALUES (1);\n" TAIL);
	assert_unsound(f, "holds table It's._x? of another account (line 3)");
	check(f, "CREATE TABLE _x ();\n" TAIL);
	assert_unsound(f, "holds table _x of no account (line 1)");
	f->opts.expect_schema = NULL;
	check(f, "CREATE TABLE _x (); CREATE TABLE other._x ();\n" TAIL);
	assert_true(f->facts.is_sound);
}

static void test_what_is_not_of_the_metamodel_is_unsound(void **state)
{
	static const char *const others[] = {
		"ALTER TABLE other._x OWNER TO y;",
		"CREATE VIEW acct.v AS SELECT 1;",
		"COPY acct.\"Post\" FROM stdin;\n\\.",
		"CREATE INDEX i ON acct.x (y);",
		"SELECT pg_catalog.setval('acct.s', 1);",
		"COMMENT ON INDEX other.i IS 'x';",
		"ALTER SEQUENCE acct.s OWNED BY acct._x.y;",
		"ALTER TABLE _x OWNER TO y;",
		"CREATE SEQUENCE acct.t; CREATE TABLE acct.t ();",
	};
	struct fixture *f = *state;

	f->opts.expect_schema = "acct";
	f->opts.expect_prefix = "_";
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		char *text =
			str_format("CREATE TABLE acct._x ();\n%s\n%s", others[i], TAIL);

		check(f, text);
		if (f->facts.is_sound || !strstr(f->err.text, "line 2: ") ||
		    !strstr(f->err.text, ": not part of this account's metamodel"))
			fail_msg("%s: %s", others[i], f->err.text);
		free(text);
	}
	check(f, "CREATE TABLE public._x ();\n" TAIL);
	assert_unsound(f, "holds table public._x of another account (line 1)");
}

static void test_a_sequence_and_an_index_may_have_names_of_their_own(void **state)
{
	struct fixture *f = *state;

	f->opts.expect_schema = "acct";
	f->opts.expect_prefix = "_";
	check(f,
	      "CREATE TABLE acct._x (id int, n int);\nCREATE SEQUENCE acct.s;\n"
	      "ALTER TABLE acct.s OWNER TO y;\nALTER SEQUENCE acct.s OWNED BY "
	      "acct._x.id;\n"
	      "ALTER TABLE acct._x ALTER COLUMN n ADD GENERATED ALWAYS AS IDENTITY (\n"
	      "    SEQUENCE NAME acct.\"T\"\n    START WITH 1\n);\n"
	      "SELECT pg_catalog.setval('acct.s', 1, true);\n"
	      "SELECT pg_catalog.setval('acct.\"T\"', 1, true);\n"
	      "CREATE INDEX i ON acct._x (id);\nCOMMENT ON INDEX acct.i IS 'x';\n" TAIL);
	assert_string_equal(f->err.text, "");
	assert_true(f->facts.is_sound);
}

static void test_rows_must_stay_where_they_are_put(void **state)
{
	static const char *const detours[] = {
		"CREATE VIEW a._v AS SELECT * FROM x._y;\nINSERT INTO a._v VALUES (1);",
		"CREATE RULE r AS ON INSERT TO a._t DO DELETE FROM x;\nINSERT INTO a._t "
		"VALUES (1);",
		"CREATE TRIGGER t BEFORE INSERT ON a._t EXECUTE FUNCTION f();\n"
		"COPY a._t FROM stdin;\n\\.",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(detours); i++) {
		char *text =
			str_format("CREATE TABLE a._t ();\n%s\n%s", detours[i], TAIL);

		check(f, text);
		free(text);
		assert_false(f->facts.is_sound);
		assert_non_null(strstr(f->err.text, "may redirect"));
		assert_non_null(strstr(f->err.text, "line 3: loads rows into _"));
	}
	check(f, "CREATE TABLE a._t ();\nCREATE RULE \"_RETURN\" AS ON SELECT TO a._v DO "
		 "INSTEAD SELECT 1;\nCOPY a._t FROM stdin;\n\\.\n" TAIL);
	assert_true(f->facts.is_sound);
}

static void test_a_dump_without_a_table_or_a_view_is_unsound(void **state)
{
	struct fixture *f = *state;

	check(f, "SET row_security = off;\n" TAIL);
	assert_unsound(f, "holds no table");
	check(f, "CREATE VIEW _v AS SELECT 1;\n" TAIL);
	assert_true(f->facts.is_sound);
}

static void test_the_old_search_path_names_the_account(void **state)
{
	struct fixture *f = *state;

	f->opts.expect_schema = "acct";
	check(f, "SET search_path = acct, pg_catalog;\nCREATE TABLE _x ();\n" TAIL);
	assert_true(f->facts.is_sound);
	check(f, "SET search_path = \"Acct\", pg_catalog;\nCREATE TABLE _x ();\n" TAIL);
	assert_unsound(f, "holds table Acct._x of another account (line 2)");
}

static void test_a_cut_is_reported_before_another_accounts_table(void **state)
{
	struct fixture *f = *state;

	f->opts.expect_schema = "acct";
	check(f, "CREATE TABLE other._x ();\nINSERT INTO x");
	assert_unsound(f, "truncated inside the statement that begins in line 2");
}

static void test_watched_values_reach_their_owner(void **state)
{
	struct fixture *f = *state;

	f->opts = (struct dumpfile_opts){ .watch_table = "_general",
					  .watch_column = "version",
					  .on_value = on_value,
					  .owner = f };
	check(f, "CREATE TABLE a._general ();\nCOPY a._general (version, x) FROM "
		 "stdin;\n0.003\t1\n\\N\t2\n\\.\n" TAIL);
	assert_true(f->facts.is_sound);
	assert_string_equal(f->values.buf, "0.003|(null)|");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

/* ---- read once more ---- */

/* How many bytes come back before the end or an error. */
static size_t read_again(struct fixture *f, bool *is_same)
{
	struct dumpdigests_reader *reader = dumpdigests_open(f->opts.marks, f->fd);
	size_t total = 0, length = 0;
	char *data;

	while ((*is_same = dumpdigests_next(reader, &data, &length, &f->err)) && length)
		total += length;
	dumpdigests_close(reader);
	return total;
}

static void test_only_what_was_checked_is_read_again(void **state)
{
	struct fixture *f = *state;
	struct dumpdigests marks = { 0 };
	struct strbuf text = { 0 };
	bool is_same;

	f->opts.marks = &marks;
	while (text.length < 2 * (size_t)DUMPDIGESTS_PIECE_BYTES)
		strbuf_add_format(&text, "-- %zu\n", text.length);
	check(f, text.buf);
	assert_int_equal(marks.count, 3);
	assert_int_equal(read_again(f, &is_same), text.length);
	assert_true(is_same);

	/* a piece is not handed on before all of it was compared */
	assert_int_equal(pwrite(f->fd, "x", 1, 2 * DUMPDIGESTS_PIECE_BYTES - 1), 1);
	assert_int_equal(read_again(f, &is_same), DUMPDIGESTS_PIECE_BYTES);
	assert_false(is_same);
	assert_int_equal(f->err.kind, ERROR_DATA);

	/* and neither is less, or more */
	assert_int_equal(ftruncate(f->fd, DUMPDIGESTS_PIECE_BYTES), 0);
	assert_int_equal(read_again(f, &is_same), DUMPDIGESTS_PIECE_BYTES);
	assert_false(is_same);
	dumpdigests_release(&marks);
	strbuf_release(&text);
}

static void test_every_role_is_known_once_and_the_encoding(void **state)
{
	static const char *const roles[] = { "al \"ice", "reader", "one", "two", "boss" };
	struct fixture *f = *state;

	check(f, "SET client_encoding = 'LATIN1';\n"
		 "CREATE TABLE a._x (id integer);\n"
		 "ALTER TABLE a._x OWNER TO \"al \"\"ice\";\n"
		 "GRANT SELECT ON TABLE a._x TO reader;\n"
		 "CREATE POLICY p ON a._x FOR SELECT TO one, two USING (true);\n"
		 "CREATE POLICY q ON a._x USING (true);\n"
		 "SET SESSION AUTHORIZATION boss;\n"
		 "GRANT SELECT(id) ON TABLE a._x TO PUBLIC;\n"
		 "RESET SESSION AUTHORIZATION;\n"
		 "REVOKE ALL ON TABLE a._x FROM reader;\n" TAIL);
	assert_string_equal(f->err.text, "");
	assert_true(f->facts.is_sound);
	assert_string_equal(f->facts.encoding, "LATIN1");
	assert_int_equal(f->facts.roles.count, ARRAY_SIZE(roles));
	for (size_t i = 0; i < ARRAY_SIZE(roles); i++)
		assert_string_equal(f->facts.roles.v[i], roles[i]);
}

static void assert_adapted(const char *text, unsigned major, const char *expected)
{
	AUTO_FREE char *copy = xstrdup(text);

	dumpheader_adapt(copy, strlen(copy), major);
	assert_string_equal(copy, expected);
}

static void test_a_setting_for_newer_servers_becomes_a_comment_in_the_header(void **state)
{
	static const char header[] = "--\n\n\\restrict x\n\nSET lock_timeout = 0;\n"
				     "SET transaction_timeout = 0;\nSELECT 1;\n";

	(void)state;
	assert_adapted(header, 17, header);
	assert_adapted(header, 16,
		       "--\n\n\\restrict x\n\nSET lock_timeout = 0;\n"
		       "--  transaction_timeout = 0;\nSELECT 1;\n");
	assert_adapted("SELECT 1;\nSET transaction_timeout = 0;\n", 13,
		       "SELECT 1;\nSET transaction_timeout = 0;\n");
	assert_adapted("SET transaction_timeout = 5;\n", 13,
		       "SET transaction_timeout = 5;\n");
	assert_adapted("", 13, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_sound_file_has_its_facts),
		TEST(test_an_unsound_file_has_size_and_hash_all_the_same),
		TEST(test_a_file_larger_than_the_buffer_is_read_whole),
		TEST(test_the_offset_counts_for_nothing_and_stays),
		TEST(test_what_cannot_be_read_is_an_error),
		TEST(test_a_table_of_another_account_is_unsound),
		TEST(test_what_is_not_of_the_metamodel_is_unsound),
		TEST(test_a_sequence_and_an_index_may_have_names_of_their_own),
		TEST(test_rows_must_stay_where_they_are_put),
		TEST(test_a_dump_without_a_table_or_a_view_is_unsound),
		TEST(test_the_old_search_path_names_the_account),
		TEST(test_a_cut_is_reported_before_another_accounts_table),
		TEST(test_watched_values_reach_their_owner),
		TEST(test_every_role_is_known_once_and_the_encoding),
		TEST(test_only_what_was_checked_is_read_again),
		TEST(test_a_setting_for_newer_servers_becomes_a_comment_in_the_header),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("dumpfile", tests, NULL, NULL);
}
