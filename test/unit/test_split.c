/* SPDX-License-Identifier: PostgreSQL */
#include "archive_builder.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>

#include "archive/split.h"

/* ---- archives ---- */

static const struct build_entry settings[] = {
	{ .id = 9001,
	  .tag = "ENCODING",
	  .desc = "ENCODING",
	  .definition = "SET client_encoding = 'UTF8';\n" },
	{ .id = 9002,
	  .tag = "STDSTRINGS",
	  .desc = "STDSTRINGS",
	  .definition = "SET standard_conforming_strings = 'on';\n" },
	{ .id = 9003,
	  .tag = "SEARCHPATH",
	  .desc = "SEARCHPATH",
	  .definition = "SELECT pg_catalog.set_config('search_path', '', false);\n" },
};

/* What an entry needs is a list; 0 is nothing. The rest is told where it is used. */
#define ENTRY(id_, desc_, schema_, tag_, ...)                                        \
	{                                                                            \
		.id = (id_), .desc = (desc_), .schema = (schema_), .tag = (tag_),    \
		.definition = "-- " desc_ " " #id_ "\n", .drop = "", .owner = "joe", \
		.needs = {                                                           \
			__VA_ARGS__                                                  \
		}                                                                    \
	}
#define DATA(id_, schema_, tag_, ...)                                                  \
	{                                                                              \
		.id = (id_), .desc = "TABLE DATA", .schema = (schema_), .tag = (tag_), \
		.has_data = true, .definition = "", .copy = "COPY it FROM stdin;\n",   \
		.owner = "joe", .needs = {                                             \
			__VA_ARGS__                                                    \
		}                                                                      \
	}

/* Up to where data would begin. */
static void build_table_of_contents(struct builder *b, unsigned minor,
				    const char *dump_version,
				    const struct build_entry *entries, size_t count)
{
	build_head_of(b, minor, 4, dump_version, (int64_t)(count + ARRAY_SIZE(settings)));
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
		build_entry(b, &settings[i]);
	for (size_t i = 0; i < count; i++)
		build_entry(b, &entries[i]);
}

static void build_of(struct builder *b, unsigned minor, const char *dump_version,
		     const struct build_entry *entries, size_t count)
{
	build_table_of_contents(b, minor, dump_version, entries, count);
	for (size_t i = 0; i < count; i++)
		if (entries[i].has_data)
			build_data(b, entries[i].id, entries[i].tag, "\n\\.\n\n\n", NULL);
}

/* By a pg_dump that knows no \restrict. */
#define BUILD(b, entries) build_of((b), 14, "15.13", (entries), ARRAY_SIZE(entries))

/* ---- what comes of them ---- */

enum { PARTS_MAX = 8 };

struct result {
	struct split_part parts[PARTS_MAX];
	size_t count;
	bool is_ok;
	bool is_unknown;
	struct error err;
	size_t done;
	size_t total;
};

static void on_progress(void *owner, size_t done, size_t total)
{
	struct result *result = owner;

	assert_true(done >= result->done && done <= total);
	result->done = done;
	result->total = total;
}

/* Split what is in `fd`, and close that. The files are "0", "1" and so on: the places of
 * the schemas in the list, which ends with NULL. */
static struct result split_fd_as(int fd, const char *const *schemas, bool is_whole)
{
	static const char *const names[PARTS_MAX] = { "0", "1", "2", "3",
						      "4", "5", "6", "7" };
	struct strvec keywords = { 0 };
	struct result result = { 0 };
	int dir_fd = open(".", O_RDONLY | O_DIRECTORY);

	for (; schemas[result.count]; result.count++) {
		result.parts[result.count].schema = schemas[result.count];
		result.parts[result.count].file_name = names[result.count];
	}
	strvec_push(&keywords, "order");
	strvec_push(&keywords, "select");
	result.is_ok = split_archive(&(struct split_opts){ .archive_fd = fd,
							   .dir_fd = dir_fd,
							   .parts = result.parts,
							   .part_count = result.count,
							   .keywords = &keywords,
							   .is_whole = is_whole,
							   .progress = on_progress,
							   .owner = &result },
				     &result.is_unknown, &result.err);
	strvec_release(&keywords);
	close(dir_fd);
	close(fd);
	return result;
}

static struct result split_fd(int fd, const char *const *schemas)
{
	return split_fd_as(fd, schemas, false);
}

static struct result split(struct builder *b, const char *const *schemas)
{
	struct result result = split_fd(build_file(b), schemas);

	build_release(b);
	return result;
}

#define SCHEMAS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static struct result split_entries(const struct build_entry *entries, size_t count,
				   const char *const *schemas)
{
	struct builder b;

	build_of(&b, 14, "15.13", entries, count);
	return split(&b, schemas);
}

/* All that the schemas are, by a pg_dump of that version. */
static struct result split_whole(const char *dump_version,
				 const struct build_entry *entries, size_t count,
				 const char *const *schemas)
{
	struct result result;
	struct builder b;

	build_of(&b, 14, dump_version, entries, count);
	result = split_fd_as(build_file(&b), schemas, true);
	build_release(&b);
	return result;
}

#define SPLIT(entries, schemas) split_entries((entries), ARRAY_SIZE(entries), schemas)

static void assert_outcomes(const struct result *result, ...)
{
	va_list outcomes;

	if (!result->is_ok)
		assert_string_equal(result->err.text, "");
	assert_int_equal(result->done, result->total);
	va_start(outcomes, result);
	for (size_t i = 0; i < result->count; i++) {
		int outcome = va_arg(outcomes, int);

		assert_int_equal(result->parts[i].outcome, outcome);
		assert_int_equal(access(result->parts[i].file_name, F_OK) == 0,
				 outcome == SPLIT_WRITTEN);
	}
	va_end(outcomes);
}

static void assert_failed(const struct result *result, enum error_kind kind,
			  bool is_unknown, const char *text)
{
	assert_false(result->is_ok);
	assert_int_equal(result->err.kind, kind);
	assert_int_equal(result->is_unknown, is_unknown);
	if (!strstr(result->err.text, text))
		assert_string_equal(result->err.text, text);
}

/* The caller frees it. */
static char *read_file(const char *path)
{
	FILE *file = fopen(path, "r");
	struct strbuf text = { 0 };

	assert_non_null(file);
	for (int c; (c = getc(file)) != EOF;)
		strbuf_add_char(&text, (char)c);
	fclose(file);
	return strbuf_detach(&text);
}

static void assert_file(const char *path, const char *should_be)
{
	char *text = read_file(path);

	assert_string_equal(text, should_be);
	free(text);
}

static void assert_has(const char *path, const char *part, bool has_it)
{
	char *text = read_file(path);

	if (!strstr(text, part) == has_it)
		fail_msg("%s %s \"%s\":\n%s", path, has_it ? "lacks" : "has", part, text);
	free(text);
}

/* Of all these texts, each comes, and comes behind the one before. NULL ends them. */
static void assert_order(const char *path, ...)
{
	char *text = read_file(path), *at = text;
	va_list parts;
	const char *part;

	va_start(parts, path);
	while ((part = va_arg(parts, const char *))) {
		char *found = strstr(at, part);

		if (!found)
			fail_msg("\"%s\" is not where it belongs in %s:\n%s", part, path,
				 text);
		at = found + strlen(part);
	}
	va_end(parts);
	free(text);
}

static size_t count_files(void)
{
	DIR *dir = opendir(".");
	size_t count = 0;

	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 2;
}

/* ---- the files ---- */

#define PROLOGUE                                                    \
	"--\n-- PostgreSQL database dump\n--\n\n"                   \
	"-- Dumped from database version 15.1\n"                    \
	"-- Dumped by pg_dump version 15.13\n\n"                    \
	"SET statement_timeout = 0;\n"                              \
	"SET lock_timeout = 0;\n"                                   \
	"SET idle_in_transaction_session_timeout = 0;\n"            \
	"SET client_encoding = 'UTF8';\n"                           \
	"SET standard_conforming_strings = on;\n"                   \
	"SELECT pg_catalog.set_config('search_path', '', false);\n" \
	"SET check_function_bodies = false;\n"                      \
	"SET xmloption = content;\n"                                \
	"SET client_min_messages = warning;\n"                      \
	"SET row_security = off;\n\n"
#define EPILOGUE "--\n-- PostgreSQL database dump complete\n--\n\n"

static void test_schemas_side_by_side_get_files_of_their_own(void **state)
{
	struct build_entry entries[] = {
		ENTRY(1, "TABLE", "a", "x", 0),
		ENTRY(2, "TABLE", "b", "x", 0),
		ENTRY(3, "TABLE", "a", "y", 0),
		DATA(4, "a", "x", 1),
		DATA(5, "b", "x", 2),
		DATA(6, "a", "y", 3),
		ENTRY(7, "CONSTRAINT", "b", "x x_pkey", 2),
		ENTRY(8, "INDEX", "a", "x_i", 1),
	};
	struct result result;

	(void)state;
	entries[0].drop = "DROP TABLE a.x;\n";
	entries[0].tablespace = "";
	entries[0].access_method = "heap";
	result = SPLIT(entries, SCHEMAS("a", "b", "c"));
	assert_outcomes(&result, SPLIT_WRITTEN, SPLIT_WRITTEN, SPLIT_ABSENT);
	assert_int_equal(result.total, 3);
	assert_file("0", PROLOGUE
		    "SET default_tablespace = '';\n\n"
		    "SET default_table_access_method = heap;\n\n"
		    "--\n-- Name: x; Type: TABLE; Schema: a; Owner: joe\n--\n\n"
		    "-- TABLE 1\n\n\n"
		    "ALTER TABLE a.x OWNER TO joe;\n\n"
		    "--\n-- Name: y; Type: TABLE; Schema: a; Owner: joe\n--\n\n"
		    "-- TABLE 3\n\n\n"
		    "--\n-- Data for Name: x; Type: TABLE DATA; Schema: a; Owner: joe\n"
		    "--\n\nCOPY it FROM stdin;\nx\n\\.\n\n\n"
		    "--\n-- Data for Name: y; Type: TABLE DATA; Schema: a; Owner: joe\n"
		    "--\n\nCOPY it FROM stdin;\ny\n\\.\n\n\n"
		    "--\n-- Name: x_i; Type: INDEX; Schema: a; Owner: joe\n--\n\n"
		    "-- INDEX 8\n\n\n" EPILOGUE);
	assert_file("1", PROLOGUE
		    "--\n-- Name: x; Type: TABLE; Schema: b; Owner: joe\n--\n\n"
		    "-- TABLE 2\n\n\n"
		    "--\n-- Data for Name: x; Type: TABLE DATA; Schema: b; Owner: joe\n"
		    "--\n\nCOPY it FROM stdin;\nx\n\\.\n\n\n"
		    "--\n-- Name: x x_pkey; Type: CONSTRAINT; Schema: b; Owner: joe\n"
		    "--\n\n-- CONSTRAINT 7\n\n\n" EPILOGUE);
	assert_int_equal(count_files(), 2);
}

static void test_grants_and_then_refreshes_come_last(void **state)
{
	static const struct build_entry entries[] = {
		ENTRY(1, "MATERIALIZED VIEW", "a", "m", 0),
		ENTRY(2, "TABLE", "a", "t", 0),
		DATA(3, "a", "t", 2),
		ENTRY(4, "MATERIALIZED VIEW DATA", "a", "m", 1),
		ENTRY(5, "ACL", "a", "TABLE t", 2),
		ENTRY(6, "ACL", "a", "COLUMN t.c", 2, 5),
		ENTRY(7, "INDEX", "a", "m_i", 1),
		ENTRY(8, "ACL", "a", "TABLE m", 1),
	};
	struct result result;

	(void)state;
	result = SPLIT(entries, SCHEMAS("a"));
	assert_outcomes(&result, SPLIT_WRITTEN);
	assert_order("0", "-- MATERIALIZED VIEW 1\n", "-- TABLE 2\n", "COPY it",
		     "-- INDEX 7\n", "-- ACL 5\n", "-- ACL 6\n", "-- ACL 8\n",
		     "-- MATERIALIZED VIEW DATA 4\n", EPILOGUE, NULL);
}

static void test_comments_and_labels_come_where_they_are(void **state)
{
	static const struct build_entry entries[] = {
		ENTRY(1, "TABLE", "a", "t", 0),
		ENTRY(2, "COMMENT", "a", "TABLE t", 1),
		ENTRY(3, "SECURITY LABEL", "a", "TABLE t", 1),
		ENTRY(4, "INDEX", "a", "i", 1),
		ENTRY(5, "COMMENT", "a", "INDEX i", 4),
		ENTRY(6, "CHECK CONSTRAINT", "a", "t c", 1),
	};
	struct result result;

	(void)state;
	result = SPLIT(entries, SCHEMAS("a"));
	assert_outcomes(&result, SPLIT_WRITTEN);
	assert_order("0", "-- TABLE 1\n", "-- COMMENT 2\n", "-- SECURITY LABEL 3\n",
		     "-- INDEX 4\n", "-- COMMENT 5\n", "-- CHECK CONSTRAINT 6\n", NULL);
}

static void test_what_is_no_relation_is_left_out_with_all_about_it(void **state)
{
	static const struct build_entry entries[] = {
		ENTRY(1, "SCHEMA", NULL, "a", 0),
		ENTRY(2, "COMMENT", NULL, "SCHEMA a", 1),
		ENTRY(3, "TYPE", "a", "mood", 0),
		ENTRY(4, "COMMENT", "a", "TYPE mood", 3),
		ENTRY(5, "FUNCTION", "a", "f()", 0),
		ENTRY(6, "COMMENT", "a", "FUNCTION f()", 5),
		ENTRY(7, "DOMAIN", "a", "d", 0),
		ENTRY(8, "CHECK CONSTRAINT", "a", "d c", 7),
		ENTRY(9, "COMMENT", "a", "CONSTRAINT c ON DOMAIN d", 7),
		ENTRY(10, "TABLE", "a", "t", 3, 5),
		ENTRY(11, "STATISTICS", "a", "s", 10),
		ENTRY(12, "COMMENT", "a", "STATISTICS s", 11),
		ENTRY(13, "DATABASE", NULL, "db", 0),
		ENTRY(14, "DATABASE PROPERTIES", NULL, "db", 13),
		ENTRY(15, "ACL", NULL, "DATABASE db", 13),
		ENTRY(16, "ACL", NULL, "SCHEMA a", 1),
		ENTRY(17, "ACL", "a", "FUNCTION f()", 5),
		ENTRY(18, "DEFAULT ACL", "a", "DEFAULT PRIVILEGES FOR TABLES", 1),
		ENTRY(19, "COMMENT", NULL, "DATABASE db", 0),
	};
	struct result result;

	(void)state;
	result = SPLIT(entries, SCHEMAS("a"));
	assert_outcomes(&result, SPLIT_WRITTEN);
	assert_file("0",
		    PROLOGUE "--\n-- Name: t; Type: TABLE; Schema: a; Owner: joe\n--\n\n"
			     "-- TABLE 10\n\n\n" EPILOGUE);
}

static void test_a_schema_without_relations_is_absent(void **state)
{
	static const struct build_entry entries[] = {
		ENTRY(1, "SCHEMA", NULL, "a", 0),
		ENTRY(2, "TYPE", "a", "mood", 0),
		ENTRY(3, "COMMENT", "a", "TYPE mood", 2),
	};
	struct result result;

	(void)state;
	result = SPLIT(entries, SCHEMAS("a", "b"));
	assert_outcomes(&result, SPLIT_ABSENT, SPLIT_ABSENT);
}

static void test_an_entry_without_text_prints_nothing(void **state)
{
	struct build_entry entries[] = {
		ENTRY(1, "TABLE", "a", "t", 0),
		ENTRY(2, "SEQUENCE SET", "a", "s", 1),
	};
	struct result result;

	(void)state;
	entries[1].definition = "";
	entries[1].tablespace = "elsewhere";
	result = SPLIT(entries, SCHEMAS("a"));
	assert_outcomes(&result, SPLIT_WRITTEN);
	assert_file("0",
		    PROLOGUE "--\n-- Name: t; Type: TABLE; Schema: a; Owner: joe\n--\n\n"
			     "-- TABLE 1\n\n\n" EPILOGUE);
}

/* ---- names ---- */

static void test_a_name_like_a_comment_moves_nothing(void **state)
{
	struct build_entry entries[] = {
		ENTRY(1, "TABLE", "a", "x; Type: TABLE; Schema: victim; Owner: -", 0),
		ENTRY(2, "TABLE", "a", "y\n--\n\nDROP TABLE victim.t;\r", 0),
		ENTRY(3, "TABLE", "victim", "t", 0),
	};
	struct result result;

	(void)state;
	entries[1].owner = "me\nDROP ROLE joe;";
	entries[1].tablespace = "disk\nDROP";
	result = SPLIT(entries, SCHEMAS("a", "victim"));
	assert_outcomes(&result, SPLIT_WRITTEN, SPLIT_WRITTEN);
	assert_has("0",
		   "-- Name: x; Type: TABLE; Schema: victim; Owner: -; Type: TABLE; "
		   "Schema: a; Owner: joe\n",
		   true);
	assert_has("0",
		   "-- Name: y --  DROP TABLE victim.t; ; Type: TABLE; Schema: a; "
		   "Owner: me DROP ROLE joe;; Tablespace: disk DROP\n",
		   true);
	assert_has("1", "Name: x", false);
}

static void test_names_are_quoted_as_pg_dump_does(void **state)
{
	static const char *const names[][2] = {
		{ "plain_1", "plain_1" },
		{ "_x", "_x" },
		{ "1st", "\"1st\"" },
		{ "Upper", "\"Upper\"" },
		{ "with blank", "\"with blank\"" },
		{ "quo\"te", "\"quo\"\"te\"" },
		{ "select", "\"select\"" },
		{ "selected", "selected" },
		{ "t\xc3\xa4", "\"t\xc3\xa4\"" },
		{ "new\nline", "\"new\nline\"" },
		{ "dollar$", "\"dollar$\"" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *name = names[i][0], *quoted = names[i][1];
		struct build_entry entries[] = { ENTRY(1, "TABLE", name, name, 0) };
		struct result result;
		char *line = str_format("ALTER TABLE %s.%s OWNER TO %s;\n\n", quoted,
					quoted, quoted);

		entries[0].drop = "DROP TABLE it;\n";
		entries[0].owner = name;
		result = SPLIT(entries, SCHEMAS(name));
		assert_outcomes(&result, SPLIT_WRITTEN);
		assert_has("0", line, true);
		unlink("0");
		free(line);
	}
}

/* ---- tablespaces, access methods, owners ---- */

static void test_defaults_are_set_when_they_change_in_a_file(void **state)
{
	struct build_entry entries[] = {
		ENTRY(1, "TABLE", "a", "t1", 0), ENTRY(2, "TABLE", "b", "t2", 0),
		ENTRY(3, "TABLE", "a", "t3", 0), ENTRY(4, "TABLE", "a", "t4", 0),
		ENTRY(5, "VIEW", "a", "t5", 0),  ENTRY(6, "TABLE", "b", "t6", 0),
	};
	static const char *const spaces[] = { "", "", "Fast", "", NULL, "Fast" },
				 *const methods[] = { "heap",  "heap", "heap",
						      "order", NULL,   "heap" };
	struct result result;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
		entries[i].tablespace = spaces[i];
		entries[i].access_method = methods[i];
	}
	result = SPLIT(entries, SCHEMAS("a", "b"));
	assert_outcomes(&result, SPLIT_WRITTEN, SPLIT_WRITTEN);
	assert_file("0",
		    PROLOGUE "SET default_tablespace = '';\n\n"
			     "SET default_table_access_method = heap;\n\n"
			     "--\n-- Name: t1; Type: TABLE; Schema: a; Owner: joe\n--\n\n"
			     "-- TABLE 1\n\n\n"
			     "SET default_tablespace = \"Fast\";\n\n"
			     "--\n-- Name: t3; Type: TABLE; Schema: a; Owner: joe; "
			     "Tablespace: Fast\n--\n\n"
			     "-- TABLE 3\n\n\n"
			     "SET default_tablespace = '';\n\n"
			     "SET default_table_access_method = \"order\";\n\n"
			     "--\n-- Name: t4; Type: TABLE; Schema: a; Owner: joe\n--\n\n"
			     "-- TABLE 4\n\n\n"
			     "--\n-- Name: t5; Type: VIEW; Schema: a; Owner: joe\n--\n\n"
			     "-- VIEW 5\n\n\n" EPILOGUE);
	assert_order("1", "SET default_tablespace = '';\n\n",
		     "SET default_table_access_method = heap;\n\n", "-- TABLE 2\n",
		     "SET default_tablespace = \"Fast\";\n\n--\n-- Name: t6", NULL);
}

static void test_a_relation_gets_its_owner_as_each_version_says_it(void **state)
{
	static const struct {
		const char *desc;
		const char *before_16;
		const char *since_16;
	} cases[] = {
		{ "TABLE", "TABLE", "TABLE" },
		{ "VIEW", "TABLE", "VIEW" },
		{ "SEQUENCE", "TABLE", "SEQUENCE" },
		{ "MATERIALIZED VIEW", "TABLE", "MATERIALIZED VIEW" },
		{ "FOREIGN TABLE", "FOREIGN TABLE", "FOREIGN TABLE" },
	};
	static const char *const versions[] = { "12.1", "15.13", "16.1", "18.1" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		for (size_t j = 0; j < ARRAY_SIZE(versions); j++) {
			struct build_entry entry = ENTRY(1, "", "a", "t", 0);
			struct builder b;
			struct result result;
			char *line = str_format("ALTER %s a.t OWNER TO joe;\n\n",
						j < 2 ? cases[i].before_16
						      : cases[i].since_16);

			entry.desc = cases[i].desc;
			entry.drop = "DROP it;\n";
			build_of(&b, 15, versions[j], &entry, 1);
			result = split(&b, SCHEMAS("a"));
			assert_outcomes(&result, SPLIT_WRITTEN);
			assert_has("0", line, true);
			unlink("0");
			free(line);
		}
}

static void test_what_has_no_owner_or_no_drop_is_given_to_nobody(void **state)
{
	struct build_entry entries[] = {
		ENTRY(1, "TABLE", "a", "t1", 0),
		ENTRY(2, "TABLE", "a", "t2", 0),
		ENTRY(3, "TABLE", "a", "t3", 0),
		ENTRY(4, "INDEX", "a", "i", 1),
		ENTRY(5, "TABLE ATTACH", "a", "t3", 1, 3),
	};
	struct result result;

	(void)state;
	entries[0].owner = "";
	entries[1].owner = NULL;
	entries[0].drop = entries[1].drop = entries[3].drop = "DROP it;\n";
	entries[2].drop = NULL;
	result = SPLIT(entries, SCHEMAS("a"));
	assert_outcomes(&result, SPLIT_WRITTEN);
	assert_has("0", "OWNER TO", false);
	assert_has("0", "-- Name: t1; Type: TABLE; Schema: a; Owner: \n", true);
	assert_has("0", "-- Name: t2; Type: TABLE; Schema: a; Owner: -\n", true);
}

/* ---- versions of pg_dump ---- */

static void
test_each_version_that_restricts_psql_does_so_with_a_key_per_file(void **state)
{
	static const struct {
		const char *version;
		bool is_restricted;
	} cases[] = {
		{ "12.22", false }, { "13.21", false },    { "13.22", true },
		{ "14.18", false }, { "14.19", true },     { "15.13", false },
		{ "15.14", true },  { "15.20 (x)", true }, { "16.9", false },
		{ "16.10", true },  { "17.5", false },     { "17.6 (Debian)", true },
		{ "18.0", true },   { "18.4", true },
	};
	static const struct build_entry entries[] = {
		ENTRY(1, "TABLE", "a", "t", 0),
		ENTRY(2, "TABLE", "b", "t", 0),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct builder b;
		struct result result;
		char *begin, *end;
		size_t length;

		build_of(&b, 16, cases[i].version, entries, 2);
		result = split(&b, SCHEMAS("a", "b"));
		assert_outcomes(&result, SPLIT_WRITTEN, SPLIT_WRITTEN);
		length = strlen(result.parts[0].file.key);
		assert_int_equal(length, cases[i].is_restricted ? PLAIN_KEY_SIZE - 1 : 0);
		assert_int_equal(strspn(result.parts[0].file.key,
					"0123456789abcdefghijklmnopqrstuvwxyz"
					"ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
				 length);
		begin = str_format("--\n-- PostgreSQL database dump\n--\n\n"
				   "\\restrict %s\n\n-- Dumped from",
				   result.parts[0].file.key);
		end = str_format(EPILOGUE "\\unrestrict %s\n\n",
				 result.parts[0].file.key);
		assert_has("0", begin, cases[i].is_restricted);
		assert_has("0", end, cases[i].is_restricted);
		assert_has("0", "restrict", cases[i].is_restricted);
		if (cases[i].is_restricted)
			assert_string_not_equal(result.parts[0].file.key,
						result.parts[1].file.key);
		unlink("0");
		unlink("1");
		free(begin);
		free(end);
	}
}

static void test_since_17_there_is_a_transaction_timeout(void **state)
{
	static const char *const versions[] = { "12.1", "16.1", "17.0", "18.1" };
	static const struct build_entry entry = ENTRY(1, "TABLE", "a", "t", 0);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		struct builder b;
		struct result result;

		build_of(&b, 14, versions[i], &entry, 1);
		result = split(&b, SCHEMAS("a"));
		assert_outcomes(&result, SPLIT_WRITTEN);
		assert_has("0",
			   "SET idle_in_transaction_session_timeout = 0;\n"
			   "SET transaction_timeout = 0;\n"
			   "SET client_encoding = 'UTF8';\n",
			   i >= 2);
		assert_has("0", "transaction_timeout", i >= 2);
		unlink("0");
	}
}

static void test_other_versions_of_pg_dump_are_unknown(void **state)
{
	static const char *const versions[] = { NULL,    "",      "11.22",       "19.0",
						"18rc1", "18",    "19devel",     "x",
						"150.1", "-15.1", "4294967311.1" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		struct builder b;
		struct result result;

		build_of(&b, 15, versions[i], NULL, 0);
		result = split(&b, SCHEMAS("a"));
		assert_failed(&result, ERROR_DATA, true, "is unknown");
	}
}

static void test_strings_that_conform_to_no_standard_are_said_so(void **state)
{
	struct builder b;
	struct result result;

	(void)state;
	build_head_of(&b, 14, 4, "15.13", 4);
	build_entry(&b, &settings[0]);
	build_entry(&b,
		    &(struct build_entry){
			    .id = 1,
			    .desc = "STDSTRINGS",
			    .definition = "SET standard_conforming_strings = 'off';\n" });
	build_entry(&b, &settings[2]);
	build_entry(&b, &(struct build_entry)ENTRY(2, "TABLE", "a", "t", 0));
	result = split(&b, SCHEMAS("a"));
	assert_outcomes(&result, SPLIT_WRITTEN);
	assert_has("0",
		   "SET standard_conforming_strings = off;\n"
		   "SELECT pg_catalog.set_config('search_path', '', false);\n"
		   "SET check_function_bodies = false;\n"
		   "SET xmloption = content;\n"
		   "SET client_min_messages = warning;\n"
		   "SET escape_string_warning = off;\n"
		   "SET row_security = off;\n\n",
		   true);
}

/* With another text for the setting at `at`. */
static struct result split_with_setting(size_t at, const char *definition)
{
	static const struct build_entry table = ENTRY(1, "TABLE", "a", "t", 0);
	struct builder b;

	build_head_of(&b, 14, 4, "15.13", 4);
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		struct build_entry e = settings[i];

		if (i == at)
			e.definition = definition;
		build_entry(&b, &e);
	}
	build_entry(&b, &table);
	return split(&b, SCHEMAS("a"));
}

static void test_a_setting_of_another_form_is_an_error(void **state)
{
	static const char *const definitions[] = {
		"", "SET standard_conforming_strings = 'no';\n",
		"SET client_encoding = '", "SET client_encoding = UTF8;\n",
		"SET client_encoding = 'UTF8';"
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(definitions); i++)
		for (size_t at = 0; at < ARRAY_SIZE(settings); at++) {
			struct result result = split_with_setting(at, definitions[i]);

			assert_failed(&result, ERROR_DATA, false, "cannot be parsed");
		}
}

static void test_a_setting_that_is_missing_or_twice_there_is_an_error(void **state)
{
	static const struct build_entry table = ENTRY(1, "TABLE", "a", "t", 0);

	(void)state;
	for (size_t missing = 0; missing < ARRAY_SIZE(settings); missing++) {
		struct builder b;
		struct result result;

		build_head_of(&b, 14, 4, "15.13", 3);
		for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
			if (i != missing)
				build_entry(&b, &settings[i]);
		build_entry(&b, &table);
		result = split(&b, SCHEMAS("a"));
		assert_failed(&result, ERROR_DATA, false, "lacks its settings");
		unlink("0");

		build_of(&b, 14, "15.13", &settings[missing], 1);
		result = split(&b, SCHEMAS("a"));
		assert_failed(&result, ERROR_DATA, false, "cannot be parsed");
	}
}

/* ---- what is left to pg_dump ---- */

static void test_an_unknown_entry_puts_its_schema_aside(void **state)
{
	static const struct build_entry entries[] = {
		ENTRY(1, "TABLE", "a", "t", 0),
		ENTRY(2, "TABLE", "b", "t", 0),
		ENTRY(3, "PUBLICATION TABLE", "a", "p t", 1),
		DATA(4, "a", "t", 1),
		DATA(5, "b", "t", 2),
	};
	struct result result;

	(void)state;
	result = SPLIT(entries, SCHEMAS("a", "b"));
	assert_outcomes(&result, SPLIT_ASIDE, SPLIT_WRITTEN);
	assert_order("1", "-- TABLE 2\n", "COPY it FROM stdin;\nt\n\\.\n\n\n", EPILOGUE,
		     NULL);
}

static void test_an_unknown_entry_of_no_schema_makes_the_archive_unknown(void **state)
{
	static const struct build_entry cases[][2] = {
		{ ENTRY(1, "TABLE", "a", "t", 0), ENTRY(2, "EXTENSION", NULL, "x", 0) },
		{ ENTRY(1, "TABLE", "a", "t", 0), ENTRY(2, "EXTENSION", "", "x", 0) },
		{ ENTRY(1, "TABLE", "a", "t", 0), ENTRY(2, "TABLE", "other", "x", 0) },
		{ ENTRY(1, "TABLE", "a", "t", 0), ENTRY(2, "TABLE", NULL, "x", 0) },
		{ ENTRY(1, "TABLE", "a", "t", 0), ENTRY(2, "INDEX", "other", "x", 1) },
		{ ENTRY(1, "TABLE", "a", "t", 0), ENTRY(2, "COMMENT", NULL, "x", 1) },
		{ ENTRY(1, "TABLE", "a", "t", 0), ENTRY(2, "ACL", "other", "x", 1) },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct result result;

		result = SPLIT(cases[i], SCHEMAS("a"));
		assert_failed(&result, ERROR_DATA, true, "place in a dump is unknown");
		assert_non_null(strstr(result.err.text, cases[i][1].desc));
		assert_int_equal(count_files(), 0);
	}
}

static void test_forms_that_are_not_usual_put_a_schema_aside(void **state)
{
	struct build_entry cases[] = {
		DATA(2, "a", "t", 1),           /* --load-via-partition-root */
		ENTRY(2, "TABLE", "a", "p", 1), /* partitioned, with an access method */
		ENTRY(2, "TABLE", "a", "", 0),
		ENTRY(2, "TABLE", "a", NULL, 0),
		ENTRY(2, "INDEX", "a", "of nothing that is known", 0),
		ENTRY(2, "INDEX", "a", "of nothing that is there", 77),
		ENTRY(2, "COMMENT", "a", "on nothing that is there", 77),
		ENTRY(2, "ACL", "a", "on nothing at all", 0),
		ENTRY(2, "ACL", "a", "with data", 1),
	};

	(void)state;
	cases[0].definition = "-- load via partition root a.p";
	cases[1].relkind = 'p';
	cases[1].access_method = "heap";
	cases[8].has_data = true;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct build_entry entries[] = { ENTRY(1, "TABLE", "a", "t", 0), cases[i],
						 ENTRY(3, "TABLE", "b", "t", 0) };
		struct builder b;
		struct result result;

		build_of(&b, 16, "17.1", entries, ARRAY_SIZE(entries));
		result = split(&b, SCHEMAS("a", "b"));
		assert_outcomes(&result, SPLIT_ASIDE, SPLIT_WRITTEN);
		unlink("1");
	}
}

/* The first entries of two schemas, and one that needs something of the other. */
static void assert_tie(const struct build_entry *entry, enum split_outcome a,
		       enum split_outcome b)
{
	struct build_entry entries[] = {
		ENTRY(1, "SEQUENCE", "a", "s", 0),
		ENTRY(2, "TABLE", "b", "t", 0),
		ENTRY(3, "CONSTRAINT", "a", "s c", 1),
		ENTRY(4, "TABLE", "c", "t", 0),
		*entry,
	};
	struct result result;

	result = SPLIT(entries, SCHEMAS("a", "b", "c"));
	assert_outcomes(&result, a, b, SPLIT_WRITTEN);
	for (size_t i = 0; i < 3; i++)
		unlink(result.parts[i].file_name);
}

static void test_what_may_be_in_another_order_is_put_aside(void **state)
{
	static const struct build_entry harmful[] = {
		ENTRY(5, "TABLE", "b", "default nextval('a.s')", 1),
		ENTRY(5, "FOREIGN TABLE", "b", "default nextval('a.s')", 1),
		ENTRY(5, "VIEW", "b", "grouped by a primary key", 3),
		ENTRY(5, "INDEX ATTACH", "b", "i", 2, 3),
		ENTRY(5, "TRIGGER", "b", "tr", 2, 3),
	};
	static const struct build_entry harmless[] = {
		ENTRY(5, "VIEW", "b", "v", 1),
		ENTRY(5, "RULE", "b", "r", 2, 1),
		ENTRY(5, "DEFAULT", "b", "t c", 2, 1),
		ENTRY(5, "FK CONSTRAINT", "b", "fk", 2, 3),
		ENTRY(5, "TABLE", "b", "own", 2),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(harmful); i++)
		assert_tie(&harmful[i], SPLIT_ASIDE, SPLIT_AGAIN);
	for (size_t i = 0; i < ARRAY_SIZE(harmless); i++)
		assert_tie(&harmless[i], SPLIT_WRITTEN, SPLIT_WRITTEN);
}

static void test_what_is_tied_to_entangled_parts_is_to_be_split_again(void **state)
{
	static const struct build_entry entries[] = {
		ENTRY(1, "TABLE", "a", "t", 0),
		ENTRY(2, "VIEW", "b", "v", 1),
		ENTRY(3, "TABLE", "c", "default with the oid of the view", 2),
		ENTRY(4, "TABLE", "d", "t", 0),
	};
	struct result result;

	(void)state;
	result = SPLIT(entries, SCHEMAS("a", "b", "c", "d"));
	assert_outcomes(&result, SPLIT_AGAIN, SPLIT_ASIDE, SPLIT_AGAIN, SPLIT_WRITTEN);
}

static void test_the_one_with_which_many_are_entangled_is_put_aside(void **state)
{
	static const struct build_entry depended_on[] = {
		ENTRY(1, "TABLE", "c", "t", 0),
		ENTRY(2, "TABLE", "a", "child", 1),
		ENTRY(3, "TABLE", "b", "child", 1),
		ENTRY(4, "TABLE", "d", "child", 1),
	};
	static const struct build_entry dependent[] = {
		ENTRY(1, "TABLE", "a", "t", 0),
		ENTRY(2, "TABLE", "b", "t", 0),
		ENTRY(3, "TABLE", "d", "t", 0),
		ENTRY(4, "TABLE", "c", "of all of them", 1, 2, 3),
	};
	struct result result;

	(void)state;
	result = SPLIT(depended_on, SCHEMAS("a", "b", "c", "d"));
	assert_outcomes(&result, SPLIT_AGAIN, SPLIT_AGAIN, SPLIT_ASIDE, SPLIT_AGAIN);
	result = SPLIT(dependent, SCHEMAS("a", "b", "c", "d"));
	assert_outcomes(&result, SPLIT_AGAIN, SPLIT_AGAIN, SPLIT_ASIDE, SPLIT_AGAIN);
}

/* ---- damage ---- */

static const struct build_entry sound[] = {
	ENTRY(1, "TABLE", "a", "x", 0),
	ENTRY(2, "TABLE", "b", "x", 0),
	DATA(3, "a", "x", 1),
	DATA(4, "b", "x", 2),
	ENTRY(5, "ACL", "b", "TABLE x", 2),
};

static void test_a_dump_id_that_is_there_twice_is_an_error(void **state)
{
	struct build_entry cases[][2] = {
		{ ENTRY(1, "TABLE", "a", "x", 0), ENTRY(1, "TABLE", "a", "y", 0) },
		{ ENTRY(1, "TABLE", "a", "x", 0), ENTRY(1, "TYPE", "a", "y", 0) },
		{ ENTRY(1, "TYPE", "a", "x", 0), ENTRY(1, "TABLE", "a", "y", 0) },
		{ ENTRY(1, "TYPE", "a", "x", 0), ENTRY(1, "TYPE", "a", "y", 0) },
		{ ENTRY(1, "TABLE", "a", "x", 0), ENTRY(9001, "TABLE", "a", "y", 0) },
		{ ENTRY(1, "TABLE", "a", "x", 0), ENTRY(1, "UNKNOWN", "a", "y", 0) },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct result result;

		result = SPLIT(cases[i], SCHEMAS("a"));
		assert_failed(&result, ERROR_DATA, false, "two entries have the id");
		assert_int_equal(count_files(), 0);
	}
}

static void test_data_in_another_order_missing_or_too_many_are_an_error(void **state)
{
	static const struct {
		uint32_t ids[4];
		const char *text;
	} cases[] = {
		{ { 4, 3 }, "the data of entry 3 are in the wrong place" },
		{ { 3, 3 }, "the data of entry 4 are in the wrong place" },
		{ { 3 }, "the data of entry 4 are in the wrong place" },
		{ { 0 }, "the data of entry 3 are in the wrong place" },
		{ { 3, 4, 4 }, "more data than its table of contents lists" },
		{ { 3, 4, 99 }, "more data than its table of contents lists" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct builder b;
		struct result result;

		build_table_of_contents(&b, 14, "15.13", sound, ARRAY_SIZE(sound));
		for (size_t j = 0; cases[i].ids[j]; j++)
			build_data(&b, cases[i].ids[j], "1\n", NULL);
		result = split(&b, SCHEMAS("a", "b"));
		assert_failed(&result, ERROR_DATA, false, cases[i].text);
		unlink("0");
		unlink("1");
	}
}

static void test_an_archive_cut_off_anywhere_is_an_error(void **state)
{
	struct builder b;
	struct result result;

	(void)state;
	BUILD(&b, sound);
	for (size_t cut = 0; cut < b.out.length; cut++) {
		result = split_fd(build_file_of(b.out.buf, cut), SCHEMAS("a", "b"));
		assert_failed(&result, ERROR_DATA, false, "the archive is damaged");
		unlink("0");
		unlink("1");
	}
	result = split(&b, SCHEMAS("a", "b"));
	assert_outcomes(&result, SPLIT_WRITTEN, SPLIT_WRITTEN);
}

static void assert_whole(const char *path)
{
	char *text = read_file(path);

	assert_true(str_has_prefix(text, "--\n-- PostgreSQL database dump\n--\n\n"));
	assert_true(str_has_suffix(text, EPILOGUE));
	free(text);
}

static void test_after_a_damaged_byte_files_are_whole_or_not_there(void **state)
{
	static const unsigned flips[] = { 0x01, 0xff };
	struct builder b;

	(void)state;
	BUILD(&b, sound);
	for (size_t at = 0; at < b.out.length * ARRAY_SIZE(flips); at++) {
		char *byte = &b.out.buf[at / ARRAY_SIZE(flips)], before = *byte;
		struct result result;

		*byte = (char)(*byte ^ (int)flips[at % ARRAY_SIZE(flips)]);
		result = split_fd(build_file(&b), SCHEMAS("a", "b"));
		*byte = before;
		if (!result.is_ok)
			assert_int_equal(result.err.kind, ERROR_DATA);
		for (size_t i = 0; i < result.count; i++) {
			const struct split_part *part = &result.parts[i];

			if (result.is_ok && part->outcome == SPLIT_WRITTEN)
				assert_whole(part->file_name);
			else if (result.is_ok)
				assert_int_not_equal(access(part->file_name, F_OK), 0);
			unlink(part->file_name);
		}
	}
	build_release(&b);
}

/* ---- writing ---- */

static void test_a_file_that_is_there_already_is_an_error(void **state)
{
	struct result result;

	(void)state;
	unit_write("1", "mine");
	result = SPLIT(sound, SCHEMAS("a", "b"));
	assert_failed(&result, ERROR_SYSTEM, false, "create 1: File exists");
	assert_file("1", "mine");
}

static void test_a_directory_that_cannot_be_written_is_an_error(void **state)
{
	struct build_entry entry = ENTRY(1, "TABLE", "a", "t", 0);
	struct split_part part = { .schema = "a", .file_name = "0" };
	struct strvec keywords = { 0 };
	struct result result = { 0 };
	struct builder b;
	struct split_opts opts = { .parts = &part,
				   .part_count = 1,
				   .keywords = &keywords,
				   .progress = on_progress,
				   .owner = &result };

	(void)state;
	build_of(&b, 14, "15.13", &entry, 1);
	mkdir("gone", 0700);
	opts.archive_fd = build_file(&b);
	opts.dir_fd = open("gone", O_RDONLY | O_DIRECTORY);
	rmdir("gone"); /* root may write wherever there is something */
	result.is_ok = split_archive(&opts, &result.is_unknown, &result.err);
	assert_failed(&result, ERROR_SYSTEM, false, "create a temporary file: ");
	close(opts.archive_fd);
	close(opts.dir_fd);
	build_release(&b);
}

/* No file may have more bytes than that. */
static void limit_file_size(rlim_t bytes)
{
	struct rlimit limit = { .rlim_cur = bytes, .rlim_max = RLIM_INFINITY };

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void test_a_full_disk_is_an_error_that_names_the_file(void **state)
{
	static const struct build_entry entries[] = { ENTRY(1, "TABLE", "a", "t", 0),
						      ENTRY(2, "TABLE", "b", "t", 0),
						      DATA(3, "b", "t", 2) };
	char *rows = xcalloc(1, 500001);
	struct builder b;
	struct result result;
	int fd;

	(void)state;
	memset(rows, 'x', 500000);
	build_table_of_contents(&b, 14, "15.13", entries, ARRAY_SIZE(entries));
	build_data(&b, 3, rows, NULL);
	fd = build_file(&b);
	limit_file_size(65536);
	result = split_fd(fd, SCHEMAS("a", "b"));
	limit_file_size(RLIM_INFINITY);
	assert_failed(&result, ERROR_SYSTEM, false, "1: write: File too large");
	build_release(&b);
	free(rows);
}

static void test_a_disk_too_full_for_the_table_of_contents_is_an_error(void **state)
{
	struct builder b;
	struct result result;
	int fd;

	(void)state;
	BUILD(&b, sound);
	fd = build_file(&b);
	limit_file_size(100);
	result = split_fd(fd, SCHEMAS("a", "b"));
	limit_file_size(RLIM_INFINITY);
	assert_failed(&result, ERROR_SYSTEM, false,
		      "store the archive's table of contents: write: File too large");
	build_release(&b);
}

static void test_much_data_go_through(void **state)
{
	enum { ROWS = 30000 };
	static const struct build_entry entries[] = { ENTRY(1, "TABLE", "a", "t", 0),
						      DATA(2, "a", "t", 1) };
	struct strbuf should_be = { 0 };
	struct builder b;
	struct result result;

	(void)state;
	build_table_of_contents(&b, 14, "15.13", entries, ARRAY_SIZE(entries));
	build_byte(&b, 1);
	build_integer(&b, 2);
	strbuf_add_str(&should_be, "COPY it FROM stdin;\n");
	for (int i = 0; i < ROWS; i++) {
		char row[64];

		snprintf(row, sizeof(row), "%d\tthis is row number %d\n", i, i);
		build_text(&b, row);
		strbuf_add_str(&should_be, row);
	}
	build_integer(&b, 0);
	strbuf_add_str(&should_be, EPILOGUE);
	result = split(&b, SCHEMAS("a"));
	assert_outcomes(&result, SPLIT_WRITTEN);
	assert_has("0", should_be.buf, true);
	strbuf_release(&should_be);
}

/* ---- whole schemas ---- */

#define OWNED(id_, desc_, schema_, tag_, drop_, ...)                              \
	{                                                                         \
		.id = (id_), .desc = (desc_), .schema = (schema_), .tag = (tag_), \
		.definition = "-- " desc_ "\n", .drop = "DROP " drop_ ";\n",      \
		.owner = "Joe", .needs = {                                        \
			__VA_ARGS__                                               \
		}                                                                 \
	}

static void test_a_schema_has_its_rights_and_comment_and_all_that_is_in_it(void **state)
{
	static const struct build_entry entries[] = {
		ENTRY(1, "DATABASE", NULL, "db", 0),
		ENTRY(2, "COMMENT", NULL, "DATABASE db", 1),
		OWNED(3, "SCHEMA", NULL, "a", "SCHEMA a", 0),
		OWNED(4, "SCHEMA", NULL, "b", "SCHEMA b", 0),
		ENTRY(5, "COMMENT", NULL, "SCHEMA b", 4),
		ENTRY(6, "ACL", NULL, "SCHEMA a", 3),
		OWNED(7, "FUNCTION", "a", "f(int)", "FUNCTION a.f(int)", 3),
		ENTRY(8, "DEFAULT ACL", "b", "DEFAULT PRIVILEGES FOR TABLES", 4),
	};
	struct result result = split_whole("15.13", entries, ARRAY_SIZE(entries),
					   SCHEMAS("a", "b", "c"));

	(void)state;
	assert_outcomes(&result, SPLIT_WRITTEN, SPLIT_WRITTEN, SPLIT_ABSENT);
	assert_has("0",
		   "-- Name: a; Type: SCHEMA; Schema: -; Owner: Joe\n--\n\n"
		   "-- SCHEMA\n\n\nALTER SCHEMA a OWNER TO \"Joe\";\n\n",
		   true);
	assert_has("0", "ALTER FUNCTION a.f(int) OWNER TO \"Joe\";\n\n", true);
	assert_has("0", "Name: SCHEMA a; Type: ACL", true);
	assert_has("0", "DATABASE", false);
	assert_has("1", "Name: SCHEMA b; Type: COMMENT", true);
	assert_has("1", "Type: DEFAULT ACL; Schema: b", true);
	assert_has("1", "FUNCTION", false);
}

static void test_owners_are_named_as_each_kind_wants_it(void **state)
{
	static const struct build_entry entries[] = {
		OWNED(1, "SCHEMA", NULL, "a", "SCHEMA a", 0),
		OWNED(2, "OPERATOR", "a", "===", "OPERATOR a.=== (int, text)", 0),
		OWNED(3, "TEXT SEARCH CONFIGURATION", "a", "select", "it", 0),
		OWNED(4, "TEXT SEARCH PARSER", "a", "p", "it", 0),
		OWNED(5, "VIEW", "a", "v", "VIEW a.v", 0),
		OWNED(6, "AGGREGATE", "a", "g(*)", "AGGREGATE a.g(*)", 0),
		ENTRY(7, "SHELL TYPE", "a", "s", 0),
	};
	struct result result =
		split_whole("15.13", entries, ARRAY_SIZE(entries), SCHEMAS("a"));

	(void)state;
	assert_outcomes(&result, SPLIT_WRITTEN);
	assert_has("0", "ALTER OPERATOR a.=== (int, text) OWNER TO ", true);
	assert_has("0", "ALTER TEXT SEARCH CONFIGURATION a.\"select\" OWNER TO ", true);
	assert_has("0", "ALTER TEXT SEARCH PARSER", false);
	assert_has("0", "ALTER TABLE a.v OWNER TO ", true);
	assert_has("0", "ALTER AGGREGATE a.g(*) OWNER TO ", true);
	assert_has("0", "ALTER SHELL", false);
}

static void test_what_has_no_place_in_a_schema_puts_it_aside(void **state)
{
	static const struct build_entry entries[] = {
		OWNED(1, "SCHEMA", NULL, "a", "SCHEMA a", 0),
		OWNED(2, "SCHEMA", NULL, "b", "SCHEMA b", 0),
		OWNED(3, "SCHEMA", NULL, "c", "SCHEMA c", 0),
		ENTRY(4, "SOMETHING NEW", "a", "x", 0),
		ENTRY(5, "COMMENT", "b", "x", 3),
	};
	static const struct build_entry unknown[] = {
		OWNED(1, "SCHEMA", NULL, "other", "SCHEMA other", 0),
	};
	struct result result = split_whole("15.13", entries, ARRAY_SIZE(entries),
					   SCHEMAS("a", "b", "c"));

	(void)state;
	assert_outcomes(&result, SPLIT_ASIDE, SPLIT_ASIDE, SPLIT_WRITTEN);
	result = split_whole("15.13", unknown, ARRAY_SIZE(unknown), SCHEMAS("a"));
	assert_failed(&result, ERROR_DATA, true, "unknown: SCHEMA other");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST_IN_TMP(test_schemas_side_by_side_get_files_of_their_own),
		UNIT_TEST_IN_TMP(test_grants_and_then_refreshes_come_last),
		UNIT_TEST_IN_TMP(test_comments_and_labels_come_where_they_are),
		UNIT_TEST_IN_TMP(test_what_is_no_relation_is_left_out_with_all_about_it),
		UNIT_TEST_IN_TMP(test_a_schema_without_relations_is_absent),
		UNIT_TEST_IN_TMP(test_an_entry_without_text_prints_nothing),
		UNIT_TEST_IN_TMP(test_a_name_like_a_comment_moves_nothing),
		UNIT_TEST_IN_TMP(test_names_are_quoted_as_pg_dump_does),
		UNIT_TEST_IN_TMP(test_defaults_are_set_when_they_change_in_a_file),
		UNIT_TEST_IN_TMP(test_a_relation_gets_its_owner_as_each_version_says_it),
		UNIT_TEST_IN_TMP(test_what_has_no_owner_or_no_drop_is_given_to_nobody),
		UNIT_TEST_IN_TMP(
			test_each_version_that_restricts_psql_does_so_with_a_key_per_file),
		UNIT_TEST_IN_TMP(test_since_17_there_is_a_transaction_timeout),
		UNIT_TEST_IN_TMP(test_other_versions_of_pg_dump_are_unknown),
		UNIT_TEST_IN_TMP(test_strings_that_conform_to_no_standard_are_said_so),
		UNIT_TEST_IN_TMP(test_a_setting_of_another_form_is_an_error),
		UNIT_TEST_IN_TMP(
			test_a_setting_that_is_missing_or_twice_there_is_an_error),
		UNIT_TEST_IN_TMP(test_an_unknown_entry_puts_its_schema_aside),
		UNIT_TEST_IN_TMP(
			test_an_unknown_entry_of_no_schema_makes_the_archive_unknown),
		UNIT_TEST_IN_TMP(test_forms_that_are_not_usual_put_a_schema_aside),
		UNIT_TEST_IN_TMP(test_what_may_be_in_another_order_is_put_aside),
		UNIT_TEST_IN_TMP(
			test_what_is_tied_to_entangled_parts_is_to_be_split_again),
		UNIT_TEST_IN_TMP(test_the_one_with_which_many_are_entangled_is_put_aside),
		UNIT_TEST_IN_TMP(test_a_dump_id_that_is_there_twice_is_an_error),
		UNIT_TEST_IN_TMP(
			test_data_in_another_order_missing_or_too_many_are_an_error),
		UNIT_TEST_IN_TMP(test_an_archive_cut_off_anywhere_is_an_error),
		UNIT_TEST_IN_TMP(test_after_a_damaged_byte_files_are_whole_or_not_there),
		UNIT_TEST_IN_TMP(test_a_file_that_is_there_already_is_an_error),
		UNIT_TEST_IN_TMP(test_a_directory_that_cannot_be_written_is_an_error),
		UNIT_TEST_IN_TMP(test_a_full_disk_is_an_error_that_names_the_file),
		UNIT_TEST_IN_TMP(
			test_a_disk_too_full_for_the_table_of_contents_is_an_error),
		UNIT_TEST_IN_TMP(test_much_data_go_through),
		UNIT_TEST_IN_TMP(
			test_a_schema_has_its_rights_and_comment_and_all_that_is_in_it),
		UNIT_TEST_IN_TMP(test_owners_are_named_as_each_kind_wants_it),
		UNIT_TEST_IN_TMP(test_what_has_no_place_in_a_schema_puts_it_aside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
