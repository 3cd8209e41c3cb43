/* SPDX-License-Identifier: PostgreSQL */
#include "conf/options.h"

#include <stddef.h>
#include <string.h>

#include "base/auto.h"
#include "base/compiler.h"
#include "base/str.h"
#include "base/words.h"

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
			return "has an ending reserved for names that a run uses itself";
	/* The next save renames this one, so its name must be a real one. */
	if (end - start <= 2 && !strncmp(path + start, "..", end - start))
		return *path ? "does not end in the name of a directory" : "is empty";
	return NULL;
}

/* As for libpq: a list, in which an empty item means the default port. */
static const char *refuse_port(const char *ports)
{
	AUTO_FREE char *copy = xstrdup(ports);
	char *rest = copy, *port;
	uint64_t number;

	while ((port = strsep(&rest, ",")))
		if (*port && !str_parse_uint(port, 1, 65535, &number))
			return "is not a port number from 1 to 65535";
	return NULL;
}

static const char *refuse_suffix(const char *suffix)
{
	return strpbrk(suffix, "/ \t\r\n") ? "is not a host name suffix" : NULL;
}

bool options_parse_age(const char *text, uint64_t *seconds)
{
	static const struct {
		char letter;
		uint64_t seconds;
	} units[] = { { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 604800 } };
	size_t length = strlen(text);
	AUTO_FREE char *digits = xstrndup(text, length ? length - 1 : 0);
	uint64_t number;

	if (!strcmp(text, "0")) {
		*seconds = 0;
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (length && text[length - 1] == units[i].letter &&
		    str_parse_uint(digits, 1, 100000, &number)) {
			*seconds = number * units[i].seconds;
			return true;
		}
	return false;
}

static const char *refuse_age(const char *text)
{
	uint64_t seconds;

	return options_parse_age(text, &seconds)
		       ? NULL
		       : "is neither 0 nor an age such as 90m, 36h, 2d or 1w";
}

static const char *refuse_model(const char *name)
{
	for (const struct product_builtin *b = product_builtins; b->name; b++)
		if (!strcmp(b->name, name))
			return NULL;
	return "is not a built-in model: see metamodel-model(5)";
}

static const char *refuse_objects(const char *text)
{
	const char *prefix = "prefix:";

	return !strcmp(text, "all") ||
			       (str_has_prefix(text, prefix) && text[strlen(prefix)])
		       ? NULL
		       : "is neither all nor prefix:PREFIX";
}

static const char *refuse_versions(const char *text)
{
	return strcmp(text, "number") && strcmp(text, "set") ? "is neither number nor set"
							     : NULL;
}

static const char *refuse_words(const char *text)
{
	AUTO_STRVEC struct strvec words = { 0 };

	return words_split(text, &words) ? NULL
					 : "has a word with a quote that is not closed";
}

static const char *const backends[] = { "Pg", "PgFarm", NULL };
static const char *const batch_words[] = { "auto", NULL };
static const char *const progress_words[] = { "auto", "always", "never", NULL };

/* clang-format off */
#define BOTH(member) offsetof(struct values, member), offsetof(struct values, member)
#define APART(argv, file) offsetof(struct values, argv), offsetof(struct values, file)
#define TEXT   SETTING_STRING
#define NUMBER SETTING_UINT
#define FLAG   SETTING_FLAG
#define CHOICE SETTING_CHOICE
#define OURS   OPTIONS_SECTION
#define MODEL(key) BOTH(conf.model.keys[key]), "model"
#define HOOK(key) BOTH(conf.hooks[key]), "hooks"
#define THEIRS "backend"
#define EVERY  SETTING_EVERY
#define SOME   SETTING_SOME /* the commands that list it in `options` */
#define KEY    SETTING_KEY

const struct setting option_rows[] = {
	{ "config", 'c', "FILE", TEXT, BOTH(conf.config_path), NULL, EVERY,
	  "read FILE instead of " CONF_DIR "/site_openresty.conf", .refuse = refuse_empty },
	{ "directory", 'D', "DIR", TEXT, BOTH(conf.directory), OURS, EVERY,
	  "directory of the save (default: metamodel)", .refuse = refuse_directory },
	{ "jobs", 'j', "NUM", NUMBER, BOTH(conf.jobs), OURS, EVERY,
	  "work on NUM accounts at once (default: one per CPU)", .min = 1, .max = 1000 },
	{ "node-jobs", 0, "NUM", NUMBER, BOTH(conf.node_jobs), OURS, SOME,
	  "work on NUM accounts of one node at once (default: --jobs)", .min = 1, .max = 1000 },
	{ "dry-run", 'n', NULL, FLAG, BOTH(conf.dry_run), OURS, SOME,
	  .help = "show what would be done, and do nothing" },
	{ "quiet", 'q', NULL, FLAG, BOTH(conf.quiet), OURS, EVERY,
	  .help = "print errors only" },
	{ "verbose", 'v', NULL, FLAG, BOTH(conf.verbose), OURS, EVERY,
	  .help = "also print commands and details" },
	{ "json", 0, NULL, FLAG, BOTH(conf.json), OURS, EVERY,
	  .help = "write a report to standard output" },
	{ "progress", 0, "WHEN", CHOICE, BOTH(conf.progress), OURS, EVERY,
	  "progress bar: auto (on a terminal), always or never", .choices = progress_words },
	{ "timeout", 0, "SECONDS", NUMBER, BOTH(conf.timeout_s), OURS, SOME,
	  "cancel an account after SECONDS (default: 3600; 0: never)", .max = 604800 },
	{ "lock-wait", 0, "SECONDS", NUMBER, BOTH(conf.lock_wait_s), OURS, SOME,
	  "wait SECONDS for a table lock (default: 5; 0: no limit)", .max = 86400 },
	{ "batch", 0, "NUM", NUMBER, BOTH(conf.batch), OURS, SOME,
	  "dump up to NUM accounts per pg_dump (default: auto)", .min = 1, .max = 100000,
	  .choices = batch_words },
	{ "keep", 0, "NUM", NUMBER, BOTH(conf.keep), OURS, SOME,
	  "keep NUM saves before this one (default: 1)", .min = 1, .max = 100 },
	{ "keep-days", 0, "NUM", NUMBER, BOTH(conf.keep_days), OURS, SOME,
	  "keep one save of each of the last NUM days", .max = 1000 },
	{ "keep-weeks", 0, "NUM", NUMBER, BOTH(conf.keep_weeks), OURS, SOME,
	  "keep one save of each of the last NUM weeks", .max = 1000 },
	{ "keep-months", 0, "NUM", NUMBER, BOTH(conf.keep_months), OURS, SOME,
	  "keep one save of each of the last NUM months", .max = 1000 },
	{ "strict", 0, NULL, FLAG, BOTH(conf.strict), OURS, SOME,
	  .help = "change nothing if any account fails" },
	{ "cascade", 0, NULL, FLAG, BOTH(conf.cascade), OURS, SOME,
	  .help = "also destroy what depends on the metamodel" },
	{ "rehearse", 0, NULL, FLAG, BOTH(conf.rehearse), OURS, SOME,
	  .help = "do everything in the database, then roll back" },
	{ "from-other-database", 0, NULL, FLAG, BOTH(conf.from_other_database), OURS, SOME,
	  .help = "accept a save that was made from another database" },
	{ "as-superuser", 0, NULL, FLAG, BOTH(conf.as_superuser), OURS, SOME,
	  .help = "run, as a superuser, what others have defined" },
	{ "to", 0, "VERSION", TEXT, BOTH(conf.to), OURS, SOME,
	  .help = "go no further than VERSION" },
	{ "save", 0, NULL, FLAG, BOTH(conf.save_first), OURS, SOME,
	  .help = "save first, and upgrade only if that succeeds" },
	{ "all", 0, NULL, FLAG, BOTH(conf.all), OURS, SOME,
	  .help = "run the command for current tenants, too" },
	{ "fail-fast", 0, NULL, FLAG, BOTH(conf.fail_fast), OURS, SOME,
	  .help = "start no account after one has failed" },
	{ "show", 0, "VERSION", TEXT, BOTH(conf.show), OURS, SOME,
	  .help = "print the SQL of VERSION, then exit" },
	{ "migrations", 0, "DIR", TEXT, BOTH(conf.migrations), OURS, SOME,
	  "use the SQL files in DIR instead of the built-in ones", .refuse = refuse_empty },
	{ "check", 0, NULL, FLAG, BOTH(conf.check), OURS, SOME,
	  .help = "exit with status 3 unless every account is current" },
	{ "max-age", 0, "AGE", TEXT, BOTH(conf.max_age), OURS, SOME,
	  "exit with status 3 if the save or a dump is older: 36h, 2d", .refuse = refuse_age },
	{ "warning", 0, "AGE", TEXT, BOTH(conf.warning), OURS, SOME,
	  "age of the save that is a warning (default: 26h; 0: none)", .refuse = refuse_age },
	{ "critical", 0, "AGE", TEXT, BOTH(conf.critical), OURS, SOME,
	  "age of the save that is critical (default: 50h; 0: none)", .refuse = refuse_age },
	{ "load", 0, "CONNINFO", TEXT, BOTH(conf.load), OURS, SOME,
	  "also load the save into a scratch database", .bare = "",
	  .may_hide_password = true },
	{ "load-template", 0, "DB", TEXT, BOTH(conf.load_template), OURS, SOME,
	  "copy DB for --load (default: template0)", .refuse = refuse_empty },
	{ "live", 0, NULL, FLAG, BOTH(conf.live), OURS, SOME,
	  .help = "compare a save with the database" },
	{ "pg-bindir", 0, "DIR", TEXT, BOTH(conf.pg_bindir), OURS, SOME,
	  .help = "directory of pg_dump and psql (default: by server version)" },
	{ "model", 0, "NAME", TEXT, BOTH(conf.model_name), OURS, EVERY,
	  "the product whose tenants these are (default: openresty)", .refuse = refuse_model },
	{ "version", 'V', NULL, SETTING_STOP, BOTH(conf.version), NULL, EVERY,
	  .help = "print the version, then exit" },
	{ "help", '?', NULL, SETTING_STOP, BOTH(conf.help), NULL, EVERY,
	  .help = "print this help, then exit" },

	{ "host", 'h', "HOSTNAME", TEXT, APART(conf.command_line.host, conf.config.host),
	  OURS, EVERY, "database server host or socket directory", .is_connection = true },
	{ "port", 'p', "PORT", TEXT, APART(conf.command_line.port, conf.config.port),
	  OURS, EVERY, "database server port", .refuse = refuse_port, .is_connection = true },
	{ "username", 'U', "NAME", TEXT, APART(conf.command_line.user, conf.config.user),
	  OURS, EVERY, "connect as this database user", .is_connection = true },
	{ "dbname", 'd', "DBNAME", TEXT, APART(conf.command_line.dbname, conf.config.dbname),
	  OURS, EVERY, "database name, key=value string or URI", .may_hide_password = true,
	  .is_connection = true },
	{ "no-password", 'w', NULL, FLAG, BOTH(conf.no_password), OURS, EVERY,
	  .help = "never prompt for a password", .is_connection = true },
	{ "password", 'W', NULL, FLAG, BOTH(conf.ask_password), OURS, EVERY,
	  .help = "prompt for a password", .may_hide_password = true, .is_connection = true },
	{ "host-suffix", 0, "SUFFIX", TEXT, BOTH(conf.suffix), OURS, SOME,
	  "suffix of a PgFarm's host names, same as argument .SUFFIX", .refuse = refuse_suffix },

	{ "type", 0, NULL, CHOICE, BOTH(conf.backend), THEIRS, KEY, .choices = backends },
	{ "host", 0, NULL, TEXT, BOTH(backend.host), THEIRS, .scope = KEY },
	{ "port", 0, NULL, TEXT, BOTH(backend.port), THEIRS, KEY, .refuse = refuse_port },
	{ "user", 0, NULL, TEXT, BOTH(backend.user), THEIRS, .scope = KEY },
	{ "password", 0, NULL, TEXT, BOTH(conf.config.password), THEIRS, .scope = KEY },
	{ "database", 0, NULL, TEXT, BOTH(backend.dbname), THEIRS, .scope = KEY },

	{ "tenants", 0, NULL, SETTING_TEXT, MODEL(PRODUCT_TENANTS), KEY, .refuse = refuse_empty },
	{ "schemas", 0, NULL, SETTING_TEXT, MODEL(PRODUCT_SCHEMAS), KEY, .refuse = refuse_empty },
	{ "exclude", 0, NULL, SETTING_TEXT, MODEL(PRODUCT_EXCLUDE), KEY, .refuse = refuse_empty },
	{ "global", 0, NULL, SETTING_TEXT, MODEL(PRODUCT_GLOBAL_SCHEMA), .scope = KEY },
	{ "objects", 0, NULL, SETTING_TEXT, MODEL(PRODUCT_OBJECTS), KEY, .refuse = refuse_objects },
	{ "applied", 0, NULL, SETTING_TEXT, MODEL(PRODUCT_APPLIED), KEY, .refuse = refuse_empty },
	{ "versions", 0, NULL, SETTING_TEXT, MODEL(PRODUCT_VERSIONS), KEY, .refuse = refuse_versions },
	{ "reference", 0, NULL, SETTING_TEXT, MODEL(PRODUCT_REFERENCE), KEY, .refuse = refuse_empty },
	{ "upgrade", 0, NULL, SETTING_TEXT, MODEL(PRODUCT_UPGRADE), KEY, .refuse = refuse_words,
	  .has_words = true },
	{ "upgrade_global", 0, NULL, SETTING_TEXT, MODEL(PRODUCT_UPGRADE_GLOBAL), KEY,
	  .refuse = refuse_words, .has_words = true },

	{ "before", 0, NULL, SETTING_TEXT, HOOK(CONF_BEFORE), KEY, .refuse = refuse_words,
	  .has_words = true },
	{ "after", 0, NULL, SETTING_TEXT, HOOK(CONF_AFTER), KEY, .refuse = refuse_words,
	  .has_words = true },
	{ "after_failure", 0, NULL, SETTING_TEXT, HOOK(CONF_AFTER_FAILURE), KEY,
	  .refuse = refuse_words, .has_words = true },
	{ "timeout", 0, NULL, NUMBER, BOTH(conf.hook_timeout_s), "hooks", KEY, .max = 604800 },
	{ .name = NULL },
};
/* clang-format on */
