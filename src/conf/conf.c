/* SPDX-License-Identifier: PostgreSQL */
#include "conf/conf.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/compiler.h"
#include "base/str.h"
#include "base/typo.h"
#include "conf/model.h"
#include "conf/options.h"
#include "conf/setting.h"

/* status --check: one save per week, and one day more in case it is late. */
enum { CHECK_MAX_AGE_S = 8 * 86400 };

/* ---- commands ---- */

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
		if (setting_is_given(option_rows, argv, "host-suffix"))
			return error_set(err, ERROR_USAGE,
					 "two host suffixes: '%s', '%s'",
					 values->conf.suffix, name);
		return setting_take_argument(option_rows, "host-suffix", name, values,
					     argv, err);
	}
	for (size_t i = 0; i < accounts->count; i++)
		if (!strcmp(accounts->v[i], name))
			return true;
	strvec_push(accounts, name);
	return true;
}

static bool take_directory(const char *path, struct values *values,
			   struct setting_argv *argv, struct error *err)
{
	if (setting_is_given(option_rows, argv, "directory"))
		return error_set(err, ERROR_USAGE, "two directories: '%s', '%s'",
				 values->conf.directory, path);
	return setting_take_argument(option_rows, "directory", path, values, argv, err);
}

static bool take_dump(const char *name, struct values *values, struct setting_argv *argv,
		      struct error *err)
{
	struct conf *conf = &values->conf;

	if (!conf->accounts.count)
		return take_account(name, true, values, argv, err);
	if (conf->table)
		return error_set(err, ERROR_USAGE, "two tables: '%s', '%s'", conf->table,
				 name);
	conf->table = xstrdup(name);
	return true;
}

static bool take_topic(const char *name, struct values *values, struct error *err)
{
	struct conf *conf = &values->conf;

	if (conf->topic)
		return error_set(err, ERROR_USAGE, "two commands: '%s', '%s'",
				 conf->topic, name);
	conf->topic = xstrdup(name);
	return true;
}

/* What is a directory, or cannot be anything else, is a save; behind "--" all are
 * accounts. */
static bool take_save(const char *name, bool literal, struct values *values,
		      struct setting_argv *argv, struct error *err)
{
	struct strvec *saves = &values->conf.saves;
	struct stat st;

	if (literal ||
	    (!strchr(name, '/') && (stat(name, &st) < 0 || !S_ISDIR(st.st_mode))))
		return take_account(name, true, values, argv, err);
	if (saves->count == 2)
		return error_set(err, ERROR_USAGE, "three saves: '%s', '%s', '%s'",
				 saves->v[0], saves->v[1], name);
	strvec_push(saves, name);
	return true;
}

static const struct conf_command *find_command(const struct conf_command *const *commands,
					       const char *name)
{
	for (; *commands; commands++)
		if (!strcmp((*commands)->name, name))
			return *commands;
	return NULL;
}

static const struct conf_command *find_alias(const struct conf_command *const *commands,
					     const char *program)
{
	const char *slash = strrchr(program, '/');

	for (; *commands; commands++)
		if ((*commands)->alias &&
		    !strcmp((*commands)->alias, slash ? slash + 1 : program))
			return *commands;
	return NULL;
}

const struct conf_command *
conf_require_command(const struct conf_command *const *commands, const char *name,
		     struct error *err)
{
	const struct conf_command *command = find_command(commands, name);
	struct typo typo = { .word = name, .length = strlen(name) };

	if (command)
		return command;
	error_set(err, ERROR_USAGE, "unknown command '%s'", name);
	for (; *commands; commands++)
		typo_offer(&typo, (*commands)->name);
	if (typo.best)
		error_hint(err, "Did you mean '%s'?", typo.best);
	return NULL;
}

/* Is it one of the command's own options? */
static bool has_option(const struct conf_command *command, const char *name)
{
	for (const char *const *option = command->options; *option; option++)
		if (!strcmp(*option, name))
			return true;
	return false;
}

static bool take_argument(const struct conf_command *command, const char *argument,
			  bool literal, struct values *values, struct setting_argv *argv,
			  struct error *err)
{
	switch (command->arguments) {
	case CONF_ACCOUNTS:
		return take_account(argument, literal, values, argv, err);
	case CONF_DIRECTORY:
		return take_directory(argument, values, argv, err);
	case CONF_DUMP:
		return take_dump(argument, values, argv, err);
	case CONF_SAVES:
		return take_save(argument, literal, values, argv, err);
	case CONF_TOPIC:
		return take_topic(argument, values, err);
	}
	return false;
}

/* ---- loading ---- */

/*
 * People used to psql may give a connection string as an argument. It may contain a
 * password, so it is not repeated, neither here nor in messages about accounts.
 */
static bool check_argument(const char *text, struct error *err)
{
	static const char *const keywords[] = {
		"host=",     "hostaddr=", "port=",    "user=",    "dbname=",
		"password=", "passfile=", "service=", "sslmode=",
	};
	bool is_uri = strstr(text, "://");

	for (size_t i = 0; !is_uri && i < ARRAY_SIZE(keywords); i++) {
		const char *found = strcasestr(text, keywords[i]);

		is_uri = found && (found == text || found[-1] == ' ' ||
				   !strcmp(keywords[i], "password="));
	}
	if (!is_uri)
		return true;
	error_set(err, ERROR_USAGE,
		  "an argument looks like a connection string, which is not shown since "
		  "it may contain a password");
	return error_hint(err, "give it with --dbname");
}

static bool check_options(const struct conf_command *command,
			  const struct setting_argv *argv, struct error *err)
{
	for (size_t i = 0; option_rows[i].scope != SETTING_KEY; i++)
		if ((argv->given >> i & 1) && option_rows[i].scope == SETTING_SOME &&
		    !has_option(command, option_rows[i].name))
			return error_set(err, ERROR_USAGE, "option --%s is not for %s",
					 option_rows[i].name, command->name);
	return true;
}

static bool take_arguments(const struct conf_command *const *commands,
			   const char *program, struct values *values,
			   struct setting_argv *argv, struct error *err)
{
	const struct strvec *arguments = &argv->arguments;
	const struct conf_command *command = find_alias(commands, program);
	size_t i = 0;

	if (!command) {
		if (!arguments->count)
			return error_set(err, ERROR_USAGE, "no command given");
		if (!check_argument(arguments->v[0], err))
			return false;
		command = conf_require_command(commands, arguments->v[i++], err);
		if (!command)
			return false;
	}
	values->conf.command = command;
	for (; i < arguments->count; i++)
		if (!check_argument(arguments->v[i], err) ||
		    !take_argument(command, arguments->v[i], i >= argv->literal_from,
				   values, argv, err))
			return false;
	if (command->arguments == CONF_DUMP && !values->conf.accounts.count)
		return error_set(err, ERROR_USAGE, "no account given");
	if (argv->doubtful > 1 && command->arguments == CONF_ACCOUNTS)
		values->conf.doubtful = xstrdup(arguments->v[argv->doubtful - 1]);
	return check_options(command, argv, err);
}

/* Two flags that cannot be used together: one on the command line overrides the other in
 * a file. */
static bool settle_pair(const char *a, bool *a_value, const char *b, bool *b_value,
			const struct setting_argv *argv, struct error *err)
{
	bool a_given = setting_is_given(option_rows, argv, a);
	bool b_given = setting_is_given(option_rows, argv, b);

	if (!*a_value || !*b_value)
		return true;
	if (a_given == b_given)
		return error_set(err, ERROR_USAGE,
				 "%s%s and %s%s cannot be used together",
				 a_given ? "--" : "[" OPTIONS_SECTION "] ", a,
				 a_given ? "--" : "", b);
	*(a_given ? b_value : a_value) = false;
	return true;
}

/* Refuse an option that names a server if the command needs none. */
static bool check_server(const struct conf *conf, struct error *err)
{
	const struct conf_connection *c = &conf->command_line;
	const char *given = c->host     ? "host"
			    : c->port   ? "port"
			    : c->user   ? "username"
			    : c->dbname ? "dbname"
					: NULL;

	const char *condition = "";
	bool has_use = !conf->command->is_offline;

	if (has_option(conf->command, "load")) {
		condition = " without --load";
		has_use = conf->load;
	} else if (has_option(conf->command, "live")) {
		condition = " without --live";
		has_use = conf->live;
	}
	if (!given || has_use)
		return true;
	error_set(err, ERROR_USAGE, "option --%s: %s%s needs no server", given,
		  conf->command->name, condition);
	return error_hint(err, "Try 'metamodel %s --help'", conf->command->name);
}

/* A farm has no server on which a scratch database could be made. */
static bool check_load(const struct conf *conf, struct error *err)
{
	if (!has_option(conf->command, "load"))
		return true;
	if (!conf->load || *conf->load || conf->backend == CONF_PG)
		return true;
	error_set(err, ERROR_USAGE, "option --load: a PgFarm has many servers");
	return error_hint(err, "name the one to load on: --load=CONNINFO");
}

static bool settle_pairs(struct conf *conf, const struct setting_argv *argv,
			 struct error *err)
{
	return settle_pair("quiet", &conf->quiet, "verbose", &conf->verbose, argv, err) &&
	       settle_pair("no-password", &conf->no_password, "password",
			   &conf->ask_password, argv, err) &&
	       settle_pair("dry-run", &conf->dry_run, "rehearse", &conf->rehearse, argv,
			   err);
}

/* The command as far as the command line was read; NULL: none is named, or an unknown
 * one. */
static const struct conf_command *
guess_command(const struct conf_command *const *commands, const char *program,
	      const struct setting_argv *argv)
{
	const struct conf_command *command = find_alias(commands, program);

	if (command || !argv->arguments.count)
		return command;
	return find_command(commands, argv->arguments.v[0]);
}

static bool hint_help(const struct conf_command *command, struct error *err)
{
	if (err->hint[0])
		return false;
	return error_hint(err, "Try 'metamodel%s%s --help'", command ? " " : "",
			  command ? command->name : "");
}

static bool read_command_line(const struct conf_command *const *commands, int argc,
			      char **args, struct values *values,
			      struct setting_argv *argv, struct error *err)
{
	bool ok = setting_parse_argv(option_rows, argc, args, values, argv, err);
	const char *program = argc > 0 ? args[0] : "";

	values->conf.command = guess_command(commands, program, argv);
	if (!ok)
		return false;
	if (argv->stopped)
		return true;
	return take_arguments(commands, program, values, argv, err) &&
	       settle_pairs(&values->conf, argv, err);
}

/* Does a connection string contain a password, as far as that can be told without
 * libpq? */
static bool has_password(const char *dbname)
{
	const char *authority = dbname ? strstr(dbname, "://") : NULL;
	const char *user_end = authority ? strchr(authority + 3, '@') : NULL;

	if (dbname && strstr(dbname, "password="))
		return true;
	return user_end && memchr(authority + 3, ':', (size_t)(user_end - authority - 3));
}

/* Read a file. If it contains a password and others may read the file, warn. */
static bool read_file(const char *path, bool must_exist, struct values *values,
		      const struct setting_argv *argv, struct error *err)
{
	const struct conf *conf = &values->conf;
	const char *password = conf->config.password;
	const char *ours = conf->config.dbname, *theirs = values->backend.dbname;
	bool has_secret;
	struct stat st;

	if (!setting_read_file(option_rows, path, must_exist, argv, values, err))
		return false;
	has_secret = (conf->config.password && *conf->config.password &&
		      conf->config.password != password) ||
		     (conf->config.dbname != ours && has_password(conf->config.dbname)) ||
		     (values->backend.dbname != theirs &&
		      has_password(values->backend.dbname));
	if (has_secret && !stat(path, &st) && (st.st_mode & S_IROTH))
		strvec_push_format(&values->conf.warnings,
				   "%s contains a password, and everybody can read it: "
				   "run chmod o-r, or keep the password in ~/.pgpass",
				   path);
	return true;
}

static void note_file(const char *path, struct conf *conf)
{
	strvec_push_format(&conf->looked_at, "%s%s", path,
			   access(path, F_OK) < 0 ? " (not found)" : "");
}

static bool read_files(const char *dir, struct values *values,
		       const struct setting_argv *argv, struct error *err)
{
	AUTO_FREE char *first = str_format("%s/openresty.conf", dir);
	AUTO_FREE char *site = str_format("%s/site_openresty.conf", dir);
	const char *path = values->conf.config_path;

	note_file(first, &values->conf);
	note_file(path ? path : site, &values->conf);
	return read_file(first, false, values, argv, err) &&
	       read_file(path ? path : site, path != NULL, values, argv, err) &&
	       settle_pairs(&values->conf, argv, err) &&
	       check_server(&values->conf, err) && check_load(&values->conf, err);
}

/* If *value is NULL, move *fallback there. */
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
	if (conf->max_age)
		/* checked before */
		(void)options_parse_age(conf->max_age, &conf->max_age_s);
	else if (conf->check && conf->command && has_option(conf->command, "check"))
		conf->max_age_s = CHECK_MAX_AGE_S;
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

bool conf_load_from(const char *config_dir, const struct conf_command *const *commands,
		    int argc, char **argv, struct conf *conf, struct error *err)
{
	struct values values = {
		.conf = { .timeout_s = 3600,
			  .lock_wait_s = 5,
			  .keep = 1,
			  .hook_timeout_s = 600 },
	};
	struct setting_argv said = { 0 };
	bool ok;

	ok = read_command_line(commands, argc, argv, &values, &said, err);
	if (!ok)
		hint_help(values.conf.command, err);
	ok = ok && (said.stopped || read_files(config_dir, &values, &said, err));
	if (ok) {
		settle(&values);
		*conf = values.conf;
		values.conf = (struct conf){ 0 };
		ok = said.stopped || model_settle(conf, err);
		if (!ok)
			conf_release(conf);
	}
	strvec_release(&said.arguments);
	strvec_release(&values.conf.accounts);
	strvec_release(&values.conf.warnings);
	strvec_release(&values.conf.looked_at);
	strvec_release(&values.conf.saves);
	free(values.conf.table);
	free(values.conf.doubtful);
	free(values.conf.topic);
	setting_release(option_rows, &values);
	return ok;
}

bool conf_load(const struct conf_command *const *commands, int argc, char **argv,
	       struct conf *conf, struct error *err)
{
	return conf_load_from(CONF_DIR, commands, argc, argv, conf, err);
}

struct conf conf_at(const struct conf *conf, char *dbname)
{
	struct conf at = *conf;

	at.accounts = (struct strvec){ 0 };
	at.backend = CONF_PG;
	at.command_line = (struct conf_connection){ .dbname = dbname };
	at.config = (struct conf_connection){ 0 };
	at.dry_run = at.rehearse = at.cascade = at.from_other_database = false;
	return at;
}

uint64_t conf_timeout_ms(const struct conf *conf)
{
	return conf->timeout_s * 1000;
}

uint64_t conf_hook_timeout_ms(const struct conf *conf)
{
	return conf->hook_timeout_s * 1000;
}

uint64_t conf_lock_wait_ms(const struct conf *conf)
{
	return conf->lock_wait_s * 1000;
}

void conf_release(struct conf *conf)
{
	struct values values = { .conf = *conf };
	char *typed = conf->command_line.password; /* no row sets it */

	if (typed)
		explicit_bzero(typed, strlen(typed));
	free(typed);

	setting_release(option_rows, &values);
	strvec_release(&values.conf.accounts);
	strvec_release(&values.conf.warnings);
	strvec_release(&values.conf.looked_at);
	strvec_release(&values.conf.saves);
	free(values.conf.table);
	free(values.conf.doubtful);
	free(values.conf.topic);
	*conf = (struct conf){ 0 };
}
