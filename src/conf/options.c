/* SPDX-License-Identifier: PostgreSQL */
#include "conf/options.h"

#include <stddef.h>
#include <string.h>

#include "base/auto.h"
#include "base/compiler.h"
#include "base/str.h"

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
#define THEIRS "backend"
#define SAVE   CONF_SAVE
#define RESTORE CONF_RESTORE
#define UPGRADE CONF_UPGRADE
#define WORK   (CONF_SAVE | CONF_RESTORE | CONF_UPGRADE) /* all that change something */
#define SERVER (WORK | CONF_STATUS) /* all that talk to a server */
#define ALL    (SERVER | CONF_VERIFY)

const struct setting option_rows[] = {
	{ "config", 'c', "FILE", TEXT, BOTH(conf.config_path), NULL, ALL,
	  "read FILE instead of " CONF_DIR "/site_openresty.conf", .refuse = refuse_empty,
	  .heading = "Options" },
	{ "directory", 'D', "DIR", TEXT, BOTH(conf.directory), OURS, ALL,
	  "directory of the save (default: metamodel)", .refuse = refuse_directory },
	{ "jobs", 'j', "NUM", NUMBER, BOTH(conf.jobs), OURS, ALL,
	  "work on NUM accounts at once (default: one a processor)", .min = 1, .max = 1000 },
	{ "node-jobs", 0, "NUM", NUMBER, BOTH(conf.node_jobs), OURS, WORK,
	  "work on NUM accounts of one node at once (default: as --jobs)", .min = 1, .max = 1000 },
	{ "dry-run", 'n', NULL, FLAG, BOTH(conf.dry_run), OURS, WORK,
	  .help = "say what would be done, and do nothing" },
	{ "quiet", 'q', NULL, FLAG, BOTH(conf.quiet), OURS, ALL,
	  .help = "print errors only" },
	{ "verbose", 'v', NULL, FLAG, BOTH(conf.verbose), OURS, ALL,
	  .help = "print commands and details, too" },
	{ "json", 0, NULL, FLAG, BOTH(conf.json), OURS, ALL,
	  .help = "write a report to standard output" },
	{ "progress", 0, "WHEN", CHOICE, BOTH(conf.progress), OURS, ALL,
	  "progress bar: auto (on a terminal), always or never", .choices = progress_words },
	{ "timeout", 0, "SECONDS", NUMBER, BOTH(conf.timeout_s), OURS, WORK,
	  "end an account that takes longer (default: 3600; 0: never)", .max = 604800 },
	{ "lock-wait", 0, "SECONDS", NUMBER, BOTH(conf.lock_wait_s), OURS, SERVER,
	  "wait for a table lock (default: 5; 0: without limit)", .max = 86400 },
	{ "batch", 0, "NUM", NUMBER, BOTH(conf.batch), OURS, SAVE | UPGRADE,
	  "save: dump NUM accounts with one pg_dump (default: auto)", .min = 1, .max = 100000,
	  .choices = batch_words },
	{ "keep", 0, "NUM", NUMBER, BOTH(conf.keep), OURS, SAVE,
	  "save: keep NUM saves before this one (default: 1)", .min = 1, .max = 100 },
	{ "strict", 0, NULL, FLAG, BOTH(conf.strict), OURS, SAVE,
	  .help = "save: change nothing if any account fails" },
	{ "cascade", 0, NULL, FLAG, BOTH(conf.cascade), OURS, RESTORE,
	  .help = "restore: destroy what depends on the metamodel" },
	{ "to", 0, "VERSION", TEXT, BOTH(conf.to), OURS, UPGRADE,
	  .help = "upgrade: go no further than VERSION" },
	{ "save", 0, NULL, FLAG, BOTH(conf.save_first), OURS, UPGRADE,
	  .help = "upgrade: save first, and upgrade only if that was done" },
	{ "fail-fast", 0, NULL, FLAG, BOTH(conf.fail_fast), OURS, UPGRADE,
	  .help = "upgrade: begin no account after one has failed" },
	{ "show", 0, "VERSION", TEXT, BOTH(conf.show), OURS, UPGRADE,
	  .help = "upgrade: print the SQL of VERSION, then exit" },
	{ "migrations", 0, "DIR", TEXT, BOTH(conf.migrations), OURS, UPGRADE | CONF_STATUS,
	  "migrations to use instead of the built-in ones", .refuse = refuse_empty },
	{ "check", 0, NULL, FLAG, BOTH(conf.check), OURS, CONF_STATUS,
	  .help = "status: exit with 3 unless every account is current" },
	{ "pg-bindir", 0, "DIR", TEXT, BOTH(conf.pg_bindir), OURS, SAVE | RESTORE | UPGRADE,
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
