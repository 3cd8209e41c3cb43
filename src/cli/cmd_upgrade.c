/* SPDX-License-Identifier: PostgreSQL */
#include "cli/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "migrations/folder.h"
#include "task/save/save.h"
#include "task/tenants/tenants.h"
#include "task/upgrade/upgrade.h"
#include "product/product.h"

/* ---- --show ---- */

static void print(const struct migration *step)
{
	const char *gap = "";

	for (int level = 0; level < MIGRATION_LEVELS; level++) {
		const struct migration_file *file = &step->files[level];

		if (!file->name)
			continue;
		printf("%s-- %s\n%s", gap, file->name, file->text);
		gap = "\n";
	}
}

static bool show(struct cli *cli, bool *is_answered, struct error *err)
{
	const struct conf *conf = &cli->conf;
	struct migrations all;
	const struct migration *shown;

	*is_answered = conf->show;
	if (!conf->show)
		return true;
	if (!migrations_load_for(&conf->product, conf->migrations, &all, err))
		return false;
	shown = migrations_find(&all, conf->show);
	if (shown)
		print(shown);
	else
		error_set(err, ERROR_USAGE, "option --show: there is no %s '%s'",
			  conf->product.is_set ? "step" : "version", conf->show);
	if (!shown)
		error_hint(err, "the newest is %s", all.steps[all.count - 1].version);
	migrations_release(&all);
	return shown != NULL;
}

/* ---- what needs no server ---- */

/* Tenants that the product's own command upgrades. */
static bool check_command(const struct conf *conf, struct error *err)
{
	const char *refused = conf->to           ? "to"
			      : conf->show       ? "show"
			      : conf->migrations ? "migrations"
						 : NULL;

	if (!refused)
		return tenants_check(conf, err);
	error_set(err, ERROR_USAGE,
		  "option --%s is for files of SQL, but the model has a command that "
		  "upgrades a %s",
		  refused, conf->product.noun);
	return located_prefix(conf->product.upgrade, 0, err);
}

/* Tenants that files of SQL upgrade. */
static bool check_files(const struct conf *conf, struct error *err)
{
	struct migrations files;

	if (!conf->migrations) {
		error_set(err, ERROR_USAGE, "[model] has no command that upgrades a %s",
			  conf->product.noun);
		return error_hint(err, "see the key upgrade in metamodel-model(5), or "
				       "give files of SQL with --migrations");
	}
	if (conf->all)
		return error_set(
			err, ERROR_USAGE,
			"option --all is for a command: files of SQL are run for "
			"all that lack them");
	if (conf->product.upgrade_global) {
		error_set(err, ERROR_USAGE, "requires upgrade");
		return located_prefix(conf->product.upgrade_global, 0, err);
	}
	/* Find mistakes in the files before --save. */
	if (!migrations_load_for(&conf->product, conf->migrations, &files, err))
		return false;
	migrations_release(&files);
	return true;
}

static bool check_model(const struct conf *conf, struct error *err)
{
	if (conf->save_first && !conf->product.is_whole)
		return error_set(err, ERROR_USAGE,
				 "option --save requires a model with objects = all");
	return conf->product.upgrade ? check_command(conf, err) : check_files(conf, err);
}

static bool answer(struct cli *cli, bool *is_answered, struct error *err)
{
	if (cli->conf.product.is_model && !check_model(&cli->conf, err))
		return false;
	if (!cli->conf.product.is_model && cli->conf.all)
		return error_set(err, ERROR_USAGE,
				 "option --all is not for accounts of OpenResty: all of "
				 "them are upgraded without it");
	return show(cli, is_answered, err);
}

/* ---- the upgrade, perhaps after a save ---- */

/* The `task` of the cli: the upgrade, and with --save the save before it. */
struct chain {
	struct run_opts opts;
	struct save *save; /* NULL when it is done */
	/* One of these. */
	struct upgrade *upgrade;
	struct tenants_upgrade *tenants;
};

static void on_upgraded(void *owner, const struct report *report)
{
	struct cli *cli = owner;
	struct chain *chain = cli->task;

	chain->opts.done(cli, report);
	free(chain);
}

static void start_upgrade(struct chain *chain)
{
	struct run_opts opts = chain->opts;

	opts.done = on_upgraded;
	if (opts.conf->product.upgrade)
		chain->tenants = tenants_start(&opts);
	else
		chain->upgrade = upgrade_start(&opts);
}

static void on_saved(void *owner, const struct report *report)
{
	struct report failed = { .result = REPORT_FAILED,
				 .error = report->error,
				 .signal_number = report->signal_number };
	struct cli *cli = owner;
	struct chain *chain = cli->task;

	chain->save = NULL;
	cmd_save.summarize(cli, report);
	if (report->result == REPORT_DONE) {
		start_upgrade(chain);
		return;
	}
	if (report->error.kind == ERROR_NONE) {
		error_set(&failed.error, ERROR_DATA,
			  "not every %s could be saved: nothing was upgraded",
			  cli->conf.product.noun);
		error_hint(&failed.error, "fix the cause, or upgrade without --save");
	}
	on_upgraded(cli, &failed);
}

static void start_save(struct chain *chain)
{
	struct run_opts opts = chain->opts;

	opts.command = cmd_save.line.name;
	opts.done = on_saved;
	chain->save = save_start(&opts);
}

static void *start(const struct run_opts *opts)
{
	struct chain *chain = xcalloc(1, sizeof(*chain));

	chain->opts = *opts;
	if (opts->conf->save_first)
		start_save(chain);
	else
		start_upgrade(chain);
	return chain;
}

static void cancel(void *task, int signal_number)
{
	struct chain *chain = task;

	if (chain->save)
		save_cancel(chain->save, signal_number);
	else if (chain->tenants)
		tenants_cancel(chain->tenants, signal_number);
	else
		upgrade_cancel(chain->upgrade, signal_number);
}

static void summarize(const struct cli *cli, const struct report *report)
{
	double seconds = (double)(loop_now_ms() - cli->started_ms) / 1000;
	AUTO_FREE char *failed = command_list_failed(report);
	AUTO_FREE char *count = NULL;
	size_t upgraded = 0, current = 0, failures = 0;

	for (size_t i = 0; i < report->count; i++) {
		upgraded += !strcmp(report->accounts[i].outcome, "upgraded");
		current += !strcmp(report->accounts[i].outcome, "current");
		failures += report->accounts[i].error != NULL;
	}
	count = command_format_count(upgraded, cli->conf.product.noun);
	if (!report->count)
		return;
	if (cli->conf.dry_run)
		(failures ? log_failure : log_info)(
			&cli->log, "Nothing was done: this was a dry run.%s", failed);
	else
		(failures ? log_failure : log_info)(
			&cli->log,
			"Upgraded %s, %zu already current, %zu failed in %.1f s.%s",
			count, current, failures, seconds, failed);
	for (const char *line = report->advice; line && *line;) {
		size_t length = strcspn(line, "\n");

		log_failure(&cli->log, "metamodel: hint: %.*s", (int)length, line);
		line += length + (line[length] == '\n');
	}
}

static const char *const options[] = {
	"dry-run",   "node-jobs",           "timeout", "lock-wait",    "host-suffix",
	"pg-bindir", "from-other-database", "batch",   "as-superuser", "to",
	"save",      "fail-fast",           "show",    "migrations",   "all",
	NULL,
};

static const struct command_example examples[] = {
	{ "Which account would be brought to which version", "metamodel upgrade -n" },
	{ "Save first, and upgrade only if that succeeded",
	  "metamodel upgrade --save -D /var/backups/metamodel/save" },
	{ NULL, NULL },
};

const struct command cmd_upgrade = {
	.line = { .name = "upgrade",
		  .usage = "[ACCOUNT...] [.SUFFIX]",
		  .help = "bring " PRODUCT_GLOBAL " and accounts to the newest version",
		  .arguments = CONF_ACCOUNTS,
		  .takes_models = true,
		  .options = options },
	.about =
		"Brings " PRODUCT_GLOBAL
		" and then the accounts to the newest version, each in one transaction.\n"
		"An account that fails is as it was before, and the others go on.",
	.examples = examples,
	.report = COMMAND_UPGRADED,
	.answer = answer,
	.start = start,
	.cancel = cancel,
	.summarize = summarize,
};
