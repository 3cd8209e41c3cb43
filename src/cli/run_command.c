/* SPDX-License-Identifier: PostgreSQL */
/*
 * Callers such as cron get the same exit statuses and the same form of report from every
 * command. So both are made here, when the task has ended.
 */
#include "cli/run_command.h"

#include <signal.h>
#include <unistd.h>

#include "cli/hooks.h"
#include "cli/prompt.h"
#include "cli/report_json.h"

enum {
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_PARTLY = 3,
	EXIT_BUSY = 4,
	EXIT_BY_SIGNAL = 128
};

int run_exit_status(const struct report *report)
{
	if (report->signal_number)
		return EXIT_BY_SIGNAL + report->signal_number;
	switch (report->result) {
	case REPORT_DONE:
		return 0;
	case REPORT_PARTLY:
		return EXIT_PARTLY;
	case REPORT_FAILED:
		break;
	}
	switch (report->error.kind) {
	case ERROR_USAGE:
		return EXIT_USAGE;
	case ERROR_BUSY:
		return EXIT_BUSY;
	case ERROR_NONE:
	case ERROR_SYSTEM:
	case ERROR_SERVER:
	case ERROR_CHILD:
	case ERROR_DATA:
	case ERROR_SIGNAL:
		break;
	}
	return EXIT_FAILED;
}

static bool changes_nothing(const struct cli *cli)
{
	return cli->conf.dry_run || cli->command->changes_nothing;
}

/* The closing line, and the report if one is wanted. */
static bool finish(const struct cli *cli, const struct report *report, struct error *err)
{
	if (cli->command->finish)
		return cli->command->finish(cli, err);
	cli->command->summarize(cli, report);
	return !cli->conf.json || report_write_json(cli, report, STDOUT_FILENO, err);
}

static void on_done(void *owner, const struct report *report)
{
	struct cli *cli = owner;
	struct error err;

	cli->task = NULL;
	cli->exit_status =
		cli->is_interrupted ? EXIT_BY_SIGNAL + SIGINT : run_exit_status(report);
	progress_end(&cli->progress);
	if (report->error.kind != ERROR_NONE)
		log_error(&cli->log, &report->error);
	if (!finish(cli, report, &err)) {
		log_error(&cli->log, &err);
		if (!cli->exit_status)
			cli->exit_status =
				changes_nothing(cli) ? EXIT_FAILED : EXIT_PARTLY;
	}
	hooks_after(cli, report);
}

static bool ask_password(void *owner, char **out)
{
	struct cli *cli = owner;
	enum prompt_result result;

	if (cli->conf.no_password)
		return false;
	progress_hide(&cli->progress);
	result = prompt_password(out);
	cli->is_interrupted = result == PROMPT_INTERRUPTED;
	return result == PROMPT_ANSWERED;
}

static void on_progress(void *owner, size_t done, size_t total)
{
	struct cli *cli = owner;

	progress_update(&cli->progress, done, total);
}

static void start(struct cli *cli)
{
	const struct run_opts opts = {
		.loop = cli->loop,
		.log = &cli->log,
		.conf = &cli->conf,
		.command = cli->command->line.name,
		.program = "metamodel " VERSION,
		.ask_password = ask_password,
		.progress = on_progress,
		.done = on_done,
		.owner = cli,
	};

	cli->task = cli->command->start(&opts);
}

/* The hook `before` has ended. */
static void begin(struct cli *cli, const struct error *err)
{
	struct report refused = { .result = REPORT_FAILED };

	if (!err) {
		start(cli);
		return;
	}
	refused.error = *err;
	refused.signal_number = cli->hooks.signal_number;
	on_done(cli, &refused);
}

void run_command(struct cli *cli)
{
	hooks_before(cli, begin);
}
