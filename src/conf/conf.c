/* SPDX-License-Identifier: PostgreSQL */
#include "conf/conf.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/compiler.h"
#include "base/str.h"
#include "conf/setting.h"

/* What the rows fill: more than the caller gets to see. */
struct values {
	struct conf conf; /* its `config` holds only [metamodel] until settle() */
	struct conf_connection backend;
	char *config_path;
};

_Static_assert(sizeof(enum conf_backend) == sizeof(int), "SETTING_CHOICE stores an int");
_Static_assert(sizeof(enum conf_progress) == sizeof(int), "SETTING_CHOICE stores an int");

static const char *refuse_empty(const char *path)
{
	return *path ? NULL : "is empty";
}

static const char *refuse_directory(const char *path)
{
	static const char *const ours[] = { ".new", ".swap", ".drop", ".lock" };
	size_t end = strlen(path), start;

	while (end > 0 && path[end - 1] == '/')
		end--;
	start = end;
	while (start > 0 && path[start - 1] != '/')
		start--;
	for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
		if (str_has_suffix(path, ours[i]))
			return "ends like a name that a run makes for itself";
	/* A save is renamed when the next one takes its place. */
	if (end - start <= 2 && !strncmp(path + start, "..", end - start))
		return *path ? "does not end in a directory's own name" : "is empty";
	return NULL;
}

/* As libpq: a list, and nothing in between is the default port. */
static const char *refuse_port(const char *ports)
{
	AUTO_FREE char *copy = xstrdup(ports);
	char *rest = copy, *port;
	uint64_t number;

	while ((port = strsep(&rest, ",")))
		if (*port && !str_parse_uint(port, 1, 65535, &number))
			return "is not a port from 1 to 65535";
	return NULL;
}

static const char *refuse_suffix(const char *suffix)
{
	return strpbrk(suffix, "/ \t\r\n") ? "is not the end of a host name" : NULL;
}

static const char *const backends[] = { "Pg", "PgFarm", NULL };
static const char *const progress_words[] = { "auto", "always", "never", NULL };

/* clang-format off */
#define BOTH(member) offsetof(struct values, member), offsetof(struct values, member)
#define APART(argv, file) offsetof(struct values, argv), offsetof(struct values, file)
#define TEXT   SETTING_STRING
#define NUMBER SETTING_UINT
#define FLAG   SETTING_FLAG
#define CHOICE SETTING_CHOICE
#define OURS   "metamodel"
#define THEIRS "backend"
#define SAVE   CONF_SAVE
#define RESTORE CONF_RESTORE
#define SERVER (CONF_SAVE | CONF_RESTORE) /* all that talk to a server */
#define ALL    (SERVER | CONF_VERIFY)

static const struct setting settings[] = {
	{ "config", 'c', "FILE", TEXT, BOTH(config_path), NULL, ALL,
	  "read FILE instead of " CONF_DIR "/site_openresty.conf", .refuse = refuse_empty,
	  .heading = "Options" },
	{ "directory", 'D', "DIR", TEXT, BOTH(conf.directory), OURS, ALL,
	  "directory of the save (default: metamodel)", .refuse = refuse_directory },
	{ "jobs", 'j', "NUM", NUMBER, BOTH(conf.jobs), OURS, ALL,
	  "work on NUM accounts at once (default: one a processor)", .min = 1, .max = 1000 },
	{ "dry-run", 'n', NULL, FLAG, BOTH(conf.dry_run), OURS, SERVER,
	  .help = "say what would be done, and do nothing" },
	{ "quiet", 'q', NULL, FLAG, BOTH(conf.quiet), OURS, ALL,
	  .help = "print errors only" },
	{ "verbose", 'v', NULL, FLAG, BOTH(conf.verbose), OURS, ALL,
	  .help = "print commands and details, too" },
	{ "json", 0, NULL, FLAG, BOTH(conf.json), OURS, ALL,
	  .help = "write a report to standard output" },
	{ "progress", 0, "WHEN", CHOICE, BOTH(conf.progress), OURS, ALL,
	  "progress bar: auto (on a terminal), always or never", .choices = progress_words },
	{ "timeout", 0, "SECONDS", NUMBER, BOTH(conf.timeout_s), OURS, SERVER,
	  "end an account that takes longer (default: 3600; 0: never)", .max = 604800 },
	{ "lock-wait", 0, "SECONDS", NUMBER, BOTH(conf.lock_wait_s), OURS, SERVER,
	  "wait for a table lock (default: 5; 0: without limit)", .max = 86400 },
	{ "keep", 0, "NUM", NUMBER, BOTH(conf.keep), OURS, SAVE,
	  "save: keep NUM saves before this one (default: 1)", .min = 1, .max = 100 },
	{ "strict", 0, NULL, FLAG, BOTH(conf.strict), OURS, SAVE,
	  .help = "save: change nothing if any account fails" },
	{ "cascade", 0, NULL, FLAG, BOTH(conf.cascade), OURS, RESTORE,
	  .help = "restore: destroy what depends on the metamodel" },
	{ "pg-bindir", 0, "DIR", TEXT, BOTH(conf.pg_bindir), OURS, SERVER,
	  .help = "directory of pg_dump and psql (default: the newest found)" },
	{ "version", 'V', NULL, SETTING_STOP, BOTH(conf.version), NULL, ALL,
	  .help = "print the version, then exit" },
	{ "help", '?', NULL, SETTING_STOP, BOTH(conf.help), NULL, ALL,
	  .help = "print this help, then exit" },

	{ "host", 'h', "HOSTNAME", TEXT, APART(conf.command_line.host, conf.config.host),
	  OURS, SERVER, "database server host or socket directory",
	  .heading = "Connection options" },
	{ "port", 'p', "PORT", TEXT, APART(conf.command_line.port, conf.config.port),
	  OURS, SERVER, "database server port", .refuse = refuse_port },
	{ "username", 'U', "NAME", TEXT, APART(conf.command_line.user, conf.config.user),
	  OURS, SERVER, .help = "connect as this database user" },
	{ "dbname", 'd', "DBNAME", TEXT, APART(conf.command_line.dbname, conf.config.dbname),
	  OURS, SERVER, "database name, key=value words or URI", .may_hide_password = true },
	{ "no-password", 'w', NULL, FLAG, BOTH(conf.no_password), OURS, SERVER,
	  .help = "never prompt for a password" },
	{ "password", 'W', NULL, FLAG, BOTH(conf.ask_password), OURS, SERVER,
	  .help = "prompt for a password" },
	{ "host-suffix", 0, "SUFFIX", TEXT, BOTH(conf.suffix), OURS, SERVER,
	  "end of a PgFarm's host names, as the argument .SUFFIX", .refuse = refuse_suffix },

	{ "type", 0, NULL, CHOICE, BOTH(conf.backend), THEIRS, 0, .choices = backends },
	{ "host", 0, NULL, TEXT, BOTH(backend.host), THEIRS, .commands = 0 },
	{ "port", 0, NULL, TEXT, BOTH(backend.port), THEIRS, 0, .refuse = refuse_port },
	{ "user", 0, NULL, TEXT, BOTH(backend.user), THEIRS, .commands = 0 },
	{ "password", 0, NULL, TEXT, BOTH(conf.config.password), THEIRS, .commands = 0 },
	{ "database", 0, NULL, TEXT, BOTH(backend.dbname), THEIRS, .commands = 0 },
	{ .name = NULL },
};
/* clang-format on */

/* --- Commands */

struct command {
	enum conf_command id;
	const char *name;
	const char *alias; /* a name of the program that implies it; may be NULL */
	const char *usage; /* of its arguments */
	const char *help;
	bool (*take)(const char *argument, bool literal, struct values *values,
		     struct setting_argv *argv, struct error *err);
};

static bool take_account(const char *name, bool literal, struct values *values,
			 struct setting_argv *argv, struct error *err)
{
	struct strvec *accounts = &values->conf.accounts;

	if (!*name)
		return error_set(err, ERROR_USAGE, "an account name cannot be empty");
	if (!str_is_utf8(name, strlen(name)))
		return error_set(err, ERROR_USAGE, "account name '%s' is not valid UTF-8",
				 name);
	if (*name == '.' && !literal) {
		if (setting_is_given(settings, argv, "host-suffix"))
			return error_set(err, ERROR_USAGE,
					 "two host suffixes: '%s', '%s'",
					 values->conf.suffix, name);
		return setting_take_argument(settings, "host-suffix", name, values, argv,
					     err);
	}
	for (size_t i = 0; i < accounts->count; i++)
		if (!strcmp(accounts->v[i], name))
			return true;
	strvec_push(accounts, name);
	return true;
}

static bool take_directory(const char *path, bool literal, struct values *values,
			   struct setting_argv *argv, struct error *err)
{
	(void)literal; /* no suffix here: ./metamodel is a directory */
	if (setting_is_given(settings, argv, "directory"))
		return error_set(err, ERROR_USAGE, "two directories: '%s', '%s'",
				 values->conf.directory, path);
	return setting_take_argument(settings, "directory", path, values, argv, err);
}

static const struct command commands[] = {
	{ CONF_SAVE, "save", "save-metamodel", "[ACCOUNT...] [.SUFFIX]",
	  "dump accounts to metamodel/ACCOUNT.sql", take_account },
	{ CONF_RESTORE, "restore", "restore-metamodel", "[ACCOUNT...] [.SUFFIX]",
	  "put the accounts of a save back", take_account },
	{ CONF_VERIFY, "verify", NULL, "[DIR]",
	  "check a save on disk, without a database", take_directory },
};

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static const struct command *find_alias(const char *program)
{
	const char *slash = strrchr(program, '/');

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i].alias &&
		    !strcmp(commands[i].alias, slash ? slash + 1 : program))
			return &commands[i];
	return NULL;
}

/* --- Loading */

static bool take_arguments(const char *program, struct values *values,
			   struct setting_argv *argv, struct error *err)
{
	const struct strvec *arguments = &argv->arguments;
	const struct command *command = find_alias(program);
	size_t i = 0;

	if (!command) {
		if (!arguments->count)
			return error_set(err, ERROR_USAGE, "no command given");
		command = find_command(arguments->v[i++]);
		if (!command)
			return error_set(err, ERROR_USAGE, "unknown command '%s'",
					 arguments->v[0]);
	}
	values->conf.command = command->id;
	for (; i < arguments->count; i++)
		if (!command->take(arguments->v[i], i >= argv->literal_from, values, argv,
				   err))
			return false;
	for (i = 0; settings[i].commands; i++)
		if ((argv->given >> i & 1) && !(settings[i].commands & command->id))
			return error_set(err, ERROR_USAGE, "option --%s is not for %s",
					 settings[i].name, command->name);
	return true;
}

/* Two flags that exclude each other: the command line speaks louder than a file. */
static bool settle_pair(const char *a, bool *a_value, const char *b, bool *b_value,
			const struct setting_argv *argv, struct error *err)
{
	bool a_given = setting_is_given(settings, argv, a);
	bool b_given = setting_is_given(settings, argv, b);

	if (!*a_value || !*b_value)
		return true;
	if (a_given == b_given)
		return error_set(err, ERROR_USAGE, "%s%s and %s%s exclude each other",
				 a_given ? "--" : "[" OURS "] ", a, a_given ? "--" : "",
				 b);
	*(a_given ? b_value : a_value) = false;
	return true;
}

static bool settle_pairs(struct conf *conf, const struct setting_argv *argv,
			 struct error *err)
{
	return settle_pair("quiet", &conf->quiet, "verbose", &conf->verbose, argv, err) &&
	       settle_pair("no-password", &conf->no_password, "password",
			   &conf->ask_password, argv, err);
}

static bool read_command_line(int argc, char **args, struct values *values,
			      struct setting_argv *argv, struct error *err)
{
	if (!setting_parse_argv(settings, argc, args, values, argv, err))
		return false;
	if (argv->stopped)
		return true;
	return take_arguments(argc > 0 ? args[0] : "", values, argv, err) &&
	       settle_pairs(&values->conf, argv, err);
}

static bool read_files(const char *dir, struct values *values,
		       const struct setting_argv *argv, struct error *err)
{
	AUTO_FREE char *first = str_format("%s/openresty.conf", dir);
	AUTO_FREE char *site = str_format("%s/site_openresty.conf", dir);
	const char *path = values->config_path;

	return setting_read_file(settings, first, false, argv, values, err) &&
	       setting_read_file(settings, path ? path : site, path != NULL, argv, values,
				 err) &&
	       settle_pairs(&values->conf, argv, err);
}

/* *value, or else what *fallback has: moved, not copied. */
static void fall_back(char **value, char **fallback)
{
	if (*value)
		return;
	*value = *fallback;
	*fallback = NULL;
}

static void settle(struct values *values)
{
	struct conf *conf = &values->conf;
	struct conf_connection *config = &conf->config;
	size_t length;

	fall_back(&config->host, &values->backend.host);
	fall_back(&config->port, &values->backend.port);
	fall_back(&config->user, &values->backend.user);
	fall_back(&config->dbname, &values->backend.dbname);
	if (!conf->suffix)
		conf->suffix = xstrdup("");
	if (!conf->directory)
		conf->directory = xstrdup("metamodel");
	for (length = strlen(conf->directory); conf->directory[length - 1] == '/';
	     length--)
		conf->directory[length - 1] = '\0';
	if (conf->pg_bindir && !*conf->pg_bindir) {
		free(conf->pg_bindir);
		conf->pg_bindir = NULL;
	}
}

bool conf_load_from(const char *config_dir, int argc, char **argv, struct conf *conf,
		    struct error *err)
{
	struct values values = {
		.conf = { .timeout_s = 3600, .lock_wait_s = 5, .keep = 1 },
	};
	struct setting_argv said = { 0 };
	bool ok;

	ok = read_command_line(argc, argv, &values, &said, err);
	if (!ok)
		error_hint(err, "Try 'metamodel --help'");
	ok = ok && (said.stopped || read_files(config_dir, &values, &said, err));
	if (ok) {
		settle(&values);
		*conf = values.conf;
		values.conf = (struct conf){ 0 };
	}
	strvec_release(&said.arguments);
	strvec_release(&values.conf.accounts);
	setting_release(settings, &values);
	return ok;
}

bool conf_load(int argc, char **argv, struct conf *conf, struct error *err)
{
	return conf_load_from(CONF_DIR, argc, argv, conf, err);
}

void conf_release(struct conf *conf)
{
	struct values values = { .conf = *conf };
	char *typed = conf->command_line.password; /* no row has it */

	if (typed)
		explicit_bzero(typed, strlen(typed));
	free(typed);

	setting_release(settings, &values);
	strvec_release(&values.conf.accounts);
	*conf = (struct conf){ 0 };
}

/* --- Help */

static void format_option(struct strbuf *out, const struct setting *row)
{
	strbuf_reset(out);
	if (row->letter)
		strbuf_add_format(out, "  -%c, --%s", row->letter, row->name);
	else
		strbuf_add_format(out, "      --%s", row->name);
	if (row->argument)
		strbuf_add_format(out, "=%s", row->argument);
}

static void print_options(FILE *out)
{
	AUTO_STRBUF struct strbuf left = { 0 };
	size_t width = 0;

	for (const struct setting *row = settings; row->commands; row++) {
		format_option(&left, row);
		width = left.length > width ? left.length : width;
	}
	for (const struct setting *row = settings; row->commands; row++) {
		format_option(&left, row);
		if (row->heading)
			fprintf(out, "\n%s:\n", row->heading);
		fprintf(out, "%-*s  %s\n", (int)width, left.buf, row->help);
	}
}

void conf_print_help(FILE *out)
{
	fputs("metamodel keeps the metamodel of every account of an OpenResty server.\n\n"
	      "Usage:\n  metamodel [OPTION]... COMMAND [ARGUMENT]...\n\nCommands:\n",
	      out);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(out, "  %-8s%-26s%s\n", commands[i].name, commands[i].usage,
			commands[i].help);
	print_options(out);
	fputs("\nExit status: 0 done; 1 failed; 2 usage; 3 partly done; 4 locked; "
	      "128+N signal N.\nSee man metamodel.\n",
	      out);
}
