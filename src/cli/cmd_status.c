/* SPDX-License-Identifier: PostgreSQL */
#include "cli/command.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "catalog/states.h"
#include "cli/table.h"
#include "task/failures.h"
#include "task/status/status.h"

static void *start(const struct run_opts *opts)
{
	return status_start(opts);
}

static void cancel(void *task, int signal_number)
{
	status_cancel(task, signal_number);
}

static void add_row(struct table *table, const struct report_account *account)
{
	bool is_saved = account->saved_at[0] != '\0';
	AUTO_FREE char *saved =
		str_format("%s%s", account->saved_at, account->is_stale ? " stale" : "");

	table_add(table, account->account);
	table_add(table, account->node);
	table_add(table, account->version);
	table_add(table, account->state);
	table_add(table, is_saved ? saved : NULL);
	if (is_saved)
		table_add_number(table, account->size_bytes);
	else
		table_add(table, NULL);
}

static void print_accounts(const struct report *report, bool is_model)
{
	const char *const heading[] = { is_model ? "TENANT" : "ACCOUNT",
					"NODE",
					"VERSION",
					"STATE",
					"SAVED",
					"BYTES" };
	struct table table = { .columns = ARRAY_SIZE(heading) };

	for (size_t i = 0; i < ARRAY_SIZE(heading); i++)
		table_add(&table, heading[i]);
	for (size_t i = 0; i < report->count; i++)
		if (!report->accounts[i].error)
			add_row(&table, &report->accounts[i]);
	table_print(&table);
	table_release(&table);
}

/* Print the lines about an account, each with "NAME: " before it. */
static void print_lines(const char *account, const char *lines)
{
	AUTO_STRBUF struct strbuf name = { 0 };

	strbuf_add_printable(&name, account);
	while (lines && *lines) {
		size_t length = strcspn(lines, "\n");
		AUTO_FREE char *line = xstrndup(lines, length);
		AUTO_STRBUF struct strbuf printable = { 0 };

		strbuf_add_printable(&printable, line);
		printf("%s: %s\n", name.buf, printable.buf);
		lines += length + (lines[length] == '\n');
	}
}

/* The same, unless these lines were already printed for another account. */
static void print_once(const struct report_account *account, const char *lines,
		       const char *hint, struct failures *told)
{
	struct error err;

	if (!lines)
		return;
	error_set(&err, ERROR_SERVER, "%s", lines);
	error_hint(&err, "%s", hint ? hint : "");
	if (!failures_note(told, account->account, "", &err))
		return;
	print_lines(account->account, lines);
	if (hint) {
		AUTO_FREE char *line = str_format("hint: %s", hint);

		print_lines(account->account, line);
	}
}

static void print_others(const struct failures *told)
{
	for (size_t i = 0; i < told->count; i++) {
		const char *account;
		AUTO_FREE char *others = failures_format_others(told, i, &account);

		if (others)
			printf("%s: %s\n", account, others);
	}
}

static void print_unregistered(const struct report *report, bool is_model)
{
	for (size_t i = 0; i < report->unregistered.count; i++) {
		const char *name = report->unregistered.v[i];
		AUTO_FREE char *statement = catalog_register_statement(name);
		AUTO_FREE char *line = str_format(
			"looks like an account, but is not registered: %s", statement);

		print_lines(name, is_model ? "has steps as tenants have, but is not "
					     "registered as one"
					   : line);
	}
}

/* Print the steps that it lacks, on one line. */
static void print_behind(const struct report_account *account, struct failures *told)
{
	struct strbuf line = { 0 };
	AUTO_FREE char *text = NULL;

	if (!account->behind)
		return;
	strbuf_add_str(&line, "lacks ");
	for (const char *p = account->behind; *p; p++)
		strbuf_add_str(&line, *p == '\n' ? ", " : (char[]){ *p, '\0' });
	text = strbuf_detach(&line);
	print_once(account, text, NULL, told);
}

static void print_details(const struct cli *cli, const struct report *report)
{
	struct failures told = { 0 };
	bool has_any = report->unregistered.count > 0, is_verbose = cli->conf.verbose;

	for (size_t i = 0; i < report->count; i++)
		has_any |= report->accounts[i].problem ||
			   report->accounts[i].differences ||
			   (is_verbose && report->accounts[i].behind);
	if (has_any)
		putchar('\n');
	for (size_t i = 0; i < report->count; i++) {
		const struct report_account *account = &report->accounts[i];

		print_once(account, account->problem, account->hint, &told);
		print_once(account, account->differences, NULL, &told);
		if (is_verbose)
			print_behind(account, &told);
	}
	print_others(&told);
	failures_release(&told);
	print_unregistered(report, cli->conf.product.is_model);
}

static void summarize(const struct cli *cli, const struct report *report)
{
	const struct product *product = &cli->conf.product;
	size_t current = 0, shared = 0;
	AUTO_FREE char *count = NULL;

	for (size_t i = 0; i < report->count; i++) {
		const struct report_account *account = &report->accounts[i];

		shared += account->state && !strcmp(account->state, "shared");
		current += report_is_current(account);
	}
	count = command_format_count(report->count - shared, product->noun);
	if (!cli->conf.json && report->count && report->error.kind == ERROR_NONE) {
		print_accounts(report, product->is_model);
		print_details(cli, report);
		(void)!fflush(
			stdout); /* before the closing line; main() checks for errors */
	}
	if (report->error.kind == ERROR_NONE)
		log_info(&cli->log, "%s, %zu of them current.", count, current - shared);
}

static const char *const options[] = {
	"lock-wait", "host-suffix",  "migrations", "check",
	"max-age",   "as-superuser", NULL,
};

static const struct command_example examples[] = {
	{ "Fail unless all accounts are current and all dumps of the last 36 hours",
	  "metamodel status --check --max-age=36h" },
	{ "Which migrations does each tenant of a Django site lack?",
	  "metamodel status -v --model=django-tenants -d site" },
	{ NULL, NULL },
};

const struct command cmd_status = {
	.line = { .name = "status",
		  .usage = "[ACCOUNT...] [.SUFFIX]",
		  .help = "show each account's version, state and last save",
		  .arguments = CONF_ACCOUNTS,
		  .takes_models = true,
		  .options = options },
	.about = "Shows for each account its node, version and state, and when it was "
		 "last saved. It\n"
		 "locks nothing and changes nothing.",
	.examples = examples,
	.report = COMMAND_STATES,
	.changes_nothing = true,
	.start = start,
	.cancel = cancel,
	.summarize = summarize,
};
