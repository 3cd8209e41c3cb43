/* SPDX-License-Identifier: PostgreSQL */
/* The forms of dumps of whole schemas, and what else their grammar admits there. */
#include "unit.h"

#include <sys/mman.h>

#include "base/compiler.h"
#include "base/str.h"
#include "dump/check.h"

#define END "\n--\n-- PostgreSQL database dump complete\n--\n\n"

/* What is wrong with a dump of schema "a" that holds `sql`; "" if nothing. */
static const char *check(const char *sql, bool is_whole)
{
	const struct dumpfile_opts opts = { .expect_schema = "a", .is_whole = is_whole };
	static struct error err;
	struct dumpfile_facts facts;
	char *text = str_format("CREATE TABLE a.first ();\n%s%s", sql, END);
	int fd = memfd_create("dump", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	err = (struct error){ 0 };
	assert_true(dumpfile_check(fd, &opts, &facts, &err));
	dumpfile_facts_release(&facts);
	close(fd);
	free(text);
	return err.text;
}

static void assert_each(const char *const *statements, const char *expected)
{
	for (; *statements; statements++) {
		const char *said = check(*statements, true);

		if (*expected ? !strstr(said, expected) : *said)
			fail_msg("%s\n\"%s\" instead of \"%s\"", *statements, said,
				 expected);
	}
}

#define EACH(expected, ...) \
	assert_each((const char *const[]){ __VA_ARGS__, NULL }, expected)
#define STATEMENT "statement that does not occur in such dumps"
#define STRANGER "not part of this account's schema"
#define BODY "psql cannot find the end"

/* clang-format off */
static const char *const forms[] = {
	"CREATE SCHEMA a;", "ALTER SCHEMA a OWNER TO x;", "COMMENT ON SCHEMA a IS 'x';",
	"GRANT USAGE ON SCHEMA a TO x WITH GRANT OPTION;", "REVOKE ALL ON SCHEMA a FROM PUBLIC;",
	"SECURITY LABEL FOR x ON SCHEMA a IS 'x';",
	"CREATE TYPE a.t AS ENUM (\n    'x',\n    'y;'\n);", "CREATE TYPE a.t;", "CREATE TYPE a.t AS (\n\tx a.u[],\n\ty text COLLATE b.c\n);",
	"CREATE TYPE a.r AS RANGE (\n subtype = numeric(1,2),\n multirange_type_name = a.m,\n collation = b.c\n);",
	"CREATE DOMAIN a.d AS numeric(1,2) DEFAULT 1 NOT NULL\n CONSTRAINT c CHECK (b.f(VALUE, 2));", "ALTER DOMAIN a.d ADD CONSTRAINT c CHECK (VALUE > 1) NOT VALID;",
	"COMMENT ON CONSTRAINT c ON DOMAIN a.d IS 'x';", "COMMENT ON CONSTRAINT c ON a.t IS 'x';", "ALTER TYPE a.t OWNER TO x;", "GRANT ALL ON TYPE a.t TO x;",
	"CREATE FUNCTION a.f() RETURNS b.t\n LANGUAGE plpgsql\n AS $_$ BEGIN; END $_$;",
	"CREATE FUNCTION a.f(x integer DEFAULT b.f(1), OUT y text) RETURNS SETOF double precision[]\n LANGUAGE sql WINDOW IMMUTABLE STRICT SECURITY DEFINER LEAKPROOF "
		"COST 0.5 ROWS 3 SUPPORT b.s PARALLEL RESTRICTED\n SET search_path TO 'x', 'y'\n SET \"a.b\" TO 'c'\n AS 'x';",
	"CREATE FUNCTION a.f() RETURNS TABLE(x integer, y text)\n LANGUAGE plperl TRANSFORM FOR TYPE a.h, FOR TYPE b.h\n AS 'x';",
	"CREATE FUNCTION a.\"begin\"() RETURNS timestamp without time zone\n LANGUAGE sql\n RETURN CASE WHEN (language = 1) THEN return ELSE 'x' END;",
	"CREATE PROCEDURE a.p(INOUT x integer)\n LANGUAGE sql\n BEGIN ATOMIC\n INSERT INTO b.t VALUES (1);\n SELECT CASE WHEN (x = 1) THEN CASE y WHEN 1 THEN 2 END END AS \"end\";\nEND;",
	"CREATE FUNCTION a.f() RETURNS integer\n LANGUAGE sql\n BEGIN ATOMIC\nEND;", "CREATE FUNCTION a.f() RETURNS integer\n LANGUAGE sql\n BEGIN ATOMIC SELECT DISTINCT ON (x) CASE x WHEN 1 THEN 2 END; END;",
	"ALTER FUNCTION a.f(x integer, OUT y b.t) OWNER TO x;", "ALTER PROCEDURE a.p() OWNER TO x;", "ALTER FUNCTION a.f() DEPENDS ON EXTENSION x;", "COMMENT ON FUNCTION a.f(integer) IS NULL;",
	"REVOKE ALL ON FUNCTION a.f() FROM PUBLIC;", "GRANT ALL ON PROCEDURE a.p(INOUT x integer) TO x WITH GRANT OPTION;",
	"CREATE AGGREGATE a.g(integer ORDER BY text) (\n SFUNC = b.f,\n STYPE = integer,\n SORTOP = OPERATOR(b.<)\n);", "ALTER AGGREGATE a.g(*) OWNER TO x;", "COMMENT ON AGGREGATE a.g(*) IS 'x';",
	"CREATE OPERATOR a.=== (\n FUNCTION = b.f,\n LEFTARG = numeric(1,2),\n RIGHTARG = text,\n COMMUTATOR = OPERATOR(a.===),\n MERGES,\n HASHES,\n NEGATOR = OPERATOR(a.!),\n RESTRICT = b.r\n);",
	"ALTER OPERATOR a.=== (integer, b.t) OWNER TO x;", "COMMENT ON OPERATOR a.@- (NONE, integer) IS 'x';",
	"CREATE OPERATOR FAMILY a.f USING btree;", "ALTER OPERATOR FAMILY a.f USING btree ADD\n OPERATOR 1 b.<(integer,bigint) ,\n FUNCTION 1 (a.t, b.t) b.f(a.t,b.t);",
	"ALTER OPERATOR FAMILY a.f USING btree OWNER TO x;", "COMMENT ON OPERATOR CLASS a.c USING btree IS 'x';", "ALTER OPERATOR CLASS a.c USING btree OWNER TO x;",
	"CREATE OPERATOR CLASS a.c\n DEFAULT FOR TYPE a.t USING btree FAMILY a.f AS\n STORAGE b.t ,\n OPERATOR 1 b.<(a.t,a.t) FOR ORDER BY b.f;", "CREATE OPERATOR CLASS a.c\n FOR TYPE b.t[] USING hash AS\n OPERATOR 1 =(b.t,b.t);",
	"CREATE COLLATION a.c (provider = icu, locale = 'x');", "ALTER COLLATION a.c OWNER TO x;", "COMMENT ON COLLATION a.c IS 'x';",
	"CREATE DEFAULT CONVERSION a.c FOR 'LATIN1' TO 'UTF8' FROM f;", "ALTER CONVERSION a.c OWNER TO x;", "COMMENT ON CONVERSION a.c IS 'x';",
	"CREATE STATISTICS a.s ON x, (y + 1) FROM a.t;", "ALTER STATISTICS a.s OWNER TO x;", "COMMENT ON STATISTICS a.s IS 'x';",
	"CREATE TEXT SEARCH CONFIGURATION a.c (\n PARSER = b.p );\n\nALTER TEXT SEARCH CONFIGURATION a.c\n ADD MAPPING FOR word WITH b.d, simple;", "ALTER TEXT SEARCH CONFIGURATION a.c OWNER TO x;",
	"CREATE TEXT SEARCH DICTIONARY a.d (\n TEMPLATE = b.t,\n x = 'y' );", "ALTER TEXT SEARCH DICTIONARY a.d OWNER TO x;", "CREATE TEXT SEARCH PARSER a.p (\n START = f );", "CREATE TEXT SEARCH TEMPLATE a.t (\n LEXIZE = f );",
	"COMMENT ON TEXT SEARCH PARSER a.p IS 'x';",
	"ALTER DEFAULT PRIVILEGES FOR ROLE x IN SCHEMA a REVOKE ALL ON TABLES FROM x;", "ALTER DEFAULT PRIVILEGES FOR ROLE x IN SCHEMA a GRANT SELECT,INSERT ON TABLES TO PUBLIC;",
	"ALTER DEFAULT PRIVILEGES FOR ROLE x IN SCHEMA a GRANT ALL ON FUNCTIONS TO y WITH GRANT OPTION;", "ALTER DEFAULT PRIVILEGES FOR ROLE x IN SCHEMA a REVOKE GRANT OPTION FOR ALL ON TYPES FROM y;",
	"CREATE TABLE a.t (\n x integer\n);\n\n\nCOPY a.t (x) FROM stdin;\n1\n\\.\n\n", "ALTER TABLE ONLY a.t ADD CONSTRAINT k FOREIGN KEY (x) REFERENCES b.t(x);", "CREATE TRIGGER t BEFORE INSERT ON a.t FOR EACH ROW EXECUTE FUNCTION b.f();",
	NULL,
};
/* clang-format on */

static void test_each_form_is_of_a_whole_schema_only(void **state)
{
	size_t refused = 0;

	(void)state;
	assert_each(forms, "");
	for (size_t i = 0; forms[i]; i++)
		refused += *check(forms[i], false) != '\0';
	assert_int_equal(refused, ARRAY_SIZE(forms) - 1 - 7); /* 7 are of relations */
}

static void test_what_is_of_another_schema_is_a_stranger(void **state)
{
	(void)state;
	EACH(STRANGER, "CREATE SCHEMA b;", "ALTER SCHEMA b OWNER TO x;",
	     "COMMENT ON SCHEMA b IS 'x';", "GRANT ALL ON SCHEMA b TO x;",
	     "CREATE TYPE b.t AS ENUM ('x');", "CREATE TYPE b.t;", "CREATE TYPE t;",
	     "ALTER TYPE b.t OWNER TO x;", "CREATE DOMAIN b.d AS integer;",
	     "ALTER DOMAIN b.d ADD CONSTRAINT c CHECK (true);",
	     "COMMENT ON CONSTRAINT c ON DOMAIN b.d IS 'x';",
	     "COMMENT ON CONSTRAINT c ON DOMAIN domain.d IS 'x';",
	     "COMMENT ON CONSTRAINT c ON domain.d IS 'x';",
	     "CREATE FUNCTION b.f() RETURNS integer LANGUAGE sql AS 'x';",
	     "CREATE PROCEDURE b.f() LANGUAGE sql AS 'x';",
	     "ALTER FUNCTION b.f() OWNER TO x;", "GRANT ALL ON FUNCTION b.f() TO x;",
	     "GRANT ALL ON TYPE b.t TO x;", "COMMENT ON FUNCTION b.f() IS 'x';",
	     "CREATE AGGREGATE b.g(integer) (SFUNC = f);",
	     "CREATE OPERATOR b.=== (FUNCTION = a.f);",
	     "CREATE OPERATOR class.=== (FUNCTION = a.f);",
	     "ALTER OPERATOR b.=== (integer, integer) OWNER TO x;",
	     "CREATE OPERATOR a.=== (FUNCTION = a.f, COMMUTATOR = OPERATOR(b.===));",
	     "CREATE OPERATOR a.=== (NEGATOR = OPERATOR(pg_catalog.=), FUNCTION = a.f);",
	     "CREATE OPERATOR CLASS b.c FOR TYPE a.t USING btree AS STORAGE a.t;",
	     "CREATE OPERATOR CLASS a.c FOR TYPE a.t USING btree FAMILY b.f AS STORAGE "
	     "x;",
	     "CREATE OPERATOR CLASS a.c DEFAULT FOR TYPE b.t USING btree AS STORAGE x;",
	     "CREATE OPERATOR CLASS a.c DEFAULT FOR TYPE json USING btree AS STORAGE x;",
	     "CREATE OPERATOR FAMILY b.f USING btree;",
	     "ALTER OPERATOR FAMILY b.f USING btree ADD OPERATOR 1 a.=(a.t,a.t);",
	     "CREATE COLLATION b.c (locale = 'C');",
	     "CREATE CONVERSION b.c FOR 'x' TO 'y' FROM f;",
	     "CREATE TEXT SEARCH CONFIGURATION b.c (PARSER = x);",
	     "ALTER TEXT SEARCH CONFIGURATION b.c ADD MAPPING FOR word WITH simple;",
	     "CREATE TEXT SEARCH DICTIONARY b.d (TEMPLATE = x);",
	     "CREATE TYPE a.r AS RANGE (subtype = integer, multirange_type_name = b.m);",
	     "CREATE TYPE a.r AS RANGE (multirange_type_name = m, subtype = integer);",
	     "ALTER DEFAULT PRIVILEGES FOR ROLE x IN SCHEMA b GRANT ALL ON TABLES TO y;",
	     "CREATE STATISTICS a.s ON x, y FROM b.t;",
	     "CREATE STATISTICS b.s ON x, y FROM a.t;",
	     "CREATE TRIGGER t BEFORE INSERT ON b.t EXECUTE FUNCTION a.f();",
	     "CREATE VIEW b.v AS SELECT 1;", "ALTER SEQUENCE a.s OWNED BY b.t.x;");
}

static void test_tables_of_others_are_named(void **state)
{
	(void)state;
	EACH("holds table b.t of another account", "CREATE TABLE b.t ();",
	     "COPY b.t (x) FROM stdin;\n1\n\\.\n");
}

static void test_what_no_dump_of_a_schema_has_is_refused(void **state)
{
	(void)state;
	EACH(STATEMENT, "DO 'x';", "CALL a.p();", "CREATE EXTENSION x;",
	     "CREATE EXTENSION IF NOT EXISTS x SCHEMA a;",
	     "CREATE CAST (a.t AS integer) WITH INOUT;",
	     "CREATE PUBLICATION p FOR TABLE a.t;",
	     "ALTER PUBLICATION p ADD TABLE ONLY a.t;", "CREATE LANGUAGE x;",
	     "CREATE PROCEDURAL LANGUAGE x;",
	     "CREATE EVENT TRIGGER t ON ddl_command_start EXECUTE FUNCTION a.f();",
	     "CREATE TRANSFORM FOR a.t LANGUAGE x (FROM SQL WITH FUNCTION "
	     "a.f(internal));",
	     "CREATE ACCESS METHOD x TYPE TABLE HANDLER a.f;",
	     "CREATE FOREIGN DATA WRAPPER x;", "CREATE SERVER x FOREIGN DATA WRAPPER y;",
	     "CREATE ROLE x;", "SELECT a.f();", "SELECT pg_catalog.lo_create(1);",
	     "COMMENT ON EXTENSION x IS 'y';", "COMMENT ON DATABASE x IS 'y';",
	     "COMMENT ON LANGUAGE x IS 'y';", "COMMENT ON CAST (a.t AS integer) IS 'y';",
	     "GRANT ALL ON DATABASE x TO y;", "GRANT ALL ON LANGUAGE x TO y;",
	     "GRANT ALL ON ALL TABLES IN SCHEMA a TO y;", "GRANT x TO y;",
	     "ALTER ROLE x SUPERUSER;", "ALTER DATABASE x SET y = z;",
	     "ALTER SYSTEM SET x = y;", "ALTER EXTENSION x ADD FUNCTION a.f();",
	     "DROP SCHEMA a;");
}

static void test_functions_of_the_servers_own_code_are_refused(void **state)
{
	(void)state;
	EACH(STATEMENT, "CREATE FUNCTION a.f() RETURNS integer LANGUAGE c AS 'x', 'y';",
	     "CREATE FUNCTION a.f() RETURNS integer LANGUAGE C AS 'x';",
	     "CREATE FUNCTION a.f() RETURNS integer LANGUAGE \"c\" AS 'x';",
	     "CREATE FUNCTION a.f() RETURNS integer LANGUAGE 'c' AS 'x';",
	     "CREATE FUNCTION a.f() RETURNS integer LANGUAGE internal AS 'x';",
	     "CREATE FUNCTION a.f() RETURNS integer AS 'x', 'y' LANGUAGE c;",
	     "CREATE FUNCTION a.f() RETURNS integer AS 'x' LANGUAGE c;",
	     "CREATE FUNCTION a.f() RETURNS language LANGUAGE c AS 'x';",
	     "CREATE FUNCTION a.f() RETURNS a.language STRICT LANGUAGE c AS 'x';",
	     "CREATE FUNCTION a.f() RETURNS integer LANGUAGE sql LANGUAGE c AS 'x';",
	     "CREATE FUNCTION a.f() RETURNS integer SET x TO language LANGUAGE c AS 'x';",
	     "CREATE FUNCTION a.f() RETURNS return LANGUAGE c AS 'x';",
	     "CREATE FUNCTION a.f() RETURNS integer LANGUAGE U&\"\\0063\" AS 'x';",
	     "CREATE OR REPLACE FUNCTION a.f() RETURNS integer LANGUAGE c AS 'x';",
	     "CREATE PROCEDURE a.f() LANGUAGE c AS 'x';",
	     "CREATE TYPE a.t (INPUT = a.f, OUTPUT = a.g);");
}

static void test_other_words_behind_the_names_are_refused(void **state)
{
	(void)state;
	EACH(STATEMENT, "ALTER SCHEMA a RENAME TO b;", "CREATE SCHEMA a AUTHORIZATION x;",
	     "CREATE SCHEMA a CREATE TABLE b.t ();", "CREATE SCHEMA AUTHORIZATION a;",
	     "CREATE SCHEMA IF NOT EXISTS a;", "ALTER TYPE a.t SET SCHEMA b;",
	     "ALTER TYPE a.t RENAME TO u;", "ALTER TYPE a.t ADD VALUE 'x';",
	     "ALTER TYPE a.t ADD ATTRIBUTE x integer;", "ALTER DOMAIN a.d SET SCHEMA b;",
	     "ALTER DOMAIN a.d SET DEFAULT b.f();",
	     "ALTER DOMAIN a.d VALIDATE CONSTRAINT x;",
	     "ALTER FUNCTION a.f() SET SCHEMA b;",
	     "ALTER FUNCTION a.f() SECURITY DEFINER;",
	     "ALTER FUNCTION a.f() RENAME TO g;", "ALTER FUNCTION a.f OWNER TO x;",
	     "ALTER OPERATOR a.= (integer, integer) SET SCHEMA b;",
	     "ALTER OPERATOR a.= (integer, integer) SET (RESTRICT = NONE);",
	     "ALTER OPERATOR CLASS a.c USING btree SET SCHEMA b;",
	     "ALTER OPERATOR FAMILY a.f USING btree DROP OPERATOR 1 (a.t);",
	     "ALTER COLLATION a.c REFRESH VERSION;", "ALTER CONVERSION a.c SET SCHEMA b;",
	     "ALTER TEXT SEARCH CONFIGURATION a.c SET SCHEMA b;",
	     "ALTER TEXT SEARCH CONFIGURATION a.c DROP MAPPING FOR word;",
	     "ALTER TEXT SEARCH DICTIONARY a.d (x = 'y');",
	     "ALTER TEXT SEARCH PARSER a.p SET SCHEMA b;",
	     "ALTER STATISTICS a.s SET SCHEMA b;", "ALTER AGGREGATE a.g(*) SET SCHEMA b;",
	     "ALTER TABLE a.t SET SCHEMA b;", "GRANT ALL ON FUNCTION a.f(), b.f() TO x;",
	     "GRANT ALL ON SCHEMA a, b TO x;", "GRANT ALL ON TYPE a.t, b.t TO x;",
	     "REVOKE ALL ON FUNCTION a.f() FROM x, y;",
	     "ALTER DEFAULT PRIVILEGES FOR ROLE x GRANT ALL ON TABLES TO y;",
	     "ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO y;",
	     "ALTER DEFAULT PRIVILEGES IN SCHEMA a, b GRANT ALL ON TABLES TO y;",
	     "ALTER DEFAULT PRIVILEGES FOR ROLE x, z IN SCHEMA a GRANT ALL ON TABLES TO "
	     "y;",
	     "ALTER DEFAULT PRIVILEGES FOR ROLE x IN SCHEMA a GRANT ALL ON SCHEMAS TO y;",
	     "CREATE TYPE a.r AS RANGE (subtype = integer, \"multirange_type_name\" = "
	     "b.m);",
	     "CREATE OPERATOR a.=== (FUNCTION = a.f, \"commutator\" = OPERATOR(b.===));",
	     "CREATE OPERATOR a.=== (FUNCTION = a.f, COMMUTATOR = ===);",
	     "CREATE OPERATOR a.=== (FUNCTION = a.f, COMMUTATOR = 'b.===');",
	     "CREATE COLLATION a.c FROM b.c;",
	     "CREATE FUNCTION a.f() RETURNS integer LANGUAGE sql AS 'x' SECURITY "
	     "DEFINER;",
	     "CREATE FUNCTION a.f() RETURNS integer LANGUAGE sql SET x FROM CURRENT AS "
	     "'x';",
	     "CREATE FUNCTION a.f() RETURNS integer LANGUAGE sql AS 'x', b.t();",
	     "COMMENT ON FUNCTION a.f() IS 'x', 'y';",
	     "CREATE DOMAIN a.d AS integer, b.t;");
	EACH("cannot be determined", "CREATE SCHEMA a.b;", "CREATE TYPE a.b.c;",
	     "CREATE OPERATOR === (FUNCTION = a.f);",
	     "CREATE OPERATOR a.b.=== (FUNCTION = a.f);",
	     "CREATE OPERATOR a.x (FUNCTION = a.f);",
	     "CREATE OPERATOR a. (FUNCTION = a.f);",
	     "CREATE FUNCTION U&\"\\0061\".f() RETURNS integer LANGUAGE sql AS 'x';");
}

#define MAKE "CREATE FUNCTION a.f() RETURNS integer LANGUAGE sql BEGIN ATOMIC "

/* Each of these holds a statement behind the end that the server finds: psql sends both. */
static void test_a_body_that_psql_would_end_elsewhere_is_refused(void **state)
{
	(void)state;
	EACH(BODY, MAKE "SELECT t.case FROM t; END; DROP TABLE b.t; SELECT 1 AS end;",
	     MAKE "SELECT 1 AS case; END; DROP TABLE b.t; SELECT 1 AS end;",
	     MAKE "SELECT 1 case; END; DROP TABLE b.t; SELECT 1 AS end;",
	     MAKE "SELECT 1 case, 2; END; DROP TABLE b.t; SELECT 1 AS end;",
	     MAKE "SELECT x case FROM t; END; DROP TABLE b.t; SELECT 1 AS end;",
	     MAKE "SELECT x /* */ CASE\nFROM t; END; DROP TABLE b.t; SELECT 1 AS end;",
	     MAKE "INSERT INTO t SELECT 1 case ON CONFLICT DO NOTHING; END; DROP TABLE "
		  "b.t; END;",
	     MAKE "DELETE FROM t RETURNING x case; END; DROP TABLE b.t; END;",
	     MAKE "SELECT 1 case UNION SELECT 2; END; DROP TABLE b.t; END;",
	     MAKE "SELECT begin FROM t; END; DROP TABLE b.t; SELECT 1 AS end;",
	     MAKE "SELECT t.end FROM t; END;", MAKE "SELECT 1 AS end; END;",
	     MAKE "SELECT 1; BEGIN; END; END;",
	     "CREATE FUNCTION a.begin() RETURNS integer LANGUAGE sql AS 'x'; DROP TABLE "
	     "b.t; END;",
	     "CREATE FUNCTION a.f() RETURNS a.begin LANGUAGE sql AS 'x'; DROP TABLE b.t; "
	     "END;",
	     "CREATE PROCEDURE begin.f() LANGUAGE sql AS 'x'; DROP TABLE b.t; END;",
	     "CREATE FUNCTION a.f() RETURNS integer LANGUAGE begin AS 'x'; DROP TABLE "
	     "b.t; END;",
	     "CREATE FUNCTION a.f(x integer) RETURNS integer LANGUAGE sql RETURN begin; "
	     "DROP TABLE b.t; END;");
	EACH(STATEMENT, MAKE "SELECT 1; END; DROP TABLE b.t;",
	     MAKE "SELECT 1; END DROP TABLE b.t;",
	     MAKE "SELECT (1; END; DROP TABLE b.t; END); END; DROP TABLE b.t;",
	     MAKE "SELECT 'x', $$END;$$, \"end\", E'\\'', x; END; DROP TABLE b.t;");
	EACH("COPY in a form", MAKE "SELECT 1; COPY b.t FROM stdin; END;");
	EACH("truncated inside the statement", MAKE "SELECT CASE WHEN 1 THEN 2; END;",
	     MAKE "SELECT 1;");
}

static void test_a_schema_may_be_called_as_a_keyword(void **state)
{
	const struct dumpfile_opts opts = { .expect_schema = "domain", .is_whole = true };
	static const char text[] =
		"CREATE SCHEMA domain;\nCOMMENT ON CONSTRAINT c ON domain.t IS 'x';\n"
		"COMMENT ON CONSTRAINT c ON DOMAIN domain.t IS 'x';" END;
	struct dumpfile_facts facts;
	struct error err = { 0 };
	int fd = memfd_create("dump", MFD_CLOEXEC);

	(void)state;
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_true(dumpfile_check(fd, &opts, &facts, &err));
	assert_string_equal(err.text, "");
	assert_true(facts.is_sound);
	dumpfile_facts_release(&facts);
	close(fd);
}

static void test_without_a_name_all_must_be_of_one_schema(void **state)
{
	const struct dumpfile_opts opts = { .is_whole = true };
	static const char text[] = "CREATE SCHEMA x;\nCREATE TYPE y.t;" END;
	struct dumpfile_facts facts;
	struct error err = { 0 };
	int fd = memfd_create("dump", MFD_CLOEXEC);

	(void)state;
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_true(dumpfile_check(fd, &opts, &facts, &err));
	assert_string_equal(err.text, "line 2: y.t: not part of this account's schema");
	dumpfile_facts_release(&facts);
	close(fd);
}

static void test_rights_on_relations_alone_are_listed(void **state)
{
	const struct dumpfile_opts opts = { .expect_schema = "a", .is_whole = true };
	static const char text[] =
		"CREATE SCHEMA a;\nGRANT USAGE ON SCHEMA a TO x WITH GRANT OPTION;\n"
		"GRANT SELECT ON TABLE a.t TO y;\nGRANT ALL ON FUNCTION a.f() TO z;\n"
		"ALTER DEFAULT PRIVILEGES FOR ROLE v IN SCHEMA a GRANT SELECT ON TABLES "
		"TO w "
		"WITH GRANT OPTION;" END;
	struct dumpfile_facts facts;
	struct error err = { 0 };
	int fd = memfd_create("dump", MFD_CLOEXEC);

	(void)state;
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_true(dumpfile_check(fd, &opts, &facts, &err));
	assert_string_equal(err.text, "");
	assert_string_equal(facts.rights, "g 74 79 - select;");
	assert_int_equal(facts.roles.count, 5);
	dumpfile_facts_release(&facts);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(test_each_form_is_of_a_whole_schema_only),
		UNIT_TEST(test_what_is_of_another_schema_is_a_stranger),
		UNIT_TEST(test_tables_of_others_are_named),
		UNIT_TEST(test_what_no_dump_of_a_schema_has_is_refused),
		UNIT_TEST(test_functions_of_the_servers_own_code_are_refused),
		UNIT_TEST(test_other_words_behind_the_names_are_refused),
		UNIT_TEST(test_a_body_that_psql_would_end_elsewhere_is_refused),
		UNIT_TEST(test_a_schema_may_be_called_as_a_keyword),
		UNIT_TEST(test_without_a_name_all_must_be_of_one_schema),
		UNIT_TEST(test_rights_on_relations_alone_are_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
