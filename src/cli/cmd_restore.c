/* SPDX-License-Identifier: PostgreSQL */
#include "cli/command.h"

#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "task/restore/restore.h"

static void *start(const struct run_opts *opts)
{
	return restore_start(opts);
}

static void cancel(void *task, int signal_number)
{
	restore_cancel(task, signal_number);
}

static void summarize_rehearsal(const struct cli *cli, const struct report *report,
				const char *failed)
{
	double seconds = (double)(loop_now_ms() - cli->started_ms) / 1000;
	size_t rehearsed = 0;

	for (size_t i = 0; i < report->count; i++)
		rehearsed += !strcmp(report->accounts[i].outcome, "rehearsed");
	if (rehearsed < report->count)
		log_failure(&cli->log,
			    "%zu of %zu accounts can be restored from %s; everything "
			    "was rolled back (%.1f s).%s",
			    rehearsed, report->count, cli->conf.directory, seconds,
			    failed);
	else
		log_info(&cli->log,
			 "%zu of %zu accounts can be restored from %s; everything "
			 "was rolled back (%.1f s).",
			 rehearsed, report->count, cli->conf.directory, seconds);
}

static void summarize(const struct cli *cli, const struct report *report)
{
	double seconds = (double)(loop_now_ms() - cli->started_ms) / 1000;
	AUTO_FREE char *failed = command_list_failed(report);
	AUTO_FREE char *count = command_format_count(report->count, "account");
	AUTO_FREE char *totals = NULL, *others = NULL;
	size_t restored;

	if (cli->conf.dry_run && report->count) {
		if (failed[0])
			log_failure(&cli->log, "Nothing was done: this was a dry run.%s",
				    failed);
		else
			log_info(&cli->log, "Nothing was done: this was a dry run.");
		return;
	}
	if (!report->count)
		return;
	if (cli->conf.rehearse) {
		summarize_rehearsal(cli, report, failed);
		return;
	}
	totals = command_format_totals(report, "restored", &restored);
	others = report->others
			 ? str_format("; %zu other%s of the database were left alone",
				      report->others, report->others == 1 ? "" : "s")
			 : xstrdup("");
	if (!restored && report->result == REPORT_FAILED)
		log_failure(&cli->log, "Nothing was restored.%s", failed);
	else if (restored < report->count)
		log_failure(&cli->log, "Restored %zu of %s (%s) from %s in %.1f s%s.%s",
			    restored, count, totals, cli->conf.directory, seconds, others,
			    failed);
	else
		log_info(&cli->log, "Restored %s (%s) from %s in %.1f s%s.", count,
			 totals, cli->conf.directory, seconds, others);
}

static const char *const options[] = {
	"dry-run",   "node-jobs",           "timeout", "lock-wait", "host-suffix",
	"pg-bindir", "from-other-database", "cascade", "rehearse",  "as-superuser",
	NULL,
};

static const struct command_example examples[] = {
	{ "What would be created, dropped and loaded", "metamodel restore -D save -n" },
	{ "Put two accounts back as they were in the save before",
	  "metamodel restore -D save.old agentzh onccf" },
	{ NULL, NULL },
};

const struct command cmd_restore = {
	.line = { .name = "restore",
		  .alias = "restore-metamodel",
		  .usage = "[ACCOUNT...] [.SUFFIX]",
		  .help = "restore the accounts in a save",
		  .arguments = CONF_ACCOUNTS,
		  .options = options },
	.about = "Puts the accounts in a save back, " PRODUCT_GLOBAL
		 " first, each completely or not at all. Every\n"
		 "dump is checked before the database is touched.",
	.examples = examples,
	.report = COMMAND_DUMPS,
	.start = start,
	.cancel = cancel,
	.summarize = summarize,
};
