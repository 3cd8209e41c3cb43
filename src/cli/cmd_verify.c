/* SPDX-License-Identifier: PostgreSQL */
#include "cli/command.h"

#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "task/verify/verify.h"

static void *start(const struct run_opts *opts)
{
	return verify_start(opts);
}

static void cancel(void *task, int signal_number)
{
	verify_cancel(task, signal_number);
}

static bool has_failed(const struct report *report)
{
	for (size_t i = 0; i < report->count; i++)
		if (report->accounts[i].error)
			return true;
	return false;
}

static void summarize(const struct cli *cli, const struct report *report)
{
	AUTO_FREE char *failed = command_list_failed(report);
	AUTO_FREE char *size = NULL, *count = NULL, *stale_note = NULL;
	AUTO_STRBUF struct strbuf stale = { 0 };
	uint64_t size_bytes = 0;

	if (report->signal_number || (report->error.kind != ERROR_NONE && !report->count))
		return;
	for (size_t i = 0; i < report->count; i++) {
		size_bytes += report->accounts[i].size_bytes;
		if (!strcmp(report->accounts[i].outcome, "stale"))
			strbuf_add_format(&stale, "%s%s",
					  stale.length ? ", " : " Stale: ",
					  report->accounts[i].account);
	}
	size = command_format_size(size_bytes);
	count = command_format_count(report->count, cli->conf.product.noun);
	stale_note = str_format("%s%s", stale.length ? stale.buf : "",
				stale.length ? "." : "");
	if (report->result == REPORT_DONE && cli->conf.load)
		log_info(&cli->log,
			 "%s is in order, and all of it can be loaded: %s, %s, %.1f s.%s",
			 cli->conf.directory, count, size,
			 (double)(loop_now_ms() - cli->started_ms) / 1000, stale_note);
	else if (report->result == REPORT_DONE)
		log_info(&cli->log, "%s is in order: %s, %s.%s", cli->conf.directory,
			 count, size, stale_note);
	else if (!failed[0] && report->error.kind == ERROR_NONE && report->too_old)
		log_failure(&cli->log, "%s is in order, but too old: %s, %s.%s",
			    cli->conf.directory, count, size, stale_note);
	else
		log_failure(&cli->log, "%s %s.%s%s", cli->conf.directory,
			    !cli->conf.load ? "is not in order"
			    : has_failed(report) && report->error.kind == ERROR_NONE
				    ? "cannot be restored completely"
				    : "was not loaded",
			    failed, stale_note);
}

static const char *const options[] = {
	"timeout", "pg-bindir", "max-age", "load", "load-template", "as-superuser", NULL,
};

static const struct command_example examples[] = {
	{ "Is each dump complete and as it was written?",
	  "metamodel verify /var/backups/metamodel/save" },
	{ "Prove that a server accepts all of it",
	  "metamodel verify --load=\"host=spare user=loader\" "
	  "/var/backups/metamodel/save" },
	{ NULL, NULL },
};

const struct command cmd_verify = {
	.line = { .name = "verify",
		  .usage = "[DIR]",
		  .help = "check a save on disk, by reading or loading it",
		  .arguments = CONF_DIRECTORY,
		  .takes_models = true,
		  .options = options },
	.about = "Reads every dump of a save and compares it with the manifest, without "
		 "a database. With\n"
		 "--load, it also restores the whole save into a scratch database, and "
		 "drops that.",
	.examples = examples,
	.group = COMMAND_LOOKS,
	.report = COMMAND_VERIFIED,
	.changes_nothing = true,
	.start = start,
	.cancel = cancel,
	.summarize = summarize,
};
