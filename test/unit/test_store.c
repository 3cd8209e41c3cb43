/* SPDX-License-Identifier: PostgreSQL */
#include "unit.h"

#include "base/str.h"
#include "store/layout.h"
#include "store/lockfile.h"
#include "store/manifest.h"
#include "store/marker.h"
#include "store/rotate.h"
#include "store/savedir.h"

/* ---- layout ---- */

static void test_file_names_are_escaped_and_come_back(void **state)
{
	static const char *const names[][2] = {
		{ "agentzh", "agentzh.sql" },
		{ "_global", "_global.sql" },
		{ "a b", "a%20b.sql" },
		{ "it's", "it%27s.sql" },
		{ "../../etc/x", "%2E%2E%2F%2E%2E%2Fetc%2Fx.sql" },
		{ ".hidden", "%2Ehidden.sql" },
		{ "a.b", "a%2Eb.sql" },
		{ "-rf", "-rf.sql" },
		{ "%41", "%2541.sql" },
		{ "100%", "100%25.sql" },
		{ "Foo", "Foo.sql" },
		{ "\xc3\xa9", "%C3%A9.sql" },
		{ "x.sql", "x%2Esql.sql" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char *file = layout_file_name(names[i][0]);
		char *account = layout_account_name(file);

		assert_string_equal(file, names[i][1]);
		assert_string_equal(account, names[i][0]);
		free(file);
		free(account);
	}
}

static void test_a_file_name_that_we_would_not_write_has_no_account(void **state)
{
	static const char *const names[] = { "a b.sql",     "%41.sql",  "%2e.sql",
					     "a",           "a%zz.sql", "manifest.json",
					     ".hidden.sql", "a.sql.sql" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_null(layout_account_name(names[i]));
}

static void test_a_link_to_a_save_is_followed_once(void **state)
{
	struct layout layout;
	struct error err;
	char *real = realpath(".", NULL),
	     *expected = str_format("%s/disk/metamodel.new", real);

	(void)state;
	mkdir("disk", 0700);
	mkdir("disk/metamodel", 0700);
	assert_int_equal(symlink("disk/metamodel", "metamodel"), 0);
	assert_true(layout_init(&layout, "metamodel", &err));
	assert_string_equal(layout.staging, expected);
	layout_release(&layout);
	free(real);
	free(expected);
}

/* ---- manifest ---- */

static const char sha256[] =
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

static void fill(struct manifest *m, uint64_t serial, uint64_t keep)
{
	*m = (struct manifest){ .serial = serial,
				.keep = keep,
				.program = xstrdup("metamodel 0"),
				.pg_dump = xstrdup("pg_dump 15"),
				.backend = xstrdup("Pg"),
				.started = "2026-11-22T10:00:00Z",
				.finished = "2026-11-22T10:00:01Z" };
}

static void add(struct manifest *m, const char *account)
{
	struct manifest_entry *e = manifest_add(m, account);

	memcpy(e->sha256, sha256, sizeof(sha256));
	memcpy(e->saved_at, "2026-11-22T10:00:00Z", 21);
}

static int open_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY);

	assert_true(fd >= 0);
	return fd;
}

static void test_a_manifest_comes_back_as_it_was_written(void **state)
{
	struct manifest m, read;
	struct manifest_entry *e;
	const struct manifest_entry *found;
	struct error err;
	bool is_absent;
	int fd = open_dir(".");

	(void)state;
	fill(&m, 7, 3);
	manifest_add_node(&m, "openresty")->host = xstrdup("/tmp");
	m.nodes[0].system_identifier = xstrdup("7123456789012345678");
	m.nodes[0].database_oid = 4294967295;
	manifest_add_node(&m, "carried")->is_carried = true;
	add(&m, "z");
	e = manifest_add(&m, "it's \"q\" \\ \xc3\xa9");
	memcpy(e->sha256, sha256, sizeof(sha256));
	memcpy(e->saved_at, "2026-11-21T10:00:00Z", 21);
	e->version = xstrdup("0.006");
	e->size_bytes = 1234567890123;
	e->rows = 5000000000;
	e->tables = 10;
	e->is_stale = true;
	manifest_sort(&m);
	assert_true(manifest_write(fd, &m, &err));
	if (!manifest_read(fd, &read, &is_absent, &err))
		fail_msg("%s", err.text);
	assert_int_equal(read.serial, 7);
	assert_int_equal(read.keep, 3);
	assert_string_equal(read.nodes[0].host, "/tmp");
	assert_null(read.nodes[0].snapshot);
	assert_string_equal(read.nodes[0].system_identifier, "7123456789012345678");
	assert_int_equal(read.nodes[0].database_oid, 4294967295);
	assert_false(read.nodes[0].is_carried);
	assert_true(manifest_find_node(&read, "carried")->is_carried);
	found = manifest_find(&read, "it's \"q\" \\ \xc3\xa9");
	assert_non_null(found);
	assert_string_equal(found->version, "0.006");
	assert_int_equal(found->size_bytes, 1234567890123);
	assert_int_equal(found->rows, 5000000000);
	assert_int_equal(found->tables, 10);
	assert_true(found->is_stale);
	assert_string_equal(found->saved_at, "2026-11-21T10:00:00Z");
	assert_false(manifest_find(&read, "z")->is_stale);
	assert_null(manifest_find(&read, "z")->version);
	assert_null(manifest_find(&read, "nobody"));
	assert_false(manifest_write(fd, &m, &err)); /* never over another one */
	manifest_release(&m);
	manifest_release(&read);
	close(fd);
}

/* A manifest with one account, of which `from` is replaced by `to`. */
static void assert_refused(const char *from, const char *to, const char *words)
{
	const char *text =
		"{\"format\": 1, \"serial\": 1, \"keep\": 1, \"program\": \"m\", "
		"\"pg_dump\": \"p\","
		" \"backend\": \"Pg\", \"started\": \"2026-11-22T10:00:00Z\","
		" \"finished\": \"2026-11-22T10:00:00Z\", \"nodes\": [], \"accounts\": [{"
		"\"account\": \"foo\", \"file\": \"foo.sql\", \"node\": \"n\", "
		"\"bytes\": 1,"
		" \"sha256\": "
		"\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\","
		" \"version\": null, \"tables\": 1, \"rows\": 1,"
		" \"saved_at\": \"2026-11-22T10:00:00Z\", \"stale\": false}]}";
	const char *at = strstr(text, from);
	struct manifest m;
	struct error err;
	bool is_absent, is_ok;
	char *changed;
	int fd = open_dir(".");

	assert_non_null(at);
	changed = str_format("%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	unit_write(MANIFEST_FILE, changed);
	is_ok = manifest_read(fd, &m, &is_absent, &err);
	if (is_ok)
		manifest_release(&m);
	else if (!words || !strstr(err.text, words))
		fail_msg("%s", err.text);
	assert_int_equal(is_ok, !words);
	assert_false(is_absent);
	free(changed);
	close(fd);
}

static void test_a_damaged_manifest_is_refused_with_the_reason(void **state)
{
	(void)state;
	assert_refused("1", "1", NULL);
	assert_refused("{", "", "line 1");
	assert_refused("}]}", "}]", "line 1");
	assert_refused("\"format\": 1", "\"format\": 2", "format 2");
	assert_refused("\"format\": 1", "\"format\": \"1\"", "format");
	assert_refused("\"serial\": 1", "\"serial\": -1", "serial");
	assert_refused("\"foo\"", "\"\"", "no name");
	assert_refused("\"foo\"", "null", "no name");
	assert_refused("foo.sql", "../foo.sql", "foo.sql");
	assert_refused("foo.sql", "bar.sql", "foo.sql");
	assert_refused("e3b0", "E3B0", "SHA-256");
	assert_refused("e3b0", "e3b", "SHA-256");
	assert_refused("\"bytes\": 1", "\"bytes\": -1", "bytes");
	assert_refused("\"bytes\": 1", "\"bytes\": 1.5", "bytes");
	assert_refused("\"rows\": 1", "\"row\": 1", "rows");
	assert_refused("\"tables\": 1", "\"tables\": 4294967296", "tables");
	assert_refused("10:00:00Z\", \"stale\"", "10:00:00\", \"stale\"", "saved_at");
	assert_refused("\"stale\": false", "\"stale\": 0", "stale");
	assert_refused("\"accounts\": [{", "\"accounts\": [7, {", "account");
	assert_refused("\"keep\": 1", "\"keep\": 1, \"keep\": 2", "keep");
	assert_refused("\"accounts\": [{", "\"accounts\": {\"x\": [{", "line 1");
}

static void test_whole_schemas_and_their_extensions_come_back(void **state)
{
	struct manifest m, read, copy = { 0 };
	bool is_absent;
	struct error err;
	int fd = open_dir(".");

	(void)state;
	fill(&m, 1, 1);
	m.is_whole = true;
	add(&m, "a");
	manifest_add_extension(&m.entries[0], "citext", "1.6", "public");
	manifest_add_extension(&m.entries[0], "odd \"x\"", "2", "a");
	manifest_copy_entry(manifest_add(&copy, "b"), &m.entries[0]);
	assert_true(manifest_write(fd, &m, &err));
	manifest_release(&m);
	assert_true(manifest_read(fd, &read, &is_absent, &err));
	assert_true(read.is_whole);
	assert_int_equal(read.entries[0].extension_count, 2);
	assert_string_equal(read.entries[0].extensions[0].version, "1.6");
	assert_string_equal(read.entries[0].extensions[1].name, "odd \"x\"");
	assert_string_equal(copy.entries[0].extensions[1].schema, "a");
	manifest_release(&read);
	manifest_release(&copy);
	close(fd);
	unlink(MANIFEST_FILE);
	assert_refused("\"nodes\"", "\"objects\": \"some\", \"nodes\"", "objects");
	assert_refused("false}", "false, \"extensions\": 7}", "extensions");
	assert_refused("false}",
		       "false, \"extensions\": [{\"name\": \"x\", \"version\": null, "
		       "\"schema\": \"y\"}]}",
		       "an extension lacks");
}

static void test_an_account_that_is_there_twice_is_refused(void **state)
{
	struct manifest m, read;
	struct error err;
	bool is_absent;
	int fd = open_dir(".");

	(void)state;
	fill(&m, 1, 1);
	add(&m, "foo");
	add(&m, "foo");
	assert_true(manifest_write(fd, &m, &err));
	assert_false(manifest_read(fd, &read, &is_absent, &err));
	assert_non_null(strstr(err.text, "twice"));
	manifest_release(&m);
	close(fd);
}

/* ---- savedir ---- */

static enum savedir_kind kind_of(const char *path)
{
	struct savedir save;
	struct error err;
	enum savedir_kind kind;

	assert_true(savedir_open(path, &save, &err));
	kind = save.kind;
	savedir_release(&save);
	return kind;
}

static void write_save(const char *path, uint64_t serial, uint64_t keep)
{
	struct manifest m;
	struct error err;
	int fd;

	assert_int_equal(mkdir(path, 0700), 0);
	fd = open_dir(path);
	fill(&m, serial, keep);
	assert_true(manifest_write(fd, &m, &err));
	manifest_release(&m);
	close(fd);
}

static void test_a_directory_is_known_by_what_is_in_it(void **state)
{
	(void)state;
	assert_int_equal(kind_of("absent"), SAVEDIR_ABSENT);
	unit_write("file", "");
	assert_int_equal(kind_of("file"), SAVEDIR_FOREIGN);
	mkdir("dir", 0700);
	assert_int_equal(kind_of("dir"), SAVEDIR_LEGACY);
	unit_write("dir/foo.sql", "");
	assert_int_equal(kind_of("dir"), SAVEDIR_LEGACY);
	mkdir("dir/sub.sql", 0700); /* as the Perl scripts nested them */
	assert_int_equal(kind_of("dir"), SAVEDIR_LEGACY);
	unlink("dir/foo.sql");
	assert_int_equal(kind_of("dir"), SAVEDIR_FOREIGN);
	rmdir("dir/sub.sql");
	unit_write("dir/manifest.json", "{");
	assert_int_equal(kind_of("dir"), SAVEDIR_DAMAGED);
	write_save("save", 1, 1);
	assert_int_equal(kind_of("save"), SAVEDIR_SAVE);
}

/* ---- rotate ---- */

static uint64_t serial_of(const char *path)
{
	struct savedir save;
	struct error err;
	uint64_t serial;

	assert_true(savedir_open(path, &save, &err));
	serial = save.kind == SAVEDIR_ABSENT ? UINT64_MAX : savedir_serial(&save);
	savedir_release(&save);
	return serial;
}

static const uint64_t none = UINT64_MAX;

static void commit(unsigned keep)
{
	struct layout layout;
	struct error err;
	struct strvec notes = { 0 };
	uint64_t last = keep;
	struct rotate_plan plan = { .window = keep, .dropped = &last, .count = 1 };
	bool is_swapped;

	assert_true(layout_init(&layout, "m", &err));
	for (unsigned generation = 1; generation <= keep; generation++) {
		char *old = layout_old(&layout, generation);

		if (access(old, F_OK) < 0)
			plan.count = 0;
		free(old);
	}
	if (!rotate_commit(&layout, &plan, &is_swapped, &notes, &err))
		fail_msg("%s", err.text);
	assert_true(is_swapped);
	assert_false(rotate_is_unfinished(&layout));
	layout_release(&layout);
}

static void recover_and(bool finish, bool clean, bool is_left)
{
	struct layout layout;
	struct error err;
	struct strvec notes = { 0 };
	bool did_finish, did_clean;

	assert_true(layout_init(&layout, "m", &err));
	if (!rotate_recover(&layout, &did_finish, &did_clean, &notes, &err))
		fail_msg("%s", err.text);
	assert_int_equal(did_finish, finish);
	assert_int_equal(did_clean, clean);
	assert_true(is_left == rotate_is_unfinished(&layout));
	layout_release(&layout);
}

static void recover(bool finish, bool clean)
{
	recover_and(finish, clean, false);
}

static void test_saves_move_on_by_one_and_the_last_goes(void **state)
{
	(void)state;
	for (uint64_t serial = 1; serial <= 5; serial++) {
		write_save("m.new", serial, 2);
		commit(2);
	}
	assert_int_equal(serial_of("m"), 5);
	assert_int_equal(serial_of("m.old"), 4);
	assert_int_equal(serial_of("m.old.2"), 3);
	assert_int_equal(serial_of("m.old.3"), none);
}

static void test_a_smaller_keep_deletes_one_save_and_not_all_beyond(void **state)
{
	(void)state;
	for (uint64_t serial = 1; serial <= 4; serial++) {
		write_save("m.new", serial, 3);
		commit(3);
	}
	write_save("m.new", 5, 1);
	commit(1);
	assert_int_equal(serial_of("m"), 5);
	assert_int_equal(serial_of("m.old"), 4);
	assert_int_equal(serial_of("m.old.2"), 2);
	assert_int_equal(serial_of("m.old.3"), 1);
}

static void test_a_gap_is_filled_before_anything_is_deleted(void **state)
{
	(void)state;
	write_save("m", 4, 3);
	write_save("m.old", 3, 3);
	write_save("m.old.3", 1, 3);
	write_save("m.new", 5, 3);
	commit(3);
	assert_int_equal(serial_of("m.old"), 4);
	assert_int_equal(serial_of("m.old.2"), 3);
	assert_int_equal(serial_of("m.old.3"), 1);
}

static const char dump_of_foo[] = "--\n-- PostgreSQL database dump\n--\n\n"
				  "CREATE TABLE foo._a (\n    i integer\n);\n\n"
				  "--\n-- PostgreSQL database dump complete\n--\n\n";

static void mark(const char *path, const char *file)
{
	struct strvec files = { 0 };
	struct error err;
	int fd = open_dir(path);

	strvec_push(&files, file);
	assert_true(marker_write(fd, "a test", &files, &err));
	strvec_release(&files);
	close(fd);
}

static void test_a_half_built_save_is_deleted(void **state)
{
	(void)state;
	write_save("m", 1, 1);
	mkdir("m.new", 0700);
	unit_write("m.new/foo.sql", "half");
	recover_and(false, false, true); /* no run left it */
	assert_int_equal(access("m.new/foo.sql", F_OK), 0);
	mark("m.new", "foo.sql");
	recover(false, true);
	assert_int_equal(access("m.new", F_OK), -1);
	assert_int_equal(serial_of("m"), 1);
}

static void test_a_dead_run_before_the_exchange_is_finished(void **state)
{
	(void)state;
	write_save("m", 4, 1);
	write_save("m.old", 3, 1);
	write_save("m.swap", 5, 1);
	recover(true, false);
	assert_int_equal(serial_of("m"), 5);
	assert_int_equal(serial_of("m.old"), 4);
	assert_int_equal(serial_of("m.old.2"), none);
}

static void test_a_dead_run_after_the_exchange_is_finished(void **state)
{
	(void)state;
	write_save("m", 5, 1);
	write_save("m.old", 3, 1);
	write_save("m.swap", 4, 1);
	recover(true, false);
	assert_int_equal(serial_of("m"), 5);
	assert_int_equal(serial_of("m.old"), 4);
}

static void
test_a_replaced_save_of_the_perl_scripts_is_not_taken_for_a_new_one(void **state)
{
	(void)state;
	write_save("m", 1, 1);
	mkdir("m.swap", 0700);
	unit_write("m.swap/foo.sql", dump_of_foo);
	recover(true, false);
	assert_int_equal(serial_of("m"), 1);
	assert_int_equal(serial_of("m.old"), 0);
	assert_int_equal(access("m.old/foo.sql", F_OK), 0);
}

static void test_recovery_keeps_as_many_as_the_dead_run_was_told(void **state)
{
	(void)state;
	write_save("m", 5, 3);
	write_save("m.swap", 4, 2);
	write_save("m.old", 3, 3);
	write_save("m.old.2", 2, 3);
	recover(true, false);
	assert_int_equal(serial_of("m.old"), 4);
	assert_int_equal(serial_of("m.old.2"), 3);
	assert_int_equal(serial_of("m.old.3"), 2);
}

static void test_a_run_that_died_while_the_name_was_missing_is_finished(void **state)
{
	(void)state;
	write_save("m.old", 4, 1); /* two renames, where there is no exchange */
	write_save("m.swap", 5, 1);
	recover(true, false);
	assert_int_equal(serial_of("m"), 5);
	assert_int_equal(serial_of("m.old"), 4);
}

static void test_what_is_no_save_is_in_the_way_and_stays(void **state)
{
	static const char *const names[] = { "m",      "m.new", "m.swap",
					     "m.drop", "m.old", "m.old.2" };
	struct layout layout;
	struct strvec strangers = { 0 };
	struct error err;
	bool did_finish, did_clean;

	(void)state;
	assert_true(layout_init(&layout, "m", &err));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char *file = str_format("%s/thesis.tex", names[i]);

		mkdir(names[i], 0700);
		unit_write(file, "");
		assert_false(rotate_check(&layout, 2, &strangers, &err));
		assert_non_null(strstr(err.text, "thesis.tex"));
		assert_non_null(strstr(err.hint, "move it away"));
		(void)!rotate_recover(&layout, &did_finish, &did_clean, &strangers, &err);
		assert_int_equal(access(file, F_OK), 0);
		assert_int_equal(unlink(file), 0);
		assert_int_equal(rmdir(names[i]), 0);
		free(file);
	}
	layout_release(&layout);
}

static void test_a_commit_that_fails_leaves_everything_as_it_was(void **state)
{
	struct rotate_plan plan = { .window = 1 };
	struct strvec notes = { 0 };
	struct layout layout;
	struct error err;
	bool is_swapped = true;

	(void)state;
	write_save("m", 1, 1);
	write_save("m.new", 2, 1);
	mkdir("m.swap", 0700);
	unit_write("m.swap/x.sql", ""); /* so that the rename fails */
	assert_true(layout_init(&layout, "m", &err));
	assert_false(rotate_commit(&layout, &plan, &is_swapped, &notes, &err));
	assert_false(is_swapped);
	assert_int_equal(serial_of("m"), 1);
	layout_release(&layout);
}

/* ---- lockfile ---- */

static void test_the_second_taker_is_told_who_holds_the_lock(void **state)
{
	struct error err;
	int first, second = -1;

	(void)state;
	assert_true(lockfile_take("lock", "metamodel save, process 7", &first, &err));
	assert_false(lockfile_take("lock", "metamodel save, process 8", &second, &err));
	assert_int_equal(err.kind, ERROR_BUSY);
	assert_non_null(strstr(err.text, "metamodel save, process 7"));
	close(first);
	assert_int_equal(access("lock", F_OK), 0); /* never unlinked */
	assert_true(lockfile_take("lock", "metamodel save, process 8", &second, &err));
	close(second);
}

static void test_a_lock_file_is_never_followed_through_a_link(void **state)
{
	struct error err;
	int fd;

	(void)state;
	unit_write("precious", "data");
	assert_int_equal(symlink("precious", "lock"), 0);
	assert_false(lockfile_take("lock", "us", &fd, &err));
	assert_int_equal(err.kind, ERROR_SYSTEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(test_file_names_are_escaped_and_come_back),
		UNIT_TEST(test_a_file_name_that_we_would_not_write_has_no_account),
		UNIT_TEST_IN_TMP(test_a_link_to_a_save_is_followed_once),
		UNIT_TEST_IN_TMP(test_a_manifest_comes_back_as_it_was_written),
		UNIT_TEST_IN_TMP(test_a_damaged_manifest_is_refused_with_the_reason),
		UNIT_TEST_IN_TMP(test_whole_schemas_and_their_extensions_come_back),
		UNIT_TEST_IN_TMP(test_an_account_that_is_there_twice_is_refused),
		UNIT_TEST_IN_TMP(test_a_directory_is_known_by_what_is_in_it),
		UNIT_TEST_IN_TMP(test_saves_move_on_by_one_and_the_last_goes),
		UNIT_TEST_IN_TMP(test_a_smaller_keep_deletes_one_save_and_not_all_beyond),
		UNIT_TEST_IN_TMP(test_a_gap_is_filled_before_anything_is_deleted),
		UNIT_TEST_IN_TMP(test_a_half_built_save_is_deleted),
		UNIT_TEST_IN_TMP(test_a_dead_run_before_the_exchange_is_finished),
		UNIT_TEST_IN_TMP(test_a_dead_run_after_the_exchange_is_finished),
		UNIT_TEST_IN_TMP(
			test_a_replaced_save_of_the_perl_scripts_is_not_taken_for_a_new_one),
		UNIT_TEST_IN_TMP(test_recovery_keeps_as_many_as_the_dead_run_was_told),
		UNIT_TEST_IN_TMP(
			test_a_run_that_died_while_the_name_was_missing_is_finished),
		UNIT_TEST_IN_TMP(test_what_is_no_save_is_in_the_way_and_stays),
		UNIT_TEST_IN_TMP(test_a_commit_that_fails_leaves_everything_as_it_was),
		UNIT_TEST_IN_TMP(test_the_second_taker_is_told_who_holds_the_lock),
		UNIT_TEST_IN_TMP(test_a_lock_file_is_never_followed_through_a_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
