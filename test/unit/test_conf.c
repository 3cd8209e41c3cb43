/* SPDX-License-Identifier: PostgreSQL */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/str.h"
#include "cli/command.h"
#include "cli/help.h"
#include "conf/conf.h"
#include "conf/options.h"

#define ARGS(...) ((const char *const[]){ "metamodel", __VA_ARGS__, NULL })
#define SAVE ARGS("save")
#define TRY "Try 'metamodel --help'"

struct fixture {
	char dir[64]; /* of the two default files */
	struct strvec argv;
	struct conf conf;
	struct error err;
};

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	snprintf(f->dir, sizeof(f->dir), "/tmp/test_conf.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	*state = f;
	return 0;
}

static void path_of(const struct fixture *f, const char *name, char path[128])
{
	snprintf(path, 128, "%s/%s", f->dir, name);
}

static int tear_down(void **state)
{
	static const char *const names[] = { "openresty.conf", "site_openresty.conf",
					     "other.conf" };
	struct fixture *f = *state;
	char path[128];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		path_of(f, names[i], path);
		remove(path);
	}
	assert_int_equal(rmdir(f->dir), 0);
	strvec_release(&f->argv);
	conf_release(&f->conf);
	free(f);
	return 0;
}

static void write_bytes(struct fixture *f, const char *name, const void *data,
			size_t length)
{
	char path[128];
	FILE *file;

	path_of(f, name, path);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, length, file), length);
	fclose(file);
}

static void write_default(struct fixture *f, const char *text)
{
	write_bytes(f, "openresty.conf", text, strlen(text));
}

static void write_site(struct fixture *f, const char *text)
{
	write_bytes(f, "site_openresty.conf", text, strlen(text));
}

static bool load(struct fixture *f, const char *const *args)
{
	conf_release(&f->conf);
	strvec_release(&f->argv);
	for (; *args; args++)
		strvec_push(&f->argv, *args);
	memset(&f->err, 0, sizeof(f->err));
	return conf_load_from(f->dir, command_lines, (int)f->argv.count, f->argv.v,
			      &f->conf, &f->err);
}

static struct conf *accept(struct fixture *f, const char *const *args)
{
	if (!load(f, args))
		fail_msg("refused: %s", f->err.text);
	return &f->conf;
}

static void refuse(struct fixture *f, const char *const *args, const char *text)
{
	static const struct conf empty;

	if (load(f, args))
		fail_msg("accepted, instead of: %s", text);
	assert_int_equal(f->err.kind, ERROR_USAGE);
	assert_string_equal(f->err.text, text);
	assert_memory_equal(&f->conf, &empty, sizeof(empty));
}

/* `text` begins with the file's name in the fixture's directory. */
static void refuse_file(struct fixture *f, const char *const *args, const char *text)
{
	char whole[512];

	snprintf(whole, sizeof(whole), "%s/%s", f->dir, text);
	refuse(f, args, whole);
}

static void refuse_site(struct fixture *f, const char *content, const char *text)
{
	write_site(f, content);
	refuse_file(f, SAVE, text);
}

/* Read `value` as written behind "password =" and compare. */
static void password_is(struct fixture *f, const char *value, const char *password)
{
	char text[256];

	snprintf(text, sizeof(text), "[backend]\npassword =%s\nuser=u\n", value);
	write_site(f, text);
	assert_string_equal(accept(f, SAVE)->config.password, password);
	assert_string_equal(f->conf.config.user, "u");
}

/* --- The command line */

static void test_defaults_need_no_file(void **state)
{
	const struct conf *conf = accept(*state, SAVE);

	assert_string_equal(conf->command->name, "save");
	assert_string_equal(conf->directory, "metamodel");
	assert_string_equal(conf->suffix, "");
	assert_null(conf->pg_bindir);
	assert_null(conf->config.host);
	assert_int_equal(conf->accounts.count, 0);
	assert_int_equal(conf->jobs, 0);
	assert_int_equal(conf->timeout_s, 3600);
	assert_int_equal(conf->lock_wait_s, 5);
	assert_int_equal(conf->keep, 1);
	assert_int_equal(conf->batch, 0);
	assert_int_equal(conf->backend, CONF_PG);
	assert_int_equal(conf->progress, CONF_PROGRESS_AUTO);
}

static void test_each_option_sets_its_member(void **state)
{
	const struct conf *conf = accept(
		*state,
		ARGS("save", "-h", "H", "-p5432,,5433", "-UU", "--dbname", "D", "-w",
		     "-D", "a/b//", "-j", "1000", "-nq", "--json", "--progress=NEVER",
		     "--timeout=0", "--lock-wait", "86400", "--keep=100", "--strict",
		     "--batch=100000", "--pg-bindir=/b", "--host-suffix=.s"));

	assert_string_equal(conf->command_line.host, "H");
	assert_string_equal(conf->command_line.port, "5432,,5433");
	assert_string_equal(conf->command_line.user, "U");
	assert_string_equal(conf->command_line.dbname, "D");
	assert_string_equal(conf->directory, "a/b");
	assert_string_equal(conf->pg_bindir, "/b");
	assert_string_equal(conf->suffix, ".s");
	assert_true(conf->no_password && conf->dry_run && conf->quiet && conf->json);
	assert_true(conf->strict && !conf->ask_password && !conf->verbose);
	assert_int_equal(conf->progress, CONF_PROGRESS_NEVER);
	assert_int_equal(conf->jobs, 1000);
	assert_int_equal(conf->timeout_s, 0);
	assert_int_equal(conf->lock_wait_s, 86400);
	assert_int_equal(conf_timeout_ms(conf), 0);
	assert_int_equal(conf_lock_wait_ms(conf), 86400000);
	assert_int_equal(conf->keep, 100);
	assert_int_equal(conf->batch, 100000);
	assert_int_equal(accept(*state, ARGS("save", "--batch=3", "--batch=AUTO"))->batch,
			 0);
	assert_true(accept(*state, ARGS("save", "-Wv"))->ask_password);
	assert_true(((struct fixture *)*state)->conf.verbose);
}

static void test_options_and_arguments_mix_in_any_order(void **state)
{
	const struct conf *conf =
		accept(*state, ARGS("-j", "2", "save", "b", "-q", "a", ".x", "b", "--",
				    ".hidden", "-rf", "--"));
	static const char *const accounts[] = { "b", "a", ".hidden", "-rf", "--" };

	assert_int_equal(conf->accounts.count, ARRAY_SIZE(accounts));
	for (size_t i = 0; i < ARRAY_SIZE(accounts); i++)
		assert_string_equal(conf->accounts.v[i], accounts[i]);
	assert_string_equal(conf->suffix, ".x");
	assert_int_equal(conf->jobs, 2);
	assert_true(conf->quiet);
}

static void test_abbreviations_are_accepted_while_unambiguous(void **state)
{
	const struct conf *conf =
		accept(*state, ARGS("save", "--jo=3", "--host=h", "--st"));

	assert_int_equal(conf->jobs, 3);
	assert_string_equal(conf->command_line.host, "h"); /* not --host-suffix */
	assert_true(conf->strict);
}

static void test_the_name_of_the_program_may_be_the_command(void **state)
{
	const char *const args[] = { "/usr/bin/save-metamodel", "save", ".s", NULL };
	const struct conf *conf = accept(*state, args);

	assert_string_equal(conf->command->name, "save");
	assert_string_equal(conf->accounts.v[0], "save");
	assert_string_equal(conf->suffix, ".s");
	assert_false(conf_load(command_lines, 0, (char *[]){ NULL }, &(struct conf){ 0 },
			       &(struct error){ 0 }));
}

static void test_verify_takes_a_directory(void **state)
{
	const struct conf *conf =
		accept(*state, ARGS("verify", "../x/", "-qj2", "--json"));

	assert_string_equal(conf->command->name, "verify");
	assert_string_equal(conf->directory, "../x");
	assert_string_equal(accept(*state, ARGS("verify", "./m"))->directory, "./m");
	assert_string_equal(accept(*state, ARGS("verify", "--", "-D"))->directory, "-D");
	write_site(*state, "[metamodel]\ndirectory = d\nkeep = 3\nhost = h\n");
	assert_string_equal(accept(*state, ARGS("verify"))->directory, "d");
	assert_string_equal(accept(*state, ARGS("verify", "x"))->directory, "x");
}

static void test_help_and_version_ask_for_nothing_else(void **state)
{
	write_site(*state, "[metamodel]\nwrong = 1\n");
	assert_true(accept(*state, ARGS("--help"))->help);
	assert_true(accept(*state, ARGS("-q?", "--frobnicate"))->help);
	assert_true(accept(*state, ARGS("frobnicate", "-V", "-j", "x"))->version);
	refuse(*state, ARGS("-j", "x", "--help"),
	       "option --jobs: 'x' is not a number from 1 to 1000");
}

static void test_mistakes_on_the_command_line_are_named(void **state)
{
	/* clang-format off */
	static const struct { const char *args[4], *text; } rows[] = {
		{ { NULL }, "no command given" },
		{ { "--" }, "no command given" },
		{ { "foo" }, "unknown command 'foo'" },
		{ { ".foo", "save" }, "unknown command '.foo'" },
		{ { "save", "--frobnicate" }, "unknown option --frobnicate" },
		{ { "save", "--passwort=secret" }, "unknown option --passwort" },
		{ { "save", "-qx" }, "unknown option -x" },
		{ { "save", "--ver" }, "option --ver is ambiguous: --verbose, --version" },
		{ { "save", "--jobs" }, "option --jobs needs a value" },
		{ { "save", "-j" }, "option --jobs needs a value" },
		{ { "save", "--password=secret" }, "option --password does not take a value" },
		{ { "save", "--progress=x" }, "option --progress: invalid value 'x': expected one of auto, always, never" },
		{ { "save", "-q", "-v" }, "--quiet and --verbose cannot be used together" },
		{ { "save", "-wW" }, "--no-password and --password cannot be used together" },
		{ { "save", "a", "" }, "an account name cannot be empty" },
		{ { "save", "--", "" }, "an account name cannot be empty" },
		{ { "save", ".a", ".b" }, "two host suffixes: '.a', '.b'" },
		{ { "save", "--host-suffix=a", ".b" }, "two host suffixes: 'a', '.b'" },
		{ { "save", "./m" }, "'./m' is not a host name suffix" },
		{ { "save", "-c", "" }, "option --config: '' is empty" },
		{ { "verify", "a", "b" }, "two directories: 'a', 'b'" },
		{ { "verify", "-Da", "b" }, "two directories: 'a', 'b'" },
		{ { "verify", "" }, "'' is empty" },
		{ { "verify", "--keep=2" }, "option --keep is not for verify" },
		{ { "--user=u", "verify" }, "option --username: verify without --load needs no server" },
		{ { "-hh", "verify" }, "option --host: verify without --load needs no server" },
		{ { "list", "-da" }, "option --dbname: list needs no server" },
		{ { "list", ".x" }, "option --host-suffix is not for list" },
		{ { "verify", "-n" }, "option --dry-run is not for verify" },
	};
	/* clang-format on */
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *const *a = rows[i].args;

		refuse(f, ARGS(a[0], a[1], a[2], a[3]), rows[i].text);
		assert_true(strstr(f->err.hint, "--help'") ||
			    str_has_prefix(f->err.hint, "Did you mean '"));
	}
}

static void test_directories_that_cannot_be_renamed_are_refused(void **state)
{
	static const char *const paths[] = { "",   "/",   "//",     ".",
					     "..", "a/.", "a/..//", "./" };

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		assert_false(load(*state, ARGS("save", "-D", paths[i])));
	refuse(*state, ARGS("save", "-D", "a/.."),
	       "option --directory: 'a/..' does not end in the name of a directory");
	assert_string_equal(accept(*state, ARGS("save", "-D", "..."))->directory, "...");
	assert_string_equal(accept(*state, ARGS("save", "-D", "../.a/"))->directory,
			    "../.a");
}

static void test_numbers_are_whole_and_in_range(void **state)
{
	/* clang-format off */
	static const char *const bad[] = {
		"", " ", "-1", "+1", "1e3", "0x10", "1.5", "0", "1001", " 5", "5 ",
		"99999999999999999999", "18446744073709551617",
	};
	static const char *const bad_options[] = {
		"--timeout=604801", "--timeout=-0", "--lock-wait=86401", "--keep=0", "--keep=101",
		"--batch=0", "--batch=100001", "--batch=autom", "--batch=",
		"-p0", "-p65536", "-p5432,x", "-p-1", "-p 1", "-p1e3",
	};
	/* clang-format on */
	struct fixture *f = *state;
	char text[128];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(text, sizeof(text),
			 "option --jobs: '%s' is not a number from 1 to 1000", bad[i]);
		refuse(f, ARGS("save", "-j", bad[i]), text);
		snprintf(text, sizeof(text), "[metamodel]\njobs = \"%s\"\n", bad[i]);
		write_site(f, text);
		snprintf(text, sizeof(text),
			 "site_openresty.conf:2: jobs: '%s' is not a number from 1 to "
			 "1000",
			 bad[i]);
		refuse_file(f, SAVE, text);
		write_site(f, "");
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad_options); i++)
		assert_false(load(f, ARGS("save", bad_options[i])));
	refuse(f, ARGS("save", "-p65536"),
	       "option --port: '65536' is not a port number from 1 to 65535");
}

static void test_passwords_are_wiped_from_argv(void **state)
{
	struct fixture *f = *state;

	accept(f, ARGS("save", "-d", "postgresql://u:pw@h/d", "--dbn=password=pw",
		       "-qdk=v", "-d", "plain"));
	assert_string_equal(f->conf.command_line.dbname, "plain");
	assert_string_equal(f->argv.v[3], "xxxxxxxxxxxxxxxxxxxxx");
	assert_string_equal(f->argv.v[4], "--dbn=xxxxxxxxxxx");
	assert_string_equal(f->argv.v[5], "-qdxxx");
	assert_string_equal(f->argv.v[7], "plain");
	accept(f, ARGS("save", "-dpassword=pw"));
	assert_string_equal(f->conf.command_line.dbname, "password=pw");
	assert_false(load(f, ARGS("save", "-dpassword=pw", "--frobnicate")));
	assert_string_equal(f->argv.v[2], "-dxxxxxxxxxxx");
}

/* --- Files */

static void test_command_line_beats_site_beats_default(void **state)
{
	struct fixture *f = *state;

	write_default(f, "[metamodel]\njobs = 1\nkeep = 1\ntimeout = 1\nquiet = yes\n"
			 "host = d\nusername = d\nhost-suffix = .d\n");
	write_site(f, "[metamodel]\njobs = 2\nkeep = 2\nhost = s\nno-password = 1\n");
	accept(f, ARGS("save", "-j3", "-h", "c", "-vW", ".c"));
	assert_int_equal(f->conf.jobs, 3);
	assert_int_equal(f->conf.keep, 2);
	assert_int_equal(f->conf.timeout_s, 1);
	assert_string_equal(f->conf.command_line.host,
			    "c"); /* libpq's comes in between */
	assert_string_equal(f->conf.config.host, "s");
	assert_string_equal(f->conf.config.user, "d");
	assert_string_equal(f->conf.suffix, ".c");
	assert_true(f->conf.verbose && !f->conf.quiet);
	assert_true(f->conf.ask_password && !f->conf.no_password);
	assert_string_equal(accept(f, SAVE)->suffix, ".d");
}

static void test_metamodel_section_beats_backend_section_in_any_file(void **state)
{
	const struct conf_connection *config = &((struct fixture *)*state)->conf.config;

	write_default(*state, "[metamodel]\nhost = m\ndbname = m\n[backend]\nuser = d\n");
	write_site(*state,
		   "[backend]\ntype = pgfarm\nhost = b\nport = 1\nuser = b\n"
		   "password = b\ndatabase = b\nrecording = 0\n[cache]\njbos = 1\n");
	assert_int_equal(accept(*state, SAVE)->backend, CONF_PGFARM);
	assert_string_equal(config->host, "m");
	assert_string_equal(config->dbname, "m");
	assert_string_equal(config->port, "1");
	assert_string_equal(config->user, "b");
	assert_string_equal(config->password, "b");
}

static void test_config_option_takes_the_place_of_the_site_file(void **state)
{
	struct fixture *f = *state;
	char path[128];

	write_default(f, "[metamodel]\njobs = 1\nkeep = 5\n");
	write_site(f, "broken");
	write_bytes(f, "other.conf", "[metamodel]\njobs = 3", 20);
	path_of(f, "other.conf", path);
	assert_int_equal(accept(f, ARGS("save", "-c", path))->jobs, 3);
	assert_int_equal(f->conf.keep, 5);
	remove(path);
	refuse_file(f, ARGS("save", "-c", path), "other.conf: No such file or directory");
	assert_int_equal(mkdir(path, 0700), 0);
	refuse_file(f, ARGS("save", "-c", path), "other.conf: read: Is a directory");
}

static void test_default_files_may_be_missing_but_not_unreadable(void **state)
{
	struct fixture *f = *state;
	char path[128];

	path_of(f, "site_openresty.conf", path);
	assert_int_equal(symlink(path, path), 0);
	refuse_file(f, SAVE, "site_openresty.conf: Too many levels of symbolic links");
	remove(path);
	path_of(f, "openresty.conf", path);
	assert_int_equal(mkdir(path, 0700), 0);
	refuse_file(f, SAVE, "openresty.conf: read: Is a directory");
}

static void test_values_end_at_comments_unless_quoted(void **state)
{
	password_is(*state, "secret", "secret");
	password_is(*state, " \t a b \t", "a b");
	password_is(*state, " a;b#c=d:e", "a;b#c=d:e");
	password_is(*state, " a #b", "a #b");
	password_is(*state, " a ; comment", "a");
	password_is(*state, " a\t;comment", "a");
	password_is(*state, ";a", ";a");
	password_is(*state, " ;a", "");
	password_is(*state, "", "");
	password_is(*state, " \"a ;b \"", "a ;b ");
	password_is(*state, "'a #b' # comment \"'\"", "a #b");
	password_is(*state, " \"a\"b\" ; \"", "a\"b");
	password_is(*state, " \"\"", "");
	password_is(*state, " it's", "it's");
	password_is(*state, " '\"'", "\"");
	password_is(*state, " a\\;b", "a\\;b");
}

static void test_flags_take_any_word_for_yes_and_no(void **state)
{
	static const char *const words[] = { "no",  "YES", "False", "true",
					     "off", "On",  "0",     "1" };
	char text[64];

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		snprintf(text, sizeof(text), "[metamodel]\njson = %s\n", words[i]);
		write_site(*state, text);
		assert_int_equal(accept(*state, SAVE)->json, i % 2);
	}
}

static void test_lines_may_be_indented_crlf_and_long(void **state)
{
	struct fixture *f = *state;
	char text[8192], long_value[3001] = { 0 };

	memset(long_value, 'x', sizeof(long_value) - 1);
	snprintf(text, sizeof(text),
		 "\xef\xbb\xbf[ Backend ] ; ours\r\n"
		 "; %s\r\n# %s\r\n\r\n"
		 "host = h\r\n  port = 7 \r\n\tuser:\"u\"\r\n"
		 "password = %s",
		 long_value, long_value + 1500, long_value);
	write_site(f, text);
	accept(f, SAVE);
	assert_string_equal(f->conf.config.host, "h");
	assert_string_equal(f->conf.config.port, "7");
	assert_string_equal(f->conf.config.user, "u");
	assert_string_equal(f->conf.config.password, long_value);
}

static void test_mistakes_in_files_are_named_with_their_line(void **state)
{
#define SITE "site_openresty.conf:"
#define UNCLOSED "2: the value begins with a quote that is not closed"
	/* clang-format off */
	static const char *const rows[][2] = {
		{ "[cache]\nnonsense\n", SITE "2: expected [section] or key = value" },
		{ "\n[metamodel\njobs=1\n", SITE "2: expected [section] or key = value" },
		{ "[metamodel]\nj ; = 1\njobs=x\n", SITE "2: expected [section] or key = value" },
		{ "[metamodel]\n= 1\n", SITE "2: unknown key '' in [metamodel]" },
		{ "[metamodel]\nquiet =\n", SITE "2: quiet: expected yes or no" },
		{ "[metamodel]\npassword=secret\n", SITE "2: password: expected yes or no" },
		{ "[metamodel]\nprogress=\n", SITE "2: progress: invalid value '': expected one of auto, always, never" },
		{ "[metamodel]\ndirectory=\n", SITE "2: directory: '' is empty" },
		{ "[backend]\ntype=MySQL\n", SITE "2: type: invalid value 'MySQL': expected one of Pg, PgFarm" },
		{ "[backend]\nport=x\n", SITE "2: port: 'x' is not a port number from 1 to 65535" },
		{ "[backend]\npassword=\"a ;b\n", SITE UNCLOSED },
		{ "[backend]\npassword='a' b\n", SITE UNCLOSED },
		{ "[backend]\npassword='a';b\n", SITE UNCLOSED },
		{ "[backend]\npassword='\n", SITE UNCLOSED },
	};
	/* clang-format on */
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		refuse_site(f, rows[i][0], rows[i][1]);
	write_bytes(f, "site_openresty.conf", "[metamodel]\nqu\0iet = 1\n", 23);
	refuse_file(f, SAVE,
		    "site_openresty.conf: contains a NUL byte, so it is not a text file");
	write_site(f, "[metamodel]\nquiet = on\nverbose = TRUE\n");
	refuse(f, SAVE, "[metamodel] quiet and verbose cannot be used together");
}

static void test_a_model_has_values_of_several_lines(void **state)
{
	struct fixture *f = *state;
	const struct product *p = &f->conf.product;

	write_site(f, "[model]\n"
		      "tenants =\n"
		      "  SELECT a ; who\n"
		      "\n"
		      "; not this\n"
		      "\tFROM b;\n"
		      "\n"
		      "global = \"c ;d\"\n"
		      "applied = SELECT '{schema}'\n"
		      "reference = x\n");
	accept(f, ARGS("status"));
	assert_true(p->is_model);
	assert_string_equal(p->tenants->text, "\nSELECT a\n\n\nFROM b");
	assert_int_equal(p->tenants->line, 2);
	assert_string_equal(p->global, "c ;d");
	assert_string_equal(p->applied->text, "SELECT '{schema}'");
	assert_int_equal(p->reference->line, 10);
	assert_false(p->is_set);
	assert_null(p->schemas);
}

static void test_a_model_that_says_what_openresty_is_changes_nothing(void **state)
{
	struct fixture *f = *state;

	write_site(f, "[model]\ntenants = SELECT name FROM _global._accounts\n");
	accept(f, SAVE);
	assert_false(f->conf.product.is_model);
	assert_string_equal(f->conf.product.noun, "account");
}

static void test_a_value_that_the_command_line_overrides_is_checked(void **state)
{
	write_site(*state, "[metamodel]\njobs = x\n");
	refuse_file(*state, ARGS("save", "-j1"),
		    "site_openresty.conf:2: jobs: 'x' is not a number from 1 to 1000");
}

static void test_unknown_keys_come_with_the_nearest_key(void **state)
{
	static const char *const rows[][2] = {
		{ "jbos", "Did you mean 'jobs'?" },
		{ "lock_wait", "Did you mean 'lock-wait'?" },
		{ "Jobs", "Did you mean 'jobs'?" },
		{ "hepl", "The keys of [metamodel] are the long options" },
		{ "config", "--config cannot be set in a file" },
		{ "database", "The keys of [metamodel] are the long options" },
	};
	struct fixture *f = *state;
	char text[64], message[128];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		snprintf(text, sizeof(text), "[METAMODEL]\n\n%s = 1\n", rows[i][0]);
		snprintf(message, sizeof(message),
			 "site_openresty.conf:3: unknown key '%s' in [metamodel]",
			 rows[i][0]);
		refuse_site(f, text, message);
		assert_string_equal(f->err.hint, rows[i][1]);
	}
}

static void test_commands_take_options_that_there_are(void **state)
{
	(void)state;
	for (size_t i = 0; command_lines[i]; i++)
		for (const char *const *name = command_lines[i]->options; *name; name++) {
			const struct setting *row = option_rows;

			while (row->scope != SETTING_KEY && strcmp(row->name, *name) != 0)
				row++;
			if (row->scope != SETTING_SOME)
				fail_msg("%s: no option --%s of some commands",
					 command_lines[i]->name, *name);
		}
}

static void test_no_option_is_for_nobody(void **state)
{
	(void)state;
	for (const struct setting *row = option_rows; row->scope != SETTING_KEY; row++) {
		size_t found = row->scope == SETTING_EVERY;

		for (size_t i = 0; command_lines[i]; i++)
			for (const char *const *name = command_lines[i]->options; *name;
			     name++)
				found += !strcmp(*name, row->name);
		if (!found)
			fail_msg("no command takes --%s", row->name);
	}
}

/* --- Help */

/* NULL: --help of no command. The text is valid until the next call. */
static char *help_text(const struct command *command)
{
	static char text[16384];
	FILE *out = fmemopen(text, sizeof(text), "w");

	assert_non_null(out);
	if (command)
		help_print_command(command, out);
	else
		help_print(out);
	assert_false(fclose(out));
	return text;
}

static void check_width(char *text)
{
	for (char *rest = text, *line; (line = strsep(&rest, "\n"));)
		if (strlen(line) > 90)
			fail_msg("longer than 90 columns: %s", line);
}

static void test_help_is_short_and_in_groups(void **state)
{
	char *text = help_text(NULL);
	size_t lines = 0;

	(void)state;
	assert_non_null(strstr(text, "\n  save "));
	assert_non_null(strstr(text, "\n  -j, --jobs=NUM "));
	assert_non_null(strstr(text, "\nConnection options:\n  -h, --host=HOSTNAME "));
	assert_null(strstr(text, "--type"));
	assert_null(strstr(text, "--cascade"));
	for (const char *p = text; (p = strchr(p, '\n')); p++)
		lines++;
	assert_true(lines < 60);
	check_width(text);
}

static void check_help_of(const struct command *command)
{
	char *text = help_text(command);
	const char *own = strstr(text, "\nOptions of ");

	assert_non_null(own);
	own += strlen("\nOptions of ");
	assert_true(!command->line.options[0] ==
		    !strncmp(own, "every command:\n", strlen("every command:\n")));
	assert_non_null(strstr(own - 1, " every command:\n"));
	assert_true(!strstr(text, "\n  -h, --host=HOSTNAME ") ==
		    command->line.is_offline);
	for (const char *const *name = command->line.options; *name; name++) {
		char *option = str_format("--%s", *name);

		assert_non_null(strstr(text, option));
		free(option);
	}
	check_width(text);
}

static void test_help_of_a_command_has_its_own_options_first(void **state)
{
	(void)state;
	for (const struct command *const *command = commands; *command; command++)
		check_help_of(*command);
}

static void test_each_command_is_explained_with_two_examples(void **state)
{
	(void)state;
	for (const struct command *const *command = commands; *command; command++) {
		size_t sentences = 0, count = 0;
		const char *about = (*command)->about;

		for (const char *p = about; (p = strchr(p, '.')); p++)
			sentences += !p[1] || p[1] == ' ' || p[1] == '\n';
		assert_true(sentences >= 2);
		while ((*command)->examples[count].about)
			assert_non_null(strstr((*command)->examples[count++].text,
					       (*command)->line.name));
		assert_int_equal(count, 2);
	}
}

/* --- Did you mean */

static void
test_a_misspelt_command_or_option_comes_with_the_one_that_was_meant(void **state)
{
	const struct {
		const char *const *args;
		const char *hint;
	} rows[] = {
		{ ARGS("sav"), "Did you mean 'save'?" },
		{ ARGS("SAVE"), "Did you mean 'save'?" },
		{ ARGS("shwo"), "Did you mean 'show'?" },
		{ ARGS("stat"), "Did you mean 'status'?" },
		{ ARGS("resotre"), "Did you mean 'restore'?" },
		{ ARGS("uprgaed"), "Did you mean 'upgrade'?" },
		{ ARGS("frob"), TRY },
		{ ARGS("x"), TRY },
		{ ARGS(""), TRY },
		{ ARGS("save", "--jbos=3"), "Did you mean '--jobs'?" },
		{ ARGS("save", "--dryrun"), "Did you mean '--dry-run'?" },
		{ ARGS("save", "--lock_wait=3"), "Did you mean '--lock-wait'?" },
		{ ARGS("save", "--frobnicate"), "Try 'metamodel save --help'" },
		{ ARGS("save", "-j0"), "Try 'metamodel save --help'" },
		{ ARGS("-j0", "save"), TRY },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_false(load(f, rows[i].args));
		assert_string_equal(f->err.hint, rows[i].hint);
	}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_defaults_need_no_file),
		TEST(test_each_option_sets_its_member),
		TEST(test_options_and_arguments_mix_in_any_order),
		TEST(test_abbreviations_are_accepted_while_unambiguous),
		TEST(test_the_name_of_the_program_may_be_the_command),
		TEST(test_verify_takes_a_directory),
		TEST(test_help_and_version_ask_for_nothing_else),
		TEST(test_mistakes_on_the_command_line_are_named),
		TEST(test_directories_that_cannot_be_renamed_are_refused),
		TEST(test_numbers_are_whole_and_in_range),
		TEST(test_passwords_are_wiped_from_argv),
		TEST(test_command_line_beats_site_beats_default),
		TEST(test_metamodel_section_beats_backend_section_in_any_file),
		TEST(test_config_option_takes_the_place_of_the_site_file),
		TEST(test_default_files_may_be_missing_but_not_unreadable),
		TEST(test_values_end_at_comments_unless_quoted),
		TEST(test_flags_take_any_word_for_yes_and_no),
		TEST(test_lines_may_be_indented_crlf_and_long),
		TEST(test_mistakes_in_files_are_named_with_their_line),
		TEST(test_a_model_has_values_of_several_lines),
		TEST(test_a_model_that_says_what_openresty_is_changes_nothing),
		TEST(test_a_value_that_the_command_line_overrides_is_checked),
		TEST(test_unknown_keys_come_with_the_nearest_key),
		TEST(test_commands_take_options_that_there_are),
		TEST(test_no_option_is_for_nobody),
		TEST(test_help_is_short_and_in_groups),
		TEST(test_help_of_a_command_has_its_own_options_first),
		TEST(test_each_command_is_explained_with_two_examples),
		TEST(test_a_misspelt_command_or_option_comes_with_the_one_that_was_meant),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("conf", tests, NULL, NULL);
}
