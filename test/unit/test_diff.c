/* SPDX-License-Identifier: PostgreSQL */
#include "unit.h"

#include "base/str.h"
#include "task/diff/rows.h"

static const char beginning[] =
	"--\n-- PostgreSQL database dump\n--\n\n"
	"CREATE TABLE a._t (\n    id integer,\n    name text\n);\n\n";
static const char ending[] = "\\.\n\n\n--\n-- PostgreSQL database dump complete\n--\n\n";

/* Two dumps in a directory without manifest. */
struct fixture {
	struct savedir saves[DIFF_SIDES];
	struct stored_dump dumps[DIFF_SIDES];
	struct diff_objects objects;
	struct strbuf said;
};

static void write_dump(const char *dir, const char *columns, const char *rows)
{
	char *text = str_format("%sCOPY a._t (%s) FROM stdin;\n%s%s", beginning, columns,
				rows, ending);
	char *path = str_format("%s/a.sql", dir);

	mkdir(dir, 0700);
	unit_write(path, text);
	free(path);
	free(text);
}

static void open_dumps(struct fixture *f)
{
	static const char *const dirs[] = { "from", "to" };
	struct error err;

	for (int side = 0; side < DIFF_SIDES; side++) {
		assert_true(savedir_open(dirs[side], &f->saves[side], &err));
		assert_true(stored_dump_open(&f->saves[side], "a", NULL, &f->dumps[side],
					     &err));
	}
}

static void release(struct fixture *f)
{
	for (int side = 0; side < DIFF_SIDES; side++) {
		stored_dump_release(&f->dumps[side]);
		savedir_release(&f->saves[side]);
	}
	objects_release(&f->objects);
	strbuf_release(&f->said);
}

static void on_row(void *owner, enum diff_side side, const struct diff_object *table,
		   const char *data, size_t length, bool is_cut)
{
	struct fixture *f = owner;

	(void)table, (void)is_cut;
	strbuf_add_str(&f->said, side == DIFF_TO ? "+" : "-");
	strbuf_add(&f->said, data, length);
	strbuf_add_str(&f->said, " ");
}

static const struct diff_object *compare(struct fixture *f, uint64_t most_rows)
{
	const struct diff_dumps dumps = {
		.dumps = { &f->dumps[DIFF_FROM], &f->dumps[DIFF_TO] },
		.objects = &f->objects,
		.most_rows = most_rows,
	};
	struct error err;

	assert_true(rows_read(&dumps, &err));
	assert_true(rows_compare(&dumps, &err));
	assert_true(rows_hand_out(&dumps, on_row, f, &err));
	strbuf_add_str(&f->said, "");
	return objects_find(&f->objects, "_t");
}

static void test_few_rows_at_once_give_what_all_at_once_give(void **state)
{
	(void)state;
	write_dump("from", "id, name", "1\ta\n2\tb\n2\tb\n3\tc\n4\td\n");
	write_dump("to", "id, name", "4\td\n2\tb\n5\te\n1\ta\n5\te\n");
	for (uint64_t most = 0; most < 12; most++) {
		struct fixture f = { 0 };
		const struct diff_object *table;

		open_dumps(&f);
		table = compare(&f, most);
		assert_int_equal(table->rows[DIFF_FROM], 2);
		assert_int_equal(table->rows[DIFF_TO], 2);
		assert_int_equal(f.said.length, strlen("-2\tb -3\tc +5\te +5\te "));
		if (!most)
			assert_string_equal(f.said.buf, "-2\tb -3\tc +5\te +5\te ");
		release(&f);
	}
}

static void test_rows_are_compared_by_the_columns_that_both_have(void **state)
{
	struct fixture f = { 0 };
	const struct diff_object *table;

	(void)state;
	write_dump("from", "id, name, old", "1\ta\tx\n2\tb\ty\n");
	write_dump("to", "new, name, id", "7\ta\t1\n7\tc\t2\n");
	open_dumps(&f);
	table = compare(&f, 0);
	assert_string_equal(f.said.buf, "-2\tb\ty +7\tc\t2 ");
	assert_int_equal(table->rows[DIFF_FROM], 1);
	release(&f);
}

static void test_columns_do_not_change_places(void **state)
{
	struct fixture f = { 0 };

	(void)state;
	write_dump("from", "id, name, old", "1\t2\tx\n\t1\tx\n");
	write_dump("to", "id, name", "2\t1\n1\t\n");
	open_dumps(&f);
	assert_int_equal(compare(&f, 0)->rows[DIFF_TO], 2);
	release(&f);
}

static void test_one_row_of_very_many_is_found(void **state)
{
	struct strbuf from = { 0 }, to = { 0 };
	struct fixture f = { 0 };

	(void)state;
	for (int i = 0; i < 100000; i++) {
		strbuf_add_format(&from, "%d\tx\n", i);
		strbuf_add_format(&to, "%d\t%s\n", 99999 - i, i == 77 ? "y" : "x");
	}
	write_dump("from", "id, name", from.buf);
	write_dump("to", "id, name", to.buf);
	open_dumps(&f);
	compare(&f, 60000);
	assert_non_null(strstr(f.said.buf, "-99922\tx "));
	assert_non_null(strstr(f.said.buf, "+99922\ty "));
	assert_int_equal(f.said.length, strlen("-99922\tx +99922\ty "));
	release(&f);
	strbuf_release(&from);
	strbuf_release(&to);
}

static void test_lists_are_split_where_the_server_would(void **state)
{
	struct diff_objects objects = { 0 };
	const struct diff_part *part;

	(void)state;
	objects_add_table(&objects, DIFF_FROM, "t",
			  "CREATE TABLE \"a(,\".t (\n    \"c, d\" text,\n"
			  "    e numeric(3,2) DEFAULT 'x), (''y'::text,\n"
			  "    f integer[]\n)\nINHERITS (a.p);\n");
	part = &objects.list[0]->parts[DIFF_FROM];
	assert_int_equal(part->columns.count, 3);
	assert_string_equal(part->columns.v[0], "\"c, d\" text");
	assert_string_equal(part->columns.v[1],
			    "e numeric(3,2) DEFAULT 'x), (''y'::text");
	assert_string_equal(part->columns.v[2], "f integer[]");
	assert_int_equal(part->statements.count, 1);
	assert_string_equal(part->statements.v[0], "INHERITS (a.p);");
	objects_add_table(&objects, DIFF_TO, "u", "CREATE TABLE (");
	objects_add_table(&objects, DIFF_TO, "u", "CREATE TABLE ('");
	objects_add_copy(&objects, DIFF_TO, "u", "COPY a.u FROM stdin;\n");
	objects_release(&objects);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST_IN_TMP(test_few_rows_at_once_give_what_all_at_once_give),
		UNIT_TEST_IN_TMP(test_rows_are_compared_by_the_columns_that_both_have),
		UNIT_TEST_IN_TMP(test_columns_do_not_change_places),
		UNIT_TEST_IN_TMP(test_one_row_of_very_many_is_found),
		UNIT_TEST(test_lists_are_split_where_the_server_would),
	};

	return cmocka_run_group_tests_name("diff", tests, NULL, NULL);
}
