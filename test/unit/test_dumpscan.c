/* SPDX-License-Identifier: PostgreSQL */
/* Every input here is scanned whole, byte by byte and in random pieces, with one result.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/str.h"
#include "dump/scan.h"

#define HEAD "--\n-- PostgreSQL database dump\n--\n\n"
#define TAIL "--\n-- PostgreSQL database dump complete\n--\n\n"
#define UNCLOSED "does not end with pg_dump's closing comment"

/* pg_dump 15.20 -t '"bob"._*', as it came. */
static const char real_dump[] =
	/* clang-format off */
	"--\n"
	"-- PostgreSQL database dump\n"
	"--\n"
	"\n"
	"\\restrict 1U4GkJSjNokMCCdfQcSmNzNu1PePAP3GyGmwsY7yEcHGaMm0OSFJyYZt3WVooFt\n"
	"\n"
	"-- Dumped from database version 15.20 (Debian 15.20-0+deb12u1)\n"
	"-- Dumped by pg_dump version 15.20 (Debian 15.20-0+deb12u1)\n"
	"\n"
	"SET statement_timeout = 0;\n"
	"SET lock_timeout = 0;\n"
	"SET idle_in_transaction_session_timeout = 0;\n"
	"SET client_encoding = 'UTF8';\n"
	"SET standard_conforming_strings = on;\n"
	"SELECT pg_catalog.set_config('search_path', '', false);\n"
	"SET check_function_bodies = false;\n"
	"SET xmloption = content;\n"
	"SET client_min_messages = warning;\n"
	"SET row_security = off;\n"
	"\n"
	"SET default_tablespace = '';\n"
	"\n"
	"SET default_table_access_method = heap;\n"
	"\n"
	"--\n"
	"-- Name: _general; Type: TABLE; Schema: bob; Owner: postgres\n"
	"--\n"
	"\n"
	"CREATE TABLE bob._general (\n"
	"    version character varying(10),\n"
	"    created timestamp(0) with time zone DEFAULT now()\n"
	");\n"
	"\n"
	"\n"
	"ALTER TABLE bob._general OWNER TO postgres;\n"
	"\n"
	"--\n"
	"-- Name: _roles; Type: TABLE; Schema: bob; Owner: postgres\n"
	"--\n"
	"\n"
	"CREATE TABLE bob._roles (\n"
	"    id integer NOT NULL,\n"
	"    name text NOT NULL,\n"
	"    \"Order\" text DEFAULT 'it''s'::text\n"
	");\n"
	"\n"
	"\n"
	"ALTER TABLE bob._roles OWNER TO postgres;\n"
	"\n"
	"--\n"
	"-- Name: TABLE _roles; Type: COMMENT; Schema: bob; Owner: postgres\n"
	"--\n"
	"\n"
	"COMMENT ON TABLE bob._roles IS 'fake\n"
	"--\n"
	"-- PostgreSQL database dump complete\n"
	"--\n"
	"\n"
	"\\! id';\n"
	"\n"
	"\n"
	"--\n"
	"-- Name: _roles_id_seq; Type: SEQUENCE; Schema: bob; Owner: postgres\n"
	"--\n"
	"\n"
	"CREATE SEQUENCE bob._roles_id_seq\n"
	"    AS integer\n"
	"    START WITH 1\n"
	"    INCREMENT BY 1\n"
	"    NO MINVALUE\n"
	"    NO MAXVALUE\n"
	"    CACHE 1;\n"
	"\n"
	"\n"
	"ALTER TABLE bob._roles_id_seq OWNER TO postgres;\n"
	"\n"
	"--\n"
	"-- Name: _roles_id_seq; Type: SEQUENCE OWNED BY; Schema: bob; Owner: postgres\n"
	"--\n"
	"\n"
	"ALTER SEQUENCE bob._roles_id_seq OWNED BY bob._roles.id;\n"
	"\n"
	"\n"
	"--\n"
	"-- Name: _roles id; Type: DEFAULT; Schema: bob; Owner: postgres\n"
	"--\n"
	"\n"
	"ALTER TABLE ONLY bob._roles ALTER COLUMN id SET DEFAULT nextval('bob._roles_id_seq'::regclass);\n"
	"\n"
	"\n"
	"--\n"
	"-- Data for Name: _general; Type: TABLE DATA; Schema: bob; Owner: postgres\n"
	"--\n"
	"\n"
	"COPY bob._general (version, created) FROM stdin;\n"
	"0.009\t2008-01-01 00:00:00+00\n"
	"\\.\n"
	"\n"
	"\n"
	"--\n"
	"-- Data for Name: _roles; Type: TABLE DATA; Schema: bob; Owner: postgres\n"
	"--\n"
	"\n"
	"COPY bob._roles (id, name, \"Order\") FROM stdin;\n"
	"1\tAdmin\ttab\\there\\\\nl\\nx\n"
	"2\tPublic\t\\N\n"
	"3\t\\\\.\t\\r\\n\\\\.\\n\n"
	"\\.\n"
	"\n"
	"\n"
	"--\n"
	"-- Name: _roles_id_seq; Type: SEQUENCE SET; Schema: bob; Owner: postgres\n"
	"--\n"
	"\n"
	"SELECT pg_catalog.setval('bob._roles_id_seq', 3, true);\n"
	"\n"
	"\n"
	"--\n"
	"-- Name: _roles _roles_pkey; Type: CONSTRAINT; Schema: bob; Owner: postgres\n"
	"--\n"
	"\n"
	"ALTER TABLE ONLY bob._roles\n"
	"    ADD CONSTRAINT _roles_pkey PRIMARY KEY (id);\n"
	"\n"
	"\n"
	"--\n"
	"-- PostgreSQL database dump complete\n"
	"--\n"
	"\n"
	"\\unrestrict 1U4GkJSjNokMCCdfQcSmNzNu1PePAP3GyGmwsY7yEcHGaMm0OSFJyYZt3WVooFt\n"
	"\n";
/* clang-format on */

/* As pg_dump 8.x wrote: names without schema, behind a search_path. */
static const char old_dump[] =
	HEAD "SET client_encoding = 'LATIN1';\nSET standard_conforming_strings = off;\n"
	     "SET check_function_bodies = false;\nSET escape_string_warning = off;\n\n"
	     "SET search_path = \"we\"\"ird\", pg_catalog;\n\n"
	     "CREATE TABLE _general (\n    version character varying(10)\n);\n\n"
	     "COPY _general (version) FROM stdin;\n0.003\n\\.\n\n"
	     "SET search_path = other, pg_catalog;\n"
	     "COMMENT ON TABLE _roles IS 'it\\'s';\n"
	     "COPY \"_Roles\" (id, name) WITH OIDS FROM stdin;\n1\tx\n2\ty\n\\.\n\n" TAIL;

struct outcome {
	struct dumpscan scan;
	struct dumpscan_result result;
	bool ok;
	struct error err;
	struct strbuf tables;  /* "schema.table " for each TABLE or ROWS of on_target */
	struct strbuf targets; /* "use:schema.name " for each of all */
	struct strbuf needs;   /* "k:schema.name " for each call of on_need */
	struct strbuf values;  /* "value|" for each call of on_value */
};

static void on_target(void *owner, enum dumpsql_use use, const char *schema,
		      const char *name)
{
	struct outcome *o = owner;

	if (use == SQL_TYPE)
		return;
	if (use == SQL_TABLE || use == SQL_ROWS)
		strbuf_add_format(&o->tables, "%s.%s ", schema, name);
	strbuf_add_format(&o->targets, "%c:%s.%s ", "-TVSRrcopPth"[use], schema, name);
}

static void on_need(void *owner, enum dumpneeds_kind kind, const char *schema,
		    const char *name)
{
	struct outcome *o = owner;

	strbuf_add_format(&o->needs, "%c:%s%s%s ", kind, schema, *schema ? "." : "",
			  name);
}

static void on_value(void *owner, const char *value)
{
	struct outcome *o = owner;

	strbuf_add_format(&o->values, "%s|", value ? value : "(null)");
}

/* The first piece has `cut` bytes, the others `step`, or up to 7 at random if that is 0.
 */
static void scan(struct outcome *o, const char *data, size_t size, size_t cut,
		 size_t step)
{
	struct dumpscan_hooks hooks = {
		.watch_table = "_general",
		.watch_column = "version",
		.on_target = on_target,
		.on_value = on_value,
		.on_need = on_need,
		.owner = o,
	};

	*o = (struct outcome){ .ok = false };
	strbuf_add(&o->tables, "", 0);
	strbuf_add(&o->targets, "", 0);
	strbuf_add(&o->needs, "", 0);
	strbuf_add(&o->values, "", 0);
	dumpscan_init(&o->scan, &hooks);
	dumpscan_feed(&o->scan, data, cut);
	for (size_t at = cut; at < size;) {
		size_t n = step ? step : 1 + (size_t)rand() % 7;

		n = n < size - at ? n : size - at;
		dumpscan_feed(&o->scan, data + at, n);
		at += n;
	}
	o->ok = dumpscan_finish(&o->scan, &o->err);
	o->result = o->scan.result;
}

static void release(struct outcome *o)
{
	strbuf_release(&o->tables);
	strbuf_release(&o->targets);
	strbuf_release(&o->needs);
	strbuf_release(&o->values);
}

static void assert_same(const struct outcome *a, const struct outcome *b)
{
	assert_int_equal(a->ok, b->ok);
	assert_string_equal(a->err.text, b->err.text);
	assert_string_equal(a->targets.buf, b->targets.buf);
	assert_string_equal(a->needs.buf, b->needs.buf);
	assert_string_equal(a->values.buf, b->values.buf);
	assert_int_equal(a->result.bytes, b->result.bytes);
	assert_int_equal(a->result.lines, b->result.lines);
	assert_int_equal(a->result.rows, b->result.rows);
	assert_int_equal(a->result.tables, b->result.tables);
	assert_int_equal(a->result.ambiguous_line, b->result.ambiguous_line);
	assert_int_equal(a->result.problem, b->result.problem);
	assert_int_equal(a->result.problem_line, b->result.problem_line);
	assert_string_equal(a->result.excerpt, b->result.excerpt);
}

static struct outcome run; /* of the last check */

static void check_bytes(const char *data, size_t size)
{
	static struct outcome other;

	release(&run);
	scan(&run, data, size, size, 1);
	scan(&other, data, size, 0, 1);
	assert_same(&run, &other);
	release(&other);
	for (int i = 0; i < 10 && size > 0; i++) {
		scan(&other, data, size, (size_t)rand() % size, i % 2 ? 0 : size);
		assert_same(&run, &other);
		release(&other);
	}
}

static void check(const char *text)
{
	check_bytes(text, strlen(text));
}

/* `sql` between head and tail is sound. */
static void assert_sound(const char *sql)
{
	char *text = str_format("%s%s\n%s", HEAD, sql, TAIL);

	check(text);
	if (!run.ok)
		fail_msg("%s: %s", sql, run.err.text);
	free(text);
}

/* `sql` between head (4 lines) and tail is not, for this reason. */
static void assert_problem(const char *sql, const char *expected)
{
	char *text = str_format("%s%s\n%s", HEAD, sql, TAIL);

	check(text);
	if (run.ok)
		fail_msg("%s: is sound", sql);
	assert_string_equal(run.err.text, expected);
	free(text);
}

/* `sql` leaves the scanner between tokens: a backslash command right behind it is seen.
 */
static void assert_outside_after(const char *sql)
{
	char *text = str_format("%s\\! id\n", sql);

	check(text);
	if (run.result.problem != DUMPSCAN_BACKSLASH ||
	    strcmp(run.result.excerpt, "\\! id") != 0)
		fail_msg("not outside after: %s: %s", sql, run.err.text);
	free(text);
}

/* What stands behind `sql` is inside a literal, a name or a comment. */
static void assert_inside_after(const char *sql)
{
	char *text = str_format("%s\\! id\n", sql);

	check(text);
	assert_false(run.ok);
	if (run.result.problem != DUMPSCAN_CUT_IN_LITERAL &&
	    run.result.problem != DUMPSCAN_CUT_IN_COMMENT &&
	    run.result.problem != DUMPSCAN_NO_CLOSING &&
	    run.result.problem != DUMPSCAN_CUT_IN_STATEMENT)
		fail_msg("not inside after: %s: %s", sql, run.err.text);
	free(text);
}

static int set_up(void **state)
{
	(void)state;
	srand(1);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	release(&run);
	memset(&run, 0, sizeof(run));
	return 0;
}

/* What a dump holds. */

static void test_a_real_dump_is_sound_and_counted(void **state)
{
	(void)state;
	check(real_dump);
	assert_string_equal(run.ok ? "" : run.err.text, "");
	assert_int_equal(run.result.bytes, sizeof(real_dump) - 1);
	assert_int_equal(run.result.lines, 131);
	assert_int_equal(run.result.tables, 2);
	assert_int_equal(run.result.rows, 4);
	assert_int_equal(run.result.ambiguous_line, 0);
	assert_string_equal(run.tables.buf,
			    "bob._general bob._roles bob._general bob._roles ");
	assert_string_equal(run.values.buf, "0.009|");
	assert_non_null(strstr(run.targets.buf, "S:bob._roles_id_seq r:bob._roles_id_seq "
						"r:bob._roles_id_seq "
						"p:bob._roles r:bob._roles "));
}

static void test_no_part_of_a_real_dump_is_complete(void **state)
{
	size_t end = sizeof(real_dump) - 1;

	(void)state;
	while (real_dump[end - 1] == '\n')
		end--;
	for (size_t size = 0; size < end; size++) {
		release(&run);
		scan(&run, real_dump, size, size, 1);
		if (run.ok)
			fail_msg("the first %zu bytes are complete", size);
		assert_int_equal(run.err.kind, ERROR_DATA);
	}
	release(&run);
	scan(&run, real_dump, end, end, 1); /* only line ends are missing */
	assert_true(run.ok);
}

static void test_an_old_dump_takes_schemas_from_search_path(void **state)
{
	(void)state;
	check(old_dump);
	assert_string_equal(run.ok ? "" : run.err.text, "");
	assert_string_equal(run.tables.buf,
			    "we\"ird._general we\"ird._general other._Roles ");
	assert_string_equal(run.values.buf, "0.003|");
	assert_int_equal(run.result.rows, 3);
	assert_int_equal(run.result.ambiguous_line, 21);
}

static void test_the_new_search_path_means_no_schema(void **state)
{
	(void)state;
	assert_sound("SET search_path = a, pg_catalog;\nCREATE TABLE t ();\n"
		     "SELECT pg_catalog.set_config('search_path', '', false);\n"
		     "CREATE TABLE u ();SET search_path TO 'b';CREATE TABLE v();");
	assert_string_equal(run.tables.buf, "a.t .u b.v ");
}

static void test_tables_are_counted_at_the_start_of_statements(void **state)
{
	(void)state;
	assert_sound("CREATE TABLE a.b (c int);create unlogged  table a.\"d\" ();\n"
		     "CREATE FOREIGN TABLE a.e() SERVER s;\n"
		     "/* CREATE TABLE a.f(); */ CREATE TABLE a.g ();\n"
		     "-- CREATE TABLE a.h();\n"
		     "COMMENT ON TABLE a.i IS 'CREATE TABLE a.i();'; COMMENT ON TABLE "
		     "a.j IS 'x';\n"
		     "CREATE VIEW a.k AS SELECT 1;\n"
		     "CREATE INDEX ON a.l (create, \"table\");");
	assert_int_equal(run.result.tables, 4);
	assert_string_equal(run.tables.buf, "a.b a.d a.e a.g ");
}

static const struct {
	const char *sql;
	const char *targets;
} targets[] = {
	/* clang-format off */
	{ "CREATE UNLOGGED TABLE a._b (c int);", "T:a._b " },
	{ "CREATE FOREIGN TABLE a._b (c int) SERVER s;", "T:a._b " },
	{ "CREATE OR REPLACE VIEW a._v AS SELECT 1;", "V:a._v " },
	{ "CREATE MATERIALIZED VIEW a._v AS SELECT 1 WITH NO DATA;", "V:a._v " },
	{ "REFRESH MATERIALIZED VIEW a._v;", "r:a._v " },
	{ "CREATE UNLOGGED SEQUENCE a.s START WITH 1;", "S:a.s " },
	{ "ALTER SEQUENCE a.s OWNED BY a._b.id;", "r:a.s p:a._b " },
	{ "ALTER TABLE ONLY a._b ADD CONSTRAINT c PRIMARY KEY (id);", "r:a._b " },
	{ "ALTER TABLE a._b SET ACCESS METHOD heap;", "r:a._b " },
	{ "ALTER SEQUENCE a.s SET LOGGED;", "r:a.s " },
	{ "ALTER TABLE ONLY a.\"Only\" REPLICA IDENTITY FULL;", "r:a.Only " },
	{ "ALTER TABLE a.only OWNER TO b;", "r:a.only " },
	{ "ALTER TABLE a._b ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (\n"
	  "    SEQUENCE NAME a.\"s\"\n    START WITH 1);", "r:a._b S:a.s " },
	{ "ALTER TABLE ONLY a._b ALTER COLUMN sequence SET DEFAULT f(sequence.name);", "r:a._b " },
	{ "ALTER TABLE ONLY x.y ATTACH PARTITION a._b FOR VALUES IN (1, 2);", "P:x.y r:a._b " },
	{ "ALTER INDEX x.y ATTACH PARTITION a.i;", "p:a.i " },
	{ "ALTER INDEX a.i ALTER COLUMN 1 SET STATISTICS 7;", "p:a.i " },
	{ "ALTER STATISTICS a.s SET STATISTICS 7;", "p:a.s " },
	{ "ALTER FOREIGN TABLE ONLY a._b ALTER COLUMN c OPTIONS (d 'e');", "r:a._b " },
	{ "ALTER MATERIALIZED VIEW a._v CLUSTER ON i;", "r:a._v " },
	{ "ALTER TRIGGER t ON a._b DEPENDS ON EXTENSION e;", "r:a._b " },
	{ "ALTER PUBLICATION p ADD TABLE ONLY a._b (c, d) WHERE (c > 1);", "r:a._b " },
	{ "CREATE UNIQUE INDEX i ON ONLY a._b USING btree (c, lower(\"on\"));", "r:a._b " },
	{ "CREATE CONSTRAINT TRIGGER t AFTER INSERT OR UPDATE OF \"on\", c ON a._b FROM x.y "
	  "EXECUTE PROCEDURE x.f('on z');", "h:a._b " },
	{ "CREATE RULE \"to\" AS\n ON INSERT TO a._b DO INSTEAD (DELETE FROM x; NOTIFY y);", "h:a._b " },
	{ "CREATE RULE \"_RETURN\" AS ON SELECT TO a._v DO INSTEAD SELECT 1;", "r:a._v " },
	{ "CREATE POLICY p ON a._b TO r USING (true);", "r:a._b " },
	{ "CREATE STATISTICS x.s (mcv) ON c, extract(day from d), (e) FROM a._b;", "p:x.s r:a._b " },
	{ "COMMENT ON COLUMN a._b.c IS 'x';", "r:a._b " },
	{ "COMMENT ON MATERIALIZED VIEW a._v IS 'x';", "r:a._v " },
	{ "COMMENT ON INDEX a.i IS NULL;", "p:a.i " },
	{ "COMMENT ON CONSTRAINT c ON a._b IS 'x';", "r:a._b " },
	{ "SECURITY LABEL FOR p ON COLUMN a._b.c IS 'x';", "r:a._b " },
	{ "GRANT SELECT (c), UPDATE (\"on\") ON TABLE a._b TO r WITH GRANT OPTION;", "r:a._b " },
	{ "REVOKE ALL ON SEQUENCE a.s FROM PUBLIC;", "r:a.s " },
	{ "REVOKE GRANT OPTION FOR SELECT (c) ON TABLE a._b FROM GROUP \"x y\";", "r:a._b " },
	{ "CREATE TABLE a._b (c int) INHERITS (a._c, x.y)\nWITH (fillfactor='70');", "T:a._b P:a._c P:x.y " },
	{ "CREATE TABLE a._b PARTITION OF x.y (c WITH OPTIONS NOT NULL)\n"
	  "FOR VALUES FROM (-1, MINVALUE) TO ('x', 2.5)\nPARTITION BY LIST (lower(c));", "T:a._b P:x.y " },
	{ "CREATE TABLE a._b OF x.y (c WITH OPTIONS NOT NULL DEFAULT 1);", "T:a._b " },
	{ "CREATE FOREIGN TABLE a._b (c int OPTIONS (d 'e'))\nSERVER s\nOPTIONS (f 'g');", "T:a._b " },
	{ "CREATE MATERIALIZED VIEW a._v AS\n SELECT c\n FROM x WITH ORDINALITY\n  WITH NO DATA;", "V:a._v " },
	{ "INSERT INTO a._b (c, \"d)\") OVERRIDING SYSTEM VALUE VALUES\n"
	  "\t(1, -2.5, 'x', NULL, true),\n\t(B'01', DEFAULT, E'y', 0, false)\nON CONFLICT DO NOTHING;",
	  "R:a._b " },
	{ "SELECT pg_catalog.setval('a.\"S\"\"''x\"', 3, true);", "r:a.S\"'x " },
	{ "SELECT pg_catalog.setval('\"A\".S', -3);", "r:A.s " },
	{ "SET standard_conforming_strings = off;\n"
	  "SELECT pg_catalog.setval('\"a\\\\b\"._s', 3, false);", "r:a\\b._s " },
	/* and as they were once, behind a search_path */
	{ "SET search_path = a, pg_catalog; ALTER TABLE _b OWNER TO c;", "r:a._b " },
	{ "SET search_path = a; COMMENT ON COLUMN _b.c IS 'x';", "r:a._b " },
	{ "SET search_path = a, pg_catalog; SELECT pg_catalog.setval('_s', 1, false);", "r:a._s " },
	{ "SET search_path = a; SELECT "
	  "pg_catalog.setval(pg_catalog.pg_get_serial_sequence('_b', 'id'), 1, true);", "r:a._b " },
	/* clang-format on */
};

static void test_what_each_statement_is_about_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		assert_sound(targets[i].sql);
		if (strcmp(run.targets.buf, targets[i].targets) != 0)
			fail_msg("%s: %s", targets[i].sql, run.targets.buf);
	}
}

static void test_a_statement_that_is_cut_off_is_truncated(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		size_t length = strlen(targets[i].sql);
		char *text = xstrdup(targets[i].sql);

		while (--length > 0 && text[length - 1] != ';' &&
		       !str_has_prefix(text, "SET ")) {
			text[length] = '\0';
			check(text);
			if (!strstr(run.err.text, "truncated inside"))
				fail_msg("%s: %s", text, run.err.text);
		}
		free(text);
	}
}

static void test_names_are_as_the_server_has_them(void **state)
{
	(void)state;
	assert_sound("CREATE TABLE ABC.\"D\"\"e.f\" ();\n"
		     "CREATE TABLE \"G\n;'--h\" . \xc3\x89$1 ();\n"
		     "INSERT INTO x.y VALUES (1); INSERT INTO z DEFAULT VALUES;");
	assert_string_equal(run.tables.buf, "abc.D\"e.f G\n;'--h.\xc3\x89$1 x.y .z ");
}

static void test_a_name_that_cannot_be_told_is_a_problem(void **state)
{
	static const char *const statements[] = {
		"CREATE TABLE U&\"d\\0061ta\"._x ();",
		"CREATE TABLE a.b.c ();",
		"CREATE TABLE \"\" ();",
		"INSERT INTO 'x' VALUES (1);",
		"CREATE TABLE;",
		"ALTER TABLE ONLY;",
		"ALTER TABLE a.b.c OWNER TO x;",
		"COMMENT ON COLUMN c IS 'x';",
		"COMMENT ON COLUMN a.b.c.d IS 'x';",
		"SELECT pg_catalog.setval('', 1, true);",
		"SELECT pg_catalog.setval('a.b.c', 1, true);",
		"SELECT pg_catalog.setval('a.', 1, true);",
		"SELECT pg_catalog.setval('\"a', 1, true);",
		"SELECT pg_catalog.setval('\"a\"b', 1, true);",
		"SELECT pg_catalog.setval('a b', 1, true);",
		"SELECT pg_catalog.setval(E'a', 1, true);",
	};
	static const char expected[] = "line 5: table whose name cannot be determined";
	char *text = str_format("CREATE TABLE a%0255d ();", 0);

	(void)state;
	memset(text + 13, 'n', 256);
	assert_problem(text, expected);
	memset(text + 13, ' ', 1);
	assert_sound(text);
	free(text);
	text = str_format("CREATE TABLE \"%0300d\"\"x\" ();", 0);
	assert_problem(text, expected);
	free(text);
	for (size_t i = 0; i < ARRAY_SIZE(statements); i++)
		assert_problem(statements[i], expected);
}

/* Whether it is complete. */

static void test_an_empty_file_is_empty(void **state)
{
	(void)state;
	check("");
	assert_string_equal(run.err.text, "is empty");
	check("\n \n");
	assert_string_equal(run.err.text, UNCLOSED);
}

static void test_only_the_exact_closing_comment_closes(void **state)
{
	static const char *const others[] = {
		"-- PostgreSQL database dump complet\n",
		"-- PostgreSQL database dump complete \n",
		"-- PostgreSQL database dump completed\n",
		"--PostgreSQL database dump complete\n",
		" -- PostgreSQL database dump complete\n",
		"; -- PostgreSQL database dump complete\n",
		"-- Name: -- PostgreSQL database dump complete\n",
		"/* -- PostgreSQL database dump complete\n */",
		"-- PostgreSQL database cluster dump complete\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		check(others[i]);
		if (run.ok)
			fail_msg("closes: %s", others[i]);
	}
	check("-- PostgreSQL database dump complete");
	assert_true(run.ok);
	check(HEAD TAIL "--\n   \n\t\n");
	assert_true(run.ok);
	check("COPY t FROM stdin;\n\\.\n-- PostgreSQL database dump complete\n");
	assert_true(run.ok);
}

static void test_the_closing_comment_does_not_count_inside_anything(void **state)
{
	static const char literal[] = "truncated inside the literal or quoted name that "
				      "begins in line 2";
	static const char statement[] =
		"truncated inside the statement that begins in line 5";

	(void)state;
	check("\nCOMMENT ON TABLE a IS 'x\n" TAIL);
	assert_string_equal(run.err.text, literal);
	check("\nCREATE TABLE \"x\n" TAIL);
	assert_string_equal(run.err.text, literal);
	check("CREATE VIEW t AS SELECT 1 +\n $x$\n" TAIL);
	assert_string_equal(run.err.text, literal);
	check("\n/* /* */\n" TAIL);
	assert_string_equal(run.err.text,
			    "truncated inside the comment that begins in line 2");
	check(HEAD "CREATE VIEW t AS SELECT 1\n" TAIL);
	assert_string_equal(run.err.text, statement);
	check(HEAD "CREATE TABLE a (x int;\n" TAIL);
	assert_string_equal(run.err.text, statement);
	check("COPY acct._roles (a) FROM stdin;\nx\n" TAIL);
	assert_string_equal(run.err.text,
			    "truncated inside the data of table acct._roles (line 6)");
}

static void test_a_cut_inside_data_names_table_and_line(void **state)
{
	(void)state;
	check("COPY acct._roles FROM stdin;\n1\n2\n3");
	assert_string_equal(run.err.text,
			    "truncated inside the data of table acct._roles (line 4)");
	assert_int_equal(run.result.rows, 2);
	check("COPY _roles FROM stdin;");
	assert_string_equal(run.err.text,
			    "truncated inside the data of table _roles (line 1)");
	check("COPY a.b FROM stdin;\n1\n\\.");
	assert_string_equal(run.err.text,
			    "truncated inside the data of table a.b (line 3)");
}

static void test_text_after_the_closing_comment_is_a_problem(void **state)
{
	static const char *const texts[] = { "CREATE VIEW t AS SELECT 1;\n", "-- more\n",
					     " --\n", "/* */\n", ";" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		char *text = str_format("%s%s%s", HEAD, TAIL, texts[i]);

		check(text);
		assert_string_equal(run.err.text,
				    "line 9: text after pg_dump's closing comment");
		free(text);
	}
	check(HEAD TAIL HEAD
	      "CREATE VIEW t AS SELECT 1;\n" TAIL); /* two dumps in one file */
	assert_true(run.ok);
}

/* \restrict and \unrestrict. */

static void test_restrict_needs_its_unrestrict(void **state)
{
	(void)state;
	check(HEAD "\\restrict aZ9\n" TAIL "\\unrestrict aZ9\n\n");
	assert_true(run.ok);
	check(HEAD "\\restrict aZ9\n" TAIL "\\unrestrict aZ9");
	assert_true(run.ok);
	check(HEAD "\\restrict aZ9\n" TAIL);
	assert_string_equal(
		run.err.text,
		"does not end with the \\unrestrict that matches its \\restrict");
	check(HEAD "\\restrict aZ9\n" TAIL "\\unrestrict aZ8\n");
	assert_string_equal(run.err.text,
			    "line 10: \\unrestrict and \\restrict have different keys");
	check(HEAD TAIL "\\unrestrict aZ9\n");
	assert_string_equal(run.err.text, "line 9: \\unrestrict without \\restrict");
	check("\\restrict a\n" TAIL "\\unrestrict a\n\\unrestrict a\n");
	assert_string_equal(run.err.text, "line 7: \\unrestrict without \\restrict");
}

static void test_restrict_comes_once_and_first(void **state)
{
	static const char expected[] =
		"line 2: backslash command \\restrict a outside of data";

	(void)state;
	check("CREATE VIEW t AS SELECT 1;\n\\restrict a\n" TAIL "\\unrestrict a\n");
	assert_string_equal(run.err.text, expected);
	check("\\restrict a\n\\restrict a\n" TAIL "\\unrestrict a\n");
	assert_string_equal(run.err.text, expected);
	check("\n \\restrict a\n" TAIL "\\unrestrict a\n");
	assert_string_equal(run.err.text, expected);
}

static void test_unrestrict_comes_last(void **state)
{
	(void)state;
	check("\\restrict a\n\\unrestrict a\n" TAIL);
	assert_string_equal(run.err.text,
			    "line 2: backslash command \\unrestrict a outside of data");
	check("\\restrict a\n" TAIL "CREATE VIEW t AS SELECT 1;\n\\unrestrict a\n");
	assert_string_equal(run.err.text,
			    "line 7: backslash command \\unrestrict a outside of data");
	check("\\restrict a\nCREATE VIEW t AS SELECT 1\n" TAIL "\\unrestrict a\n;");
	assert_string_equal(run.err.text,
			    "line 7: backslash command \\unrestrict a outside of data");
	check("\\restrict a\n" TAIL "\\unrestrict a\nSELECT 1;\n" TAIL);
	assert_string_equal(run.err.text, "line 7: text after pg_dump's closing comment");
	check("\\restrict a\n" TAIL "\\unrestrict a\n--\n" TAIL);
	assert_string_equal(run.err.text, "line 9: text after pg_dump's closing comment");
}

static void test_a_key_is_nothing_but_letters_and_digits(void **state)
{
	static const char *const ends[] = {
		"\\unrestrict `id`\n",     "\\unrestrict a \\! id\n",
		"\\unrestrict a `id`\n",   "\\unrestrict a\\! id\n",
		"\\unrestrict 'a'\n",      "\\unrestrict :a\n",
		"\\unrestrict\n",          "\\unrestrict \n",
		"\\unrestrict a \n",       "\\unrestrict\ta\n",
		"\\unrestrict  a\n",       "\\unrestricted a\n",
		" \\unrestrict a\n",       "\\unrestrict a;\n",
		"\\unrestrict \xc3\xa9\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		char *text = str_format("\\restrict a\n%s%s", TAIL, ends[i]);

		check(text);
		if (run.result.problem != DUMPSCAN_BACKSLASH)
			fail_msg("%s: %s", ends[i], run.err.text);
		free(text);
	}
	check("\\restrict `id`\n" TAIL "\\unrestrict a\n");
	assert_string_equal(run.err.text,
			    "line 1: backslash command \\restrict `id` outside of data");
}

static void test_a_key_that_was_cut_is_no_key(void **state)
{
	char *text = str_format("\\restrict %0246d\n%s\\unrestrict %0246d\n", 0, TAIL, 0);

	(void)state;
	check(text);
	free(text);
	assert_int_equal(run.result.problem, DUMPSCAN_BACKSLASH);
	text = str_format("\\restrict %0200d\n%s\\unrestrict %0200d\n", 0, TAIL, 0);
	check(text);
	free(text);
	assert_true(run.ok);
}

/* Backslash commands, and what hides one from us or from psql. */

static void test_a_backslash_command_is_seen_anywhere_outside(void **state)
{
	(void)state;
	assert_problem("\\! id", "line 5: backslash command \\! id outside of data");
	assert_problem("CREATE VIEW t AS SELECT 1; \\! id",
		       "line 5: backslash command \\! id outside of data");
	assert_problem("CREATE VIEW t AS SELECT 1\n+ 2\\g /x",
		       "line 6: backslash command \\g /x outside of data");
	assert_problem("CREATE VIEW t AS SELECT 1 \\; SELECT 2;",
		       "line 5: backslash command \\; SELECT 2; outside of data");
	assert_problem("\\.", "line 5: backslash command \\. outside of data");
	assert_problem("\\", "line 5: backslash command \\ outside of data");
	check("CREATE VIEW t AS SELECT 1;\\! id");
	assert_string_equal(run.err.text,
			    "line 1: backslash command \\! id outside of data");
}

static void test_an_excerpt_is_short_and_printable(void **state)
{
	char *text = str_format("%s\\! \x1b[31m%070d\n", HEAD, 0);

	(void)state;
	check(text);
	free(text);
	assert_int_equal(strlen(run.result.excerpt), 63);
	assert_non_null(strstr(run.result.excerpt, "\\! ?[31m000"));
	check("\\123456789 123456789 123456789 123456789 123456789 123456789 "
	      "12\xc3\xa9\n");
	assert_string_equal(run.result.excerpt, "\\123456789 123456789 123456789 "
						"123456789 123456789 123456789 12");
	check("\\! \xc3\xa9\xff\xff\n");
	assert_string_equal(run.result.excerpt, "\\! \xc3\xa9");
	check("\\! \xe9t\xe9 x\n");
	assert_string_equal(run.result.excerpt, "\\! ?t? x");
}

static void test_literals_hide_backslashes(void **state)
{
	(void)state;
	assert_sound("CREATE VIEW t AS SELECT 'a\\! ''\n\\! b', E'\\! \\'\n\\! ', "
		     "U&'\\0041', N'\\!';");
	assert_sound("CREATE VIEW t AS SELECT \"a\\! \"\"\n\\! b\", U&\"\\0041\", "
		     "$$\\!\n\\! $ $$;");
	assert_outside_after("CREATE VIEW t AS SELECT 'a' ");
	assert_outside_after("CREATE VIEW t AS SELECT 'a''b'");
	assert_outside_after("CREATE VIEW t AS SELECT ''");
	assert_inside_after("CREATE VIEW t AS SELECT '''");
	assert_outside_after("CREATE VIEW t AS SELECT ''''");
	assert_outside_after("CREATE VIEW t AS SELECT \"a\"\"b\"");
	assert_inside_after("CREATE VIEW t AS SELECT \"a\"\"b");
	assert_outside_after("CREATE VIEW t AS SELECT 'a\\'");
	assert_inside_after("CREATE VIEW t AS SELECT 'a\\''");
}

static void test_escape_strings_end_as_psql_ends_them(void **state)
{
	(void)state;
	assert_inside_after("CREATE VIEW t AS SELECT E'\\'");
	assert_outside_after("CREATE VIEW t AS SELECT e'\\''");
	assert_outside_after("CREATE VIEW t AS SELECT E'\\\\'");
	assert_inside_after("CREATE VIEW t AS SELECT E'\\\\\\'");
	assert_outside_after("CREATE VIEW t AS SELECT E'''\\'a\\\\'");
	assert_inside_after("CREATE VIEW t AS SELECT E'\\\n\\'");
	assert_outside_after("CREATE VIEW t AS SELECT E'\\\n'");
	assert_outside_after(
		"CREATE VIEW t AS SELECT fE'\\'"); /* the name fe, then a plain literal */
	assert_outside_after("CREATE VIEW t AS SELECT _e'\\'");
	assert_outside_after("CREATE VIEW t AS SELECT \xc3\xa9'\\'");
	assert_inside_after("CREATE VIEW t AS SELECT $e'\\'"); /* $, then E'...' */
	assert_outside_after(
		"CREATE VIEW t AS SELECT :e'\\'"); /* :e may be a psql variable */
	assert_outside_after("CREATE VIEW t AS SELECT E '\\'");
}

static void test_other_literals_have_no_escapes(void **state)
{
	(void)state;
	assert_outside_after("CREATE VIEW t AS SELECT U&'\\'");
	assert_inside_after("CREATE VIEW t AS SELECT u&'\\''");
	assert_outside_after("CREATE VIEW t AS SELECT u & '\\'");
	assert_outside_after("CREATE VIEW t AS SELECT N'\\'");
	assert_outside_after("CREATE VIEW t AS SELECT B'1\\'");
	assert_outside_after("CREATE VIEW t AS SELECT x'1'''");
	assert_outside_after("CREATE VIEW t AS SELECT U&\"\\\"");
	assert_inside_after("SET standard_conforming_strings = off;\nCREATE VIEW t AS "
			    "SELECT b'''\\'");
	assert_outside_after("CREATE VIEW t AS SELECT u&\"a\"\"b\"");
	assert_inside_after("CREATE VIEW t AS SELECT u&\"a\"\"b");
}

static void test_a_literal_is_not_continued_on_the_next_line(void **state)
{
	(void)state; /* for the server it is; psql 15 forgets that it was an E'...' */
	assert_outside_after("CREATE VIEW t AS SELECT E'a'\n'\\'");
	assert_int_equal(run.result.ambiguous_line, 2);
	assert_inside_after("CREATE VIEW t AS SELECT E'a'\n'\\''");
	assert_outside_after("CREATE VIEW t AS SELECT 'a'\n'b'");
	assert_outside_after("CREATE VIEW t AS SELECT 'a' -- x\n'b'");
}

static void test_comments_hide_backslashes(void **state)
{
	(void)state;
	assert_sound(
		"-- \\! id '\n/* \\! id ' -- */ CREATE VIEW t AS SELECT 1 -- \\! ;\n;");
	assert_outside_after("-- '\n");
	assert_outside_after("CREATE VIEW t AS SELECT 1 +-- /*\n");
	assert_inside_after("/* -- */ -- ");
	assert_inside_after("/* /* */ ");
	assert_outside_after("/* /* */ */ ");
	assert_inside_after("/*/ ");
	assert_outside_after("/**/ ");
	assert_outside_after("/***/ ");
	assert_inside_after("/*//**/ ");
	assert_inside_after("/*/**/*");
	assert_outside_after("/*/**/**/ ");
	assert_inside_after("CREATE VIEW t AS SELECT 1 */* ");
	assert_outside_after("CREATE VIEW t AS SELECT 1 / * ");
	assert_outside_after("CREATE VIEW t AS SELECT 1 - - ");
	assert_outside_after("CREATE VIEW t AS SELECT 1 -\n- ");
	assert_outside_after("CREATE VIEW t AS SELECT 1 /\n* ");
	assert_inside_after("CREATE VIEW t AS SELECT 1 @-/* ");
}

static void test_dollar_quotes_begin_only_where_psql_lets_them(void **state)
{
	(void)state;
	assert_inside_after("CREATE VIEW t AS SELECT $$ ");
	assert_outside_after("CREATE VIEW t AS SELECT $$ $$ ");
	assert_inside_after("CREATE VIEW t AS SELECT $a$ $$ $b$ $A$ ");
	assert_outside_after("CREATE VIEW t AS SELECT $a$ $$ $b$ $a$ ");
	assert_outside_after("CREATE VIEW t AS SELECT $a$ $b$a$ ");
	assert_outside_after("CREATE VIEW t AS SELECT $a$$a$");
	assert_outside_after("CREATE VIEW t AS SELECT $a$ $$a$ ");
	assert_inside_after("CREATE VIEW t AS SELECT $a$ $a ");
	assert_inside_after("CREATE VIEW t AS SELECT $a$ $a\n$ ");
	assert_outside_after("CREATE VIEW t AS SELECT a$a$ "); /* a name */
	assert_outside_after("CREATE VIEW t AS SELECT a$$ ");
	assert_outside_after("CREATE VIEW t AS SELECT _1$$ ");
	assert_inside_after("CREATE VIEW t AS SELECT 1$$ ");
	assert_inside_after("CREATE VIEW t AS SELECT $1$$ ");
	assert_outside_after("CREATE VIEW t AS SELECT $1$ ");
	assert_outside_after("CREATE VIEW t AS SELECT $a ");
	assert_outside_after("CREATE VIEW t AS SELECT $a-$a ");
	assert_inside_after("CREATE VIEW t AS SELECT $a-$a$ ");
	assert_inside_after("CREATE VIEW t AS SELECT :a$x$ ");
}

static void test_standard_conforming_strings_counts_from_the_next_line(void **state)
{
	(void)state;
	assert_outside_after(
		"SET standard_conforming_strings = off; CREATE VIEW t AS SELECT 'a\\'");
	assert_int_equal(run.result.ambiguous_line, 1);
	assert_inside_after(
		"SET standard_conforming_strings = off;\nCREATE VIEW t AS SELECT 'a\\'");
	assert_int_equal(run.result.ambiguous_line, 2);
	assert_inside_after("SET standard_conforming_strings TO 'off';\nCREATE VIEW t AS "
			    "SELECT n'a\\'");
	assert_inside_after(
		"SET\nstandard_conforming_strings = off;\nCREATE VIEW t AS SELECT 'a\\'");
	assert_outside_after(
		"SET standard_conforming_strings\n= off; CREATE VIEW t AS SELECT 'a\\'");
	assert_outside_after(
		"SET standard_conforming_strings = off;\n"
		"SET standard_conforming_strings = on;\nCREATE VIEW t AS SELECT 'a\\'");
	assert_inside_after(
		"SET standard_conforming_strings = off;\n"
		"SET standard_conforming_strings = on; CREATE VIEW t AS SELECT 'a\\'");
	assert_outside_after(
		"SET standard_conforming_strings = off;\nCREATE VIEW t AS SELECT b'\\'");
	assert_outside_after(
		"SET standard_conforming_strings = off;\nCREATE VIEW t AS SELECT U&'\\'");
	assert_inside_after(
		"SET standard_conforming_strings = on;\nCREATE VIEW t AS SELECT E'\\'");
}

static void test_a_setting_we_cannot_follow_is_a_problem(void **state)
{
	static const char *const settings[] = {
		"SET standard_conforming_strings = DEFAULT;",
		"SET standard_conforming_strings = E'\\157ff';",
		"SET standard_conforming_strings FROM CURRENT;",
		"SET \"standard_conforming_strings\" = off;",
		"SET client_encoding = 'SJIS';",
		"SET client_encoding = 'shift-JIS';",
		"set session client_encoding to big5;",
		"SET LOCAL client_encoding = 'GB18030';",
		"SET NAMES 'Win950';",
		"SET NAMES;",
		"SET client_encoding = U&'\\0053JIS';",
		"SET search_path = DEFAULT;",
		"SET search_path = a, b;",
		"SET search_path = U&\"a\";",
		"SET SCHEMA 'a';",
		"SET ROLE x;",
		"SET session_replication_role = replica;",
		"SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY;",
		"SET SESSION x.y = 1;",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
		assert_problem(settings[i], "line 5: setting under which psql may read "
					    "the file differently");
	assert_problem("SET standard_conforming_strings = off;\n"
		       "SET client_encoding = 's\\152is';",
		       "line 6: setting under which psql may read the file differently");
	assert_sound("SET client_encoding = 'UTF8';\nSET NAMES 'EUC_JP';\n"
		     "SET client_encoding TO LATIN1;\nSET SESSION AUTHORIZATION 'x';\n"
		     "SET default_tablespace = '';\nSET row_security = off;\n"
		     "SET standard_conforming_strings = off;\n"
		     "SET client_encoding = 'UTF8';");
}

static void test_an_ambiguous_literal_is_recorded(void **state)
{
	(void)state;
	assert_sound("CREATE VIEW t AS SELECT 'a\\\\', 'b\\c', E'\\'', $$\\'$$, U&'\\', "
		     "\"\\'\", b'\\';");
	assert_int_equal(run.result.ambiguous_line, 0);
	assert_sound("CREATE VIEW t AS SELECT\n'\na\\', 'b\\''c';");
	assert_int_equal(run.result.ambiguous_line, 6);
	assert_sound("CREATE VIEW t AS SELECT 'a\\\\\\';");
	assert_int_equal(run.result.ambiguous_line, 5);
	assert_sound("CREATE VIEW t AS SELECT 'a''\\';");
	assert_int_equal(run.result.ambiguous_line, 5);
	assert_sound("COPY a.b FROM stdin;\n'\\'\n\\.\n-- '\\'\n");
	assert_int_equal(run.result.ambiguous_line, 0);
}

static void test_what_releases_of_psql_read_differently_is_a_problem(void **state)
{
	static const char *const tokens[] = {
		"CREATE VIEW t AS SELECT 1e'\\';",  "CREATE VIEW t AS SELECT 1a$b$;",
		"CREATE VIEW t AS SELECT $1a$b$;",  "CREATE VIEW t AS SELECT $1e5;",
		"CREATE VIEW t AS SELECT 0x1F;",    "CREATE VIEW t AS SELECT 1_000;",
		"CREATE VIEW t AS SELECT 1e--2\n;", "CREATE VIEW t AS SELECT 1.5e;",
		"CREATE VIEW t AS SELECT 1.a;",     "CREATE VIEW t AS SELECT :{?a};",
		"CREATE VIEW t AS SELECT u&1;",     "CREATE VIEW t AS SELECT 1e5x;",
		"CREATE VIEW t AS SELECT 1\v;",     "CREATE VIEW t AS SELECT \x01;",
		"CREATE VIEW t AS SELECT \x7f;",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(tokens); i++)
		assert_problem(tokens[i],
			       "line 5: characters that pg_dump does not write");
	assert_sound(
		"CREATE VIEW t AS SELECT 1, 1.5, .5, 1., 1e5, 1.5E-3, 1e+10, a[1:2], "
		"$1, -1, t.a1;");
	assert_sound("CREATE VIEW t AS SELECT 1..10, 1.e5, 1;\f CREATE VIEW t AS "
		     "SELECT\t'\v\x01';");
}

static void test_a_psql_variable_is_a_problem(void **state)
{
	(void)state;
	assert_problem("CREATE VIEW t AS SELECT :DBNAME;",
		       "line 5: psql would substitute its variable :DBNAME here");
	assert_problem(
		":LAST_ERROR_MESSAGE COPY t FROM stdin;",
		"line 5: psql would substitute its variable :LAST_ERROR_MESSAGE here");
	assert_sound("CREATE VIEW t AS SELECT a[1:n], a[b:c], 'x'::USER, :DBNAME2, "
		     "':DBNAME', a[1:N], "
		     "x:=USER, 1::text;");
}

/* Statements. */

static void test_parentheses_keep_a_statement_open(void **state)
{
	(void)state;
	assert_sound("CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; INSERT INTO t "
		     "SELECT 2);");
	assert_problem("CREATE VIEW t AS SELECT (1; SELECT 2;",
		       "truncated inside the statement that begins in line 5");
	assert_sound("CREATE VIEW t AS SELECT 1); CREATE VIEW t AS SELECT (2);");
}

static void test_a_very_long_statement_is_no_problem(void **state)
{
	struct strbuf text = { 0 };

	(void)state;
	strbuf_add_str(&text, "CREATE VIEW t AS SELECT '");
	for (int i = 0; i < 20000; i++)
		strbuf_add_str(&text, "longer and longer\n");
	strbuf_add_str(&text, "'");
	for (int i = 0; i < 5000; i++)
		strbuf_add_str(&text, ",\"a\".b+ident_that_goes_on(1)");
	strbuf_add_str(&text, ";CREATE TABLE a.b();\n" TAIL);
	scan(&run, text.buf, text.length, 1000, 4096);
	assert_true(run.ok);
	assert_int_equal(run.result.tables, 1);
	assert_int_equal(run.result.lines, 20005);
	strbuf_release(&text);
}

static void test_a_dollar_tag_beyond_our_memory_is_a_problem(void **state)
{
	char *sound = str_format("CREATE VIEW t AS SELECT $a%0254d$ $a $a%0254d$;", 0, 0);
	char *bad = str_format("CREATE VIEW t AS SELECT $a%0255d$ $a $a%0255d$;", 0, 0);

	(void)state;
	assert_sound(sound);
	assert_problem(bad, "line 5: characters that pg_dump does not write");
	free(sound);
	free(bad);
}

/* COPY. */

static void test_the_forms_of_copy_that_pg_dump_writes_are_taken(void **state)
{
	(void)state;
	assert_sound(
		"COPY a.b (c, \"D;e\", f) FROM stdin;\n1\n2\n\\.\n"
		"COPY a.b  FROM stdin;\n\n\n\n\\.\n"
		"copy B from STDIN;\n\\.\n"
		"/* x */ COPY a.b (c) WITH OIDS FROM stdin;\nx\\.\n\\.\\.\n\\. \n\\.\n");
	assert_int_equal(run.result.rows, 8);
	assert_string_equal(run.tables.buf, "a.b a.b .b a.b ");
	assert_int_equal(run.result.tables, 0);
}

static void test_any_other_copy_is_a_problem(void **state)
{
	static const char *const statements[] = {
		"COPY t FROM stdin; \\! id",
		"COPY t FROM stdin; ",
		"COPY t FROM stdin; -- x",
		"COPY t FROM stdin;SELECT 1;",
		"COPY t FROM stdin WITH csv;",
		"COPY t FROM stdin (FORMAT binary);",
		"COPY t FROM stdout;",
		"COPY t FROM '/etc/passwd';",
		"COPY t FROM PROGRAM 'id';",
		"COPY t TO stdout;",
		"COPY (SELECT 1) TO PROGRAM 'id';",
		"COPY BINARY t FROM stdin;",
		"COPY ONLY t FROM stdin;",
		"COPY a.b.c FROM stdin;",
		"COPY U&\"t\" FROM stdin;",
		"COPY t () FROM stdin;",
		"COPY t (a b) FROM stdin;",
		"COPY t (a, ) FROM stdin;",
		"COPY t (a; FROM stdin;",
		"COPY t FROM \"stdin\";",
		"COPY t;",
		"COPY;",
		"CREATE RULE r AS ON INSERT TO t DO (; COPY t FROM stdin;\n)",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(statements); i++)
		assert_problem(statements[i],
			       "line 5: COPY in a form that pg_dump does not write");
	assert_sound(
		"CREATE VIEW t AS SELECT copy, stdin FROM t; COMMENT ON COLUMN t.copy "
		"IS 'COPY t FROM "
		"stdin;\n';");
}

static void test_data_is_not_sql(void **state)
{
	(void)state;
	assert_sound("COPY a.b FROM stdin;\n'\n\"\n/*\n$$\n\\! id\nCREATE TABLE a.c ();\n"
		     "\\unrestrict x\n-- PostgreSQL database dump complete\n\\.\n"
		     "CREATE TABLE a.d ();");
	assert_int_equal(run.result.tables, 1);
	assert_int_equal(run.result.rows, 8);
}

static void test_a_statement_that_no_dump_has_is_a_problem(void **state)
{
	static const char *const statements[] = {
		"COMMIT;",
		"commit;",
		"BEGIN;",
		"END;",
		"ROLLBACK;",
		"ABORT;",
		"START TRANSACTION;",
		"SAVEPOINT a;",
		"PREPARE TRANSACTION 'a';",
		"DROP SCHEMA victim CASCADE;",
		"DELETE FROM t;",
		"TRUNCATE t;",
		"VACUUM;",
		"DO $$ BEGIN COMMIT; END $$;",
		"CALL p();",
		"EXECUTE p;",
		"WITH x AS (DELETE FROM t RETURNING 1) SELECT 1;",
		"N'x' COPY t FROM stdin;",
		"'x' COPY t FROM stdin;",
		"\"copy\" t FROM stdin;",
		"CREATE FUNCTION f() BEGIN ATOMIC SELECT 1; END;",
		"CREATE OR REPLACE PROCEDURE p() AS 'x';",
		"CREATE ROLE x;",
		"CREATE SCHEMA x;",
		"CREATE TEMP TABLE t ();",
		"CREATE EVENT TRIGGER t ON x EXECUTE FUNCTION f();",
		"CREATE FOREIGN DATA WRAPPER w;",
		"CREATE TYPE t AS (x int);",
		"CREATE INDEX i;",
		"ALTER SCHEMA a RENAME TO b;",
		"ALTER ROLE a SUPERUSER;",
		"ALTER TABLE a._b RENAME TO c;",
		"ALTER TABLE a._b SET SCHEMA c;",
		"ALTER TABLE a._b SET TABLESPACE c;",
		"ALTER TABLE a._b, a._c OWNER TO x;",
		"ALTER TABLE a._b;",
		"ALTER TABLE IF EXISTS a._b OWNER TO x;",
		"ALTER INDEX ALL IN TABLESPACE x SET TABLESPACE y;",
		"ALTER INDEX IF EXISTS a.b SET (fillfactor = 10);",
		"ALTER PUBLICATION p DROP TABLE a._b;",
		"ALTER PUBLICATION p ADD TABLES IN SCHEMA a;",
		"ALTER PUBLICATION p ADD TABLE a._b, a._c;",
		"ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO x;",
		"COMMENT ON SCHEMA a IS 'x';",
		"COMMENT ON FUNCTION a.f() IS 'x';",
		"GRANT x TO y;",
		"GRANT ALL ON a._b TO y;",
		"GRANT ALL ON SCHEMA a TO y;",
		"GRANT ALL ON ALL TABLES IN SCHEMA a TO y;",
		"GRANT ALL ON TABLE a._b, a._c TO y;",
		"GRANT SELECT (a on) TO y;",
		"REVOKE x FROM y;",
		"SECURITY LABEL ON ROLE x IS 'y';",
		"REFRESH x;",
		"INSERT OVER x;",
		"SELECT 1;",
		"SELECT setval('a', 1);",
		"SELECT pg_catalog.lo_unlink(1);",
		"SELECT pg_catalog.setval('a._b', 1, true), f();",
		"SELECT pg_catalog.setval('a._b', f(), true);",
		"SELECT pg_catalog.setval('a._b'::text, 1, true);",
		"SELECT pg_catalog.setval(f(), 1, true);",
		"SELECT pg_catalog.set_config('search_path', 'a', false);",
		"SELECT pg_catalog.set_config('search_path', '', false) FROM t;",
		"SELECT pg_catalog.set_config('client_encoding', '', false);",
		"RESET SESSION AUTHORIZATION x;",
		"SET search_path = a, pg_catalog, b;",
		"(; COPY t FROM stdin;\n)",
		"; COMMIT;",
		"/* x */ COMMIT;",
		"CREATE VIEW t AS SELECT 1; COMMIT;",
		/* what runs at once */
		"CREATE TABLE a._b AS SELECT 1;",
		"CREATE TABLE a._b (c) AS WITH d AS (DELETE FROM x RETURNING 1) TABLE d;",
		"CREATE TABLE a._b AS EXECUTE p;",
		"CREATE TABLE a._b (LIKE x.y INCLUDING ALL);",
		"CREATE TABLE a._b (c int, LIKE x.y);",
		"CREATE TABLE a._b () ON COMMIT DROP;",
		"CREATE TABLE a._b PARTITION OF a._c FOR VALUES FROM (f()) TO (1);",
		"CREATE TABLE a._b PARTITION OF a._c FOR VALUES IN ((SELECT 1));",
		"ALTER TABLE a._c ATTACH PARTITION a._b FOR VALUES IN (lo_unlink(1));",
		"CREATE MATERIALIZED VIEW a._b AS SELECT f();",
		"CREATE MATERIALIZED VIEW a._b AS SELECT f() WITH DATA;",
		"REFRESH MATERIALIZED VIEW CONCURRENTLY a._b;",
		"REFRESH MATERIALIZED VIEW a._b WITH DATA;",
		"INSERT INTO a._b SELECT 1;",
		"INSERT INTO a._b TABLE x;",
		"INSERT INTO a._b (c) VALUES (f());",
		"INSERT INTO a._b (c) VALUES ((SELECT 1));",
		"INSERT INTO a._b VALUES (1) RETURNING f();",
		"INSERT INTO a._b VALUES (1) ON CONFLICT DO UPDATE SET c = 1;",
		"INSERT INTO a._b AS c VALUES (1);",
		/* a second command, and what changes more than it says */
		"ALTER TABLE a._b OWNER TO c, INHERIT x.y;",
		"ALTER TABLE a._b ALTER c SET DEFAULT ARRAY[1, 2], INHERIT x.y;",
		"ALTER TABLE a._b ALTER c ADD GENERATED ALWAYS AS IDENTITY, INHERIT x.y;",
		"ALTER TABLE a._b ADD CONSTRAINT c CHECK (true), INHERIT x.y;",
		"ALTER TABLE a._b INHERIT x.y;",
		"ALTER TABLE a._b ADD COLUMN c int DEFAULT f();",
		"ALTER TABLE a._b ADD c int DEFAULT f();",
		"ALTER TABLE a._b ALTER c TYPE int USING f();",
		"ALTER TABLE a._b ALTER c SET DATA TYPE int USING f();",
		"ALTER TABLE a._b ALTER COLUMN c DROP DEFAULT;",
		"ALTER SEQUENCE a._s OWNED BY a._b.c, d;",
		"GRANT ALL ON TABLE a._b TO CURRENT_USER;",
		"GRANT ALL ON TABLE a._b TO x GRANTED BY y;",
		"GRANT ALL ON TABLE a._b TO x, y;",
		"REVOKE ALL ON TABLE a._b FROM x CASCADE;",
		"COMMENT ON TABLE a._b, a._c IS 'x';",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(statements); i++)
		assert_problem(statements[i],
			       "line 5: statement that does not occur in such dumps");
}

static void test_of_resets_only_that_of_the_session_user_is_taken(void **state)
{
	(void)state;
	assert_sound(
		"SET SESSION AUTHORIZATION x; GRANT ALL ON TABLE a.b TO c; RESET SESSION "
		"AUTHORIZATION;");
	assert_problem("RESET ALL;",
		       "line 5: setting under which psql may read the file differently");
	assert_problem("RESET standard_conforming_strings;",
		       "line 5: setting under which psql may read the file differently");
}

static void test_lines_are_counted_everywhere(void **state)
{
	(void)state;
	assert_problem("COPY a.b FROM stdin;\n1\n2\n\\.\nCREATE VIEW t AS SELECT '\n\n' "
		       "\"\n\" $$\n$$ /*\n*/;\\x",
		       "line 14: backslash command \\x outside of data");
}

/* The watched column. */

static void test_watched_values_are_decoded(void **state)
{
	(void)state;
	assert_sound("COPY a._general (created, version, x) FROM stdin;\n"
		     "1\t0.009\t3\n1\t\\N\t3\n1\t\t3\n1\ta\\tb\\\\c\\\"\t\n"
		     "\\\\\\t\t\\x41\\102\\1013\\x4a5\\xg\\8\t\n1\t\\\\N\t\n\\\t\t1\n"
		     "too short\n1\t\\N \t\n1\\\n\t2\n\\.\n");
	assert_string_equal(run.values.buf,
			    "0.009|(null)||a\tb\\c\"|ABA3J5xg8|\\N|1|N |2|");
	assert_int_equal(run.result.rows, 11);
}

static void test_the_watched_column_may_stand_anywhere(void **state)
{
	(void)state;
	assert_sound("COPY a._general (version) FROM stdin;\n1\n\\.\n"
		     "COPY b._general (\"Version\", x, \"version\") FROM stdin;\n"
		     "1\t2\t3\n\\.\n"
		     "COPY c._general (\"Version\", x, y) FROM stdin;\n4\t5\t6\n\\.\n"
		     "COPY d._general FROM stdin;\n6\n\\.\n"
		     "COPY e._other (version) FROM stdin;\n7\n\\.\n"
		     "COPY f.\"_general\" (x, version) FROM stdin;\n8\t9\n\\.\n");
	assert_string_equal(run.values.buf, "1|3|9|");
}

static void test_a_long_watched_value_is_cut(void **state)
{
	char *sql =
		str_format("COPY a._general (version) FROM stdin;\n%05000d\n%0255d\\n1\n"
			   "\\.",
			   0, 0);

	(void)state;
	assert_sound(sql);
	free(sql);
	assert_int_equal(run.values.length, 256 + 1 + 255 + 1);
}

/* What was done to a file on its way. */

static void test_crlf_line_ends_are_a_problem(void **state)
{
	static const char *const texts[] = {
		"--\r\n-- PostgreSQL database dump\r\n--\r\n",
		"CREATE VIEW t AS SELECT 1;\r\n",
		"-- x\r\\! id\n",
		"COPY t FROM stdin;\r\n",
		"\r",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		check(texts[i]);
		assert_string_equal(run.err.text,
				    "line 1: CRLF line end or stray carriage return: "
				    "changed after pg_dump wrote it");
	}
	check("COPY t FROM stdin;\nx\ry\nx\r\n\\.\n" TAIL);
	assert_int_equal(run.result.problem, DUMPSCAN_CARRIAGE_RETURN);
	assert_int_equal(run.result.problem_line, 3);
	check("COPY t FROM stdin;\n\\.\r\n" TAIL); /* psql ends the data there */
	assert_int_equal(run.result.problem, DUMPSCAN_CARRIAGE_RETURN);
	assert_int_equal(run.result.rows, 0);
	assert_sound("CREATE VIEW t AS SELECT 'a\r\n', \"b\r\n\", $$\r\n$$ /* \r\n */;");
}

static void test_a_byte_order_mark_is_a_problem(void **state)
{
	(void)state;
	check("\xef\xbb\xbf" HEAD TAIL);
	assert_string_equal(run.err.text, "begins with a byte order mark: changed after "
					  "pg_dump wrote it");
	check("\xef\xbb\xbfSELECT 1;");
	assert_int_equal(run.result.problem, DUMPSCAN_BYTE_ORDER_MARK);
	assert_sound("CREATE VIEW t AS SELECT \xef\xbb\xbf;");
}

static void test_a_nul_byte_is_a_problem_anywhere(void **state)
{
	static const char *const texts[] = {
		"CREATE VIEW t AS SELECT 1;\n@",
		"CREATE VIEW t AS SELECT\n'a@b'",
		"\n-- @",
		"\nCREATE VIEW t AS SELECT $$@",
		"\n\\restrict@",
		"COPY t FROM stdin;\na@b\n",
		"\nINS@ERT",
		"\n/*@",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		char *text = str_format("%s%s", texts[i], TAIL);
		size_t size = strlen(text);

		*strchr(text, '@') = '\0';
		check_bytes(text, size);
		assert_string_equal(run.err.text, "line 2: NUL byte: damaged, or not a "
						  "plain SQL dump");
		assert_int_equal(run.result.bytes, size);
		free(text);
	}
}

static void test_the_first_problem_counts(void **state)
{
	static const char text[] =
		"CREATE VIEW t AS SELECT 1;\n\\! id\n\\! other\nCOPY t TO stdout;\n"
		"CREATE TABLE a.b ();";

	(void)state;
	check(text);
	assert_string_equal(run.err.text,
			    "line 2: backslash command \\! id outside of data");
	assert_int_equal(run.result.bytes, sizeof(text) - 1);
	assert_int_equal(run.result.tables, 0);
}

/* ---- what has to be there ---- */

static void assert_needs(const char *sql, const char *expected)
{
	assert_sound(sql);
	if (strcmp(run.needs.buf, expected) != 0)
		fail_msg("%s: needs %s", sql, run.needs.buf);
}

static void test_what_a_table_needs_is_told(void **state)
{
	(void)state;
	assert_needs(
		"CREATE TABLE a._x (\n"
		"    id integer NOT NULL,\n"
		"    c public.citext DEFAULT (other.f('x'::text))::public.citext,\n"
		"    \"from\" other.mood[] DEFAULT '{a}'::other.mood[],\n"
		"    n character varying(3) COLLATE other.coll,\n"
		"    g public.geometry(Point,4326),\n"
		"    \"Q\" bigint DEFAULT nextval('other.seq'::regclass),\n"
		"    function \"O t\".\"D\"\"m\" DEFAULT pg_catalog.now(),\n"
		"    tr tsvector GENERATED ALWAYS AS "
		"(to_tsvector('\"O t\".cfg'::regconfig, t)) STORED,\n"
		"    CONSTRAINT x CHECK ((c OPERATOR(public.>=) 'a.b'::text)),\n"
		"    CONSTRAINT y CHECK (other.ok(t))\n"
		")\n"
		"PARTITION BY RANGE (n public.text_ops, other.part(n));\n",
		"t:public.citext f:other.f t:public.citext t:other.mood t:other.mood "
		"c:other.coll t:public.geometry r:other.seq t:O t.D\"m k:O t.cfg "
		"o:public.>= f:other.ok f:other.part ");
	assert_needs("CREATE TABLE a._o OF other.comp;\n", "t:other.comp ");
	assert_needs("CREATE FOREIGN TABLE a._f (\n    c public.citext\n)\nSERVER srv\n"
		     "OPTIONS (\n    table_name 'x'\n);\n",
		     "t:public.citext v:srv ");
	assert_needs("ALTER TABLE ONLY a._x ALTER COLUMN id SET DEFAULT "
		     "nextval('a._s'::regclass);\n",
		     "r:a._s ");
	assert_needs("ALTER TABLE ONLY a._x ALTER COLUMN id SET DEFAULT other.f();\n",
		     "f:other.f ");
}

static void test_what_constraints_and_indexes_need_is_told(void **state)
{
	(void)state;
	assert_needs("ALTER TABLE ONLY a._x\n    ADD CONSTRAINT f FOREIGN KEY (r) "
		     "REFERENCES other.tab(id) ON DELETE CASCADE;\n",
		     "R:other.tab ");
	assert_needs("ALTER TABLE ONLY a._x\n    ADD CONSTRAINT e EXCLUDE USING gist "
		     "(id WITH =, t public.gist_trgm_ops WITH OPERATOR(other.&&)) "
		     "WHERE (other.ok(t));\n",
		     "i:gist q:public.gist_trgm_ops o:other.&& f:other.ok ");
	assert_needs(
		"CREATE INDEX i ON a._x USING btree (n COLLATE other.coll "
		"text_pattern_ops, other.f(t), (((c)::text || t)) other.ops DESC);\n",
		"c:other.coll f:other.f q:other.ops ");
	assert_needs("CREATE UNIQUE INDEX i ON ONLY a._x USING hnsw (t public.g_ops "
		     "(siglen='32'), id) WHERE (other.ok(t) AND (NOT other.ok(n)));\n",
		     "i:hnsw q:public.g_ops f:other.ok f:other.ok ");
	assert_needs("ALTER INDEX a._x_pkey DEPENDS ON EXTENSION citext;\n", "e:citext ");
}

static void test_what_views_rules_and_triggers_need_is_told(void **state)
{
	(void)state;
	assert_needs(
		"CREATE VIEW a._v AS\n SELECT other.f(x.t) AS f,\n"
		"    (z.ty)::other.mood AS ty\n"
		"   FROM ((a._x x\n     JOIN other.tab y USING (id))\n"
		"     LEFT JOIN ( SELECT now() AS d\n           FROM ONLY other.t2) z "
		"ON (other.ok(x.t)))\n"
		"  WHERE (x.t OPERATOR(public.%) 'a'::text);\n",
		"f:other.f t:other.mood r:a._x r:other.tab r:other.t2 f:other.ok "
		"o:public.% ");
	assert_needs("CREATE VIEW a._v AS\n SELECT u.k\n   FROM "
		     "other.each('a'::other.hstore) u(k, v);\n",
		     "f:other.each t:other.hstore ");
	assert_needs("CREATE RULE r AS\n    ON UPDATE TO a._v DO INSTEAD ( INSERT INTO "
		     "other.parent (id)\n  VALUES (1);\n UPDATE other.tab SET id = 3\n"
		     "  WHERE (tab.id = 4);\n DELETE FROM other.gone u;\n);\n",
		     "r:other.parent r:other.tab r:other.gone ");
	assert_needs("CREATE TRIGGER t BEFORE UPDATE OF id ON a._x FOR EACH ROW "
		     "WHEN (other.ok(new.t)) EXECUTE FUNCTION other.tf('a.b');\n",
		     "f:other.ok g:other.tf ");
	assert_needs("CREATE TRIGGER t BEFORE INSERT ON a._x FOR EACH ROW EXECUTE "
		     "PROCEDURE other.tf();\n",
		     "g:other.tf ");
	assert_needs("CREATE POLICY p ON a._x USING (other.ok(t));\n", "f:other.ok ");
}

/* They look like names of relations, types and functions. */
static void test_columns_of_aliases_are_not_needed(void **state)
{
	(void)state;
	assert_needs(
		"CREATE VIEW a._v AS\n SELECT EXTRACT(year FROM z.d) AS e,\n"
		"    SUBSTRING(x.t FROM z.n FOR 3) AS g,\n"
		"    (ARRAY[1, 2, 3])[x.id:y.id] AS sl,\n"
		"    (ARRAY[1, 2, 3])[1:\"Y\".id] AS s2,\n"
		"    TRIM(BOTH FROM x.t) AS h,\n    x.*,\n    w.a\n"
		"   FROM a._x x,\n"
		"    LATERAL json_to_record('{}'::json) w(a other.dom, by other.v(3))\n"
		"  WHERE ((x.t IS DISTINCT FROM x.n) AND (x.c IN ( SELECT x.d)) AND "
		"(x.e = ANY (x.f)));\n",
		"r:a._x ");
	assert_needs("COPY a._x (id, c) FROM stdin;\n\\.\n"
		     "GRANT SELECT(id),UPDATE(id) ON TABLE a._x TO b;\n"
		     "COMMENT ON COLUMN a._x.id IS 'other.f(x)';\n"
		     "SELECT pg_catalog.setval('a._s', 3, true);\n"
		     "ALTER TABLE a._x OWNER TO b;\n",
		     "");
}

static void test_what_settings_need_is_told(void **state)
{
	(void)state;
	assert_needs(
		"SET lock_timeout = 0;\nSET transaction_timeout = 0;\n"
		"SET row_security = off;\nSET default_tablespace = '';\n"
		"SELECT pg_catalog.set_config('search_path', '', false);\n"
		"SET default_tablespace = \"My disk\";\n"
		"SET default_tablespace = fast;\n"
		"SET default_table_access_method = heap;\n"
		"SET transaction_timeout = 0;\n",
		"h:transaction_timeout s:My disk s:fast S:default_table_access_method "
		"a:heap S:transaction_timeout ");
}

static void test_a_need_comes_back_from_its_digits(void **state)
{
	char schema[DUMP_TEXT_SIZE], name[DUMP_TEXT_SIZE];
	struct strvec list = { 0 };

	(void)state;
	dumpneeds_push(&list, NEED_TYPE, "public", "c.\xfft");
	dumpneeds_push(&list, NEED_SERVER, "", "s");
	assert_string_equal(list.v[0], "t7075626c6963.632eff74");
	assert_int_equal(dumpneeds_parse(list.v[0], schema, name), NEED_TYPE);
	assert_string_equal(schema, "public");
	assert_string_equal(name, "c.\xfft");
	assert_int_equal(dumpneeds_parse(list.v[1], schema, name), NEED_SERVER);
	assert_string_equal(schema, "");
	assert_string_equal(name, "s");
	strvec_release(&list);
}

static void test_hooks_are_optional(void **state)
{
	static struct dumpscan scanner;
	struct error err;

	(void)state;
	dumpscan_init(&scanner, NULL);
	dumpscan_feed(&scanner, real_dump, sizeof(real_dump) - 1);
	assert_true(dumpscan_finish(&scanner, &err));
	assert_int_equal(scanner.result.rows, 4);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_real_dump_is_sound_and_counted),
		TEST(test_no_part_of_a_real_dump_is_complete),
		TEST(test_an_old_dump_takes_schemas_from_search_path),
		TEST(test_the_new_search_path_means_no_schema),
		TEST(test_tables_are_counted_at_the_start_of_statements),
		TEST(test_what_each_statement_is_about_is_told),
		TEST(test_a_statement_that_is_cut_off_is_truncated),
		TEST(test_names_are_as_the_server_has_them),
		TEST(test_a_name_that_cannot_be_told_is_a_problem),
		TEST(test_an_empty_file_is_empty),
		TEST(test_only_the_exact_closing_comment_closes),
		TEST(test_the_closing_comment_does_not_count_inside_anything),
		TEST(test_a_cut_inside_data_names_table_and_line),
		TEST(test_text_after_the_closing_comment_is_a_problem),
		TEST(test_restrict_needs_its_unrestrict),
		TEST(test_restrict_comes_once_and_first),
		TEST(test_unrestrict_comes_last),
		TEST(test_a_key_is_nothing_but_letters_and_digits),
		TEST(test_a_key_that_was_cut_is_no_key),
		TEST(test_a_backslash_command_is_seen_anywhere_outside),
		TEST(test_an_excerpt_is_short_and_printable),
		TEST(test_literals_hide_backslashes),
		TEST(test_escape_strings_end_as_psql_ends_them),
		TEST(test_other_literals_have_no_escapes),
		TEST(test_a_literal_is_not_continued_on_the_next_line),
		TEST(test_comments_hide_backslashes),
		TEST(test_dollar_quotes_begin_only_where_psql_lets_them),
		TEST(test_standard_conforming_strings_counts_from_the_next_line),
		TEST(test_a_setting_we_cannot_follow_is_a_problem),
		TEST(test_an_ambiguous_literal_is_recorded),
		TEST(test_what_releases_of_psql_read_differently_is_a_problem),
		TEST(test_a_psql_variable_is_a_problem),
		TEST(test_parentheses_keep_a_statement_open),
		TEST(test_a_very_long_statement_is_no_problem),
		TEST(test_a_dollar_tag_beyond_our_memory_is_a_problem),
		TEST(test_the_forms_of_copy_that_pg_dump_writes_are_taken),
		TEST(test_any_other_copy_is_a_problem),
		TEST(test_data_is_not_sql),
		TEST(test_a_statement_that_no_dump_has_is_a_problem),
		TEST(test_of_resets_only_that_of_the_session_user_is_taken),
		TEST(test_lines_are_counted_everywhere),
		TEST(test_watched_values_are_decoded),
		TEST(test_the_watched_column_may_stand_anywhere),
		TEST(test_a_long_watched_value_is_cut),
		TEST(test_crlf_line_ends_are_a_problem),
		TEST(test_a_byte_order_mark_is_a_problem),
		TEST(test_a_nul_byte_is_a_problem_anywhere),
		TEST(test_the_first_problem_counts),
		TEST(test_what_a_table_needs_is_told),
		TEST(test_what_constraints_and_indexes_need_is_told),
		TEST(test_what_views_rules_and_triggers_need_is_told),
		TEST(test_columns_of_aliases_are_not_needed),
		TEST(test_what_settings_need_is_told),
		TEST(test_a_need_comes_back_from_its_digits),
		TEST(test_hooks_are_optional),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("dumpscan", tests, NULL, NULL);
}
