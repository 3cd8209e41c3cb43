/* SPDX-License-Identifier: PostgreSQL */
#include "cli/command.h"

#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "task/save/save.h"

static void *start(const struct run_opts *opts)
{
	return save_start(opts);
}

static void cancel(void *task, int signal_number)
{
	save_cancel(task, signal_number);
}

/* Count the tenants that have no schema yet. */
static size_t count_missing(const struct report *report)
{
	size_t count = 0;

	for (size_t i = 0; i < report->count; i++)
		count += !strcmp(report->accounts[i].outcome, "missing");
	return count;
}

/* "; 3 unchanged; 2 others carried over", or what is true of that. Ownership: the caller
 * frees. */
static char *format_kept(const struct report *report)
{
	struct strbuf out = { 0 };
	size_t unchanged = 0;

	for (size_t i = 0; i < report->count; i++)
		unchanged += report->accounts[i].is_unchanged;
	if (unchanged)
		strbuf_add_format(&out, "; %zu unchanged", unchanged);
	if (report->others)
		strbuf_add_format(&out, "; %zu other%s carried over", report->others,
				  report->others == 1 ? "" : "s");
	return strbuf_detach(&out);
}

static void summarize(const struct cli *cli, const struct report *report)
{
	double seconds = (double)(loop_now_ms() - cli->started_ms) / 1000;
	AUTO_FREE char *failed = command_list_failed(report);
	AUTO_FREE char *totals = NULL, *count = NULL, *kept = NULL;
	size_t saved;

	if (report->result == REPORT_FAILED) {
		if (failed[0] && !report->signal_number)
			log_failure(&cli->log, "Nothing was saved: %s is as it was.%s",
				    cli->conf.directory, failed);
		return;
	}
	totals = command_format_totals(report, "saved", &saved);
	if (cli->conf.dry_run) {
		if (failed[0])
			log_failure(&cli->log, "Nothing was done: this was a dry run.%s",
				    failed);
		else
			log_info(&cli->log, "Nothing was done: this was a dry run.");
		return;
	}
	count = command_format_count(report->count - count_missing(report),
				     cli->conf.product.noun);
	kept = format_kept(report);
	if (failed[0])
		log_failure(&cli->log, "Saved %zu of %s (%s) to %s in %.1f s%s.%s", saved,
			    count, totals, cli->conf.directory, seconds, kept, failed);
	else
		log_info(&cli->log, "Saved %s (%s) to %s in %.1f s%s.", count, totals,
			 cli->conf.directory, seconds, kept);
}

static const char *const options[] = {
	"dry-run",    "node-jobs",           "timeout", "lock-wait",    "host-suffix",
	"pg-bindir",  "from-other-database", "batch",   "keep",         "keep-days",
	"keep-weeks", "keep-months",         "strict",  "as-superuser", NULL,
};

static const struct command_example examples[] = {
	{ "Every night: silent when all is well, seven saves kept",
	  "metamodel save -q --keep 6 -D /var/backups/metamodel/save" },
	{ "What would be dumped, and to where", "metamodel save -n -d resty" },
	{ NULL, NULL },
};

const struct command cmd_save = {
	.line = { .name = "save",
		  .alias = "save-metamodel",
		  .usage = "[ACCOUNT...] [.SUFFIX]",
		  .help = "dump accounts to metamodel/ACCOUNT.sql",
		  .arguments = CONF_ACCOUNTS,
		  .takes_models = true,
		  .needs_whole = true,
		  .options = options },
	.about = "Dumps " PRODUCT_GLOBAL
		 " and every account, or those that are named, from one snapshot into a\n"
		 "directory, which takes the place of the save before in one step. An "
		 "account that cannot\n"
		 "be dumped keeps its last good dump, and the exit status is 3.",
	.examples = examples,
	.report = COMMAND_DUMPS,
	.has_hooks = true,
	.start = start,
	.cancel = cancel,
	.summarize = summarize,
};
