/* SPDX-License-Identifier: PostgreSQL */
#include "unit.h"

#include "base/str.h"
#include "dump/parts.h"

static const char dump[] =
	"--\n-- PostgreSQL database dump\n--\n\n"
	"\\restrict key\n\n"
	"SET client_encoding = 'UTF8';\n\n"
	"--\n-- Name: t; Type: TABLE\n--\n\n"
	"CREATE TABLE a.t (\n    id integer,\n    name text\n);\n\n\n"
	"COPY a.t (id, name) FROM stdin;\n"
	"1\tone\n"
	"2\t\\\\.\n"
	"\n"
	"\\.\n\n\n"
	"COPY a.u FROM stdin;\n"
	"\\.\n\n\n"
	"ALTER TABLE ONLY a.t\n    ADD CONSTRAINT p PRIMARY KEY (id);\n\n"
	"--\n-- PostgreSQL database dump complete\n--\n\n"
	"\\unrestrict key\n\n";

static const char expected[] =
	"[t CREATE TABLE a.t (\n    id integer,\n    name text\n);\n]"
	"[COPY a t COPY a.t (id, name) FROM stdin;\n]"
	"(1\tone)(2\t\\\\.)()[end]"
	"[COPY a u COPY a.u FROM stdin;\n][end]"
	"[t ALTER TABLE ONLY a.t\n    ADD CONSTRAINT p PRIMARY KEY (id);\n]";

struct fixture {
	struct strbuf said;
	bool is_within_row;
	size_t pieces;
};

static void on_statement(void *owner, enum dumpsql_use use, const char *schema,
			 const char *name, const char *text)
{
	struct fixture *f = owner;

	(void)use, (void)schema;
	strbuf_add_format(&f->said, "[%s %s]", name, text);
}

static void on_copy(void *owner, const char *schema, const char *name, const char *text)
{
	struct fixture *f = owner;

	strbuf_add_format(&f->said, "[COPY %s %s %s]", schema, name, text);
}

static void on_row(void *owner, const char *data, size_t length, bool is_end)
{
	struct fixture *f = owner;

	strbuf_add_str(&f->said, f->is_within_row ? "" : "(");
	strbuf_add(&f->said, data, length);
	strbuf_add_str(&f->said, is_end ? ")" : "");
	f->is_within_row = !is_end;
	f->pieces++;
}

static void on_copy_end(void *owner)
{
	struct fixture *f = owner;

	strbuf_add_str(&f->said, "[end]");
}

/* Take it apart, fed in pieces of this size. */
static void take_apart(struct fixture *f, const char *text, size_t size)
{
	const struct dumpparts_hooks hooks = { .on_statement = on_statement,
					       .on_copy = on_copy,
					       .on_row = on_row,
					       .on_copy_end = on_copy_end,
					       .owner = f };
	struct dumpparts parts;
	size_t length = strlen(text);

	dumpparts_init(&parts, &hooks);
	for (size_t at = 0; at < length; at += size)
		dumpparts_feed(&parts, text + at,
			       length - at < size ? length - at : size);
	dumpparts_release(&parts);
}

static void test_statements_and_rows_come_in_order_however_the_dump_is_fed(void **state)
{
	(void)state;
	for (size_t size = 1; size <= sizeof(dump); size += size < 80 ? 1 : 200) {
		struct fixture f = { 0 };

		take_apart(&f, dump, size);
		assert_string_equal(f.said.buf, expected);
		strbuf_release(&f.said);
	}
}

static void test_a_long_row_comes_in_pieces(void **state)
{
	struct fixture f = { 0 };
	struct strbuf text = { 0 };

	(void)state;
	strbuf_add_str(&text, "COPY a.t (x) FROM stdin;\n");
	for (int i = 0; i < 500000; i++)
		strbuf_add_char(&text, 'x');
	strbuf_add_str(&text, "\n\\.\n");
	take_apart(&f, text.buf, 1000);
	assert_true(f.pieces > 2);
	assert_true(f.said.length > 500000);
	assert_string_equal(f.said.buf + f.said.length - 8, "xx)[end]");
	strbuf_release(&f.said);
	strbuf_release(&text);
}

static void test_what_is_no_dump_does_no_harm(void **state)
{
	static const char *const texts[] = {
		"",
		"\n\n",
		"COPY",
		"COPY a.t (x) FROM stdin;\n\\.x\n",
		"\\.\n",
		"'\n\\.\n",
		"COPY a.t (x) FROM stdin;\n1\r\n2\n\\.\n",
		"CREATE TABLE a.t (x int",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct fixture f = { 0 };

		take_apart(&f, texts[i], 3);
		strbuf_release(&f.said);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(test_statements_and_rows_come_in_order_however_the_dump_is_fed),
		UNIT_TEST(test_a_long_row_comes_in_pieces),
		UNIT_TEST(test_what_is_no_dump_does_no_harm),
	};

	return cmocka_run_group_tests_name("parts", tests, NULL, NULL);
}
