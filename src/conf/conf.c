/* SPDX-License-Identifier: PostgreSQL */
#include "conf/conf.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/compiler.h"
#include "base/str.h"
#include "conf/options.h"
#include "conf/setting.h"

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

static bool take_directory(const char *path, bool literal, struct values *values,
			   struct setting_argv *argv, struct error *err)
{
	(void)literal; /* no suffix here: ./metamodel is a directory */
	if (setting_is_given(option_rows, argv, "directory"))
		return error_set(err, ERROR_USAGE, "two directories: '%s', '%s'",
				 values->conf.directory, path);
	return setting_take_argument(option_rows, "directory", path, values, argv, err);
}

static const struct command commands[] = {
	{ CONF_SAVE, "save", "save-metamodel", "[ACCOUNT...] [.SUFFIX]",
	  "dump accounts to metamodel/ACCOUNT.sql", take_account },
	{ CONF_RESTORE, "restore", "restore-metamodel", "[ACCOUNT...] [.SUFFIX]",
	  "put the accounts of a save back", take_account },
	{ CONF_UPGRADE, "upgrade", NULL, "[ACCOUNT...] [.SUFFIX]",
	  "bring _global and accounts to the newest version", take_account },
	{ CONF_STATUS, "status", NULL, "[ACCOUNT...] [.SUFFIX]",
	  "each account's version, state and last save", take_account },
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
	for (i = 0; option_rows[i].commands; i++)
		if ((argv->given >> i & 1) && !(option_rows[i].commands & command->id))
			return error_set(err, ERROR_USAGE, "option --%s is not for %s",
					 option_rows[i].name, command->name);
	return true;
}

/* Two flags that exclude each other: the command line speaks louder than a file. */
static bool settle_pair(const char *a, bool *a_value, const char *b, bool *b_value,
			const struct setting_argv *argv, struct error *err)
{
	bool a_given = setting_is_given(option_rows, argv, a);
	bool b_given = setting_is_given(option_rows, argv, b);

	if (!*a_value || !*b_value)
		return true;
	if (a_given == b_given)
		return error_set(err, ERROR_USAGE, "%s%s and %s%s exclude each other",
				 a_given ? "--" : "[" OPTIONS_SECTION "] ", a,
				 a_given ? "--" : "", b);
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
	if (!setting_parse_argv(option_rows, argc, args, values, argv, err))
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
	const char *path = values->conf.config_path;

	return setting_read_file(option_rows, first, false, argv, values, err) &&
	       setting_read_file(option_rows, path ? path : site, path != NULL, argv,
				 values, err) &&
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
	setting_release(option_rows, &values);
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

	setting_release(option_rows, &values);
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

	for (const struct setting *row = option_rows; row->commands; row++) {
		format_option(&left, row);
		width = left.length > width ? left.length : width;
	}
	for (const struct setting *row = option_rows; row->commands; row++) {
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
