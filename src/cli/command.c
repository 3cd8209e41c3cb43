/* SPDX-License-Identifier: PostgreSQL */
#include "cli/command.h"

#include <signal.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "cli/prompt.h"
#include "cli/report_json.h"

enum {
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_PARTLY = 3,
	EXIT_BUSY = 4,
	EXIT_BY_SIGNAL = 128
};

static int exit_status(const struct report *r)
{
	if (r->signal_number)
		return EXIT_BY_SIGNAL + r->signal_number;
	switch (r->result) {
	case REPORT_DONE:
		return 0;
	case REPORT_PARTLY:
		return EXIT_PARTLY;
	case REPORT_FAILED:
		break;
	}
	switch (r->error.kind) {
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

static void on_done(void *owner, const struct report *report)
{
	struct cli *cli = owner;
	struct error err;

	cli->task = NULL;
	cli->exit_status =
		cli->is_interrupted ? EXIT_BY_SIGNAL + SIGINT : exit_status(report);
	progress_end(&cli->progress);
	if (report->error.kind != ERROR_NONE)
		log_error(&cli->log, &report->error);
	cli->command->summarize(cli, report);
	if (cli->conf.json && !report_write_json(cli, report, &err)) {
		log_error(&cli->log, &err);
		if (!cli->exit_status)
			cli->exit_status =
				changes_nothing(cli) ? EXIT_FAILED : EXIT_PARTLY;
	}
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

void command_start(struct cli *cli)
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

char *command_list_failed(const struct report *r)
{
	struct strbuf out = { 0 };

	for (size_t i = 0; i < r->count; i++)
		if (r->accounts[i].error && r->accounts[i].account[0])
			strbuf_add_format(
				&out, "%s%s%s",
				out.length ? ", " : " Failed: ", r->accounts[i].account,
				r->accounts[i].is_kept ? " (its last dump is kept)" : "");
	if (out.length)
		strbuf_add_char(&out, '.');
	return strbuf_detach(&out);
}

char *command_format_totals(const struct report *r, const char *outcome, size_t *count)
{
	uint64_t tables = 0, rows = 0, size_bytes = 0;
	AUTO_FREE char *size = NULL, *table_count = NULL, *row_count = NULL;

	*count = 0;
	for (size_t i = 0; i < r->count; i++) {
		if (strcmp(r->accounts[i].outcome, outcome) != 0)
			continue;
		++*count;
		tables += r->accounts[i].tables;
		rows += r->accounts[i].rows;
		size_bytes += r->accounts[i].size_bytes;
	}
	size = command_format_size(size_bytes);
	table_count = command_format_count(tables, "table");
	row_count = command_format_count(rows, "row");
	return str_format("%s, %s, %s", table_count, row_count, size);
}

char *command_format_size(uint64_t size_bytes)
{
	static const char *const units[] = { "bytes", "kB", "MB", "GB", "TB" };
	double size = (double)size_bytes;
	size_t unit = 0;

	for (; size >= 1024 && unit + 1 < ARRAY_SIZE(units); unit++)
		size /= 1024;
	return str_format(unit && size < 100 ? "%.1f %s" : "%.0f %s", size, units[unit]);
}

char *command_format_count(uint64_t count, const char *noun)
{
	return str_format("%llu %s%s", (unsigned long long)count, noun,
			  count == 1 ? "" : "s");
}
