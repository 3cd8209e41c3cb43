/* SPDX-License-Identifier: PostgreSQL */
#include "cli/report_json.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/str.h"
#include "catalog/states.h"

/* null for NULL. Messages may be in any encoding: what is no UTF-8 becomes '?'. */
static json_t *text(const char *s)
{
	AUTO_STRBUF struct strbuf clean = { 0 };

	if (!s)
		return json_null();
	strbuf_add(&clean, "", 0);
	strbuf_add_utf8(&clean, s);
	return json_string(clean.buf);
}

static const char *result_name(const struct report *report)
{
	if (report->signal_number)
		return "interrupted";
	if (report->error.kind == ERROR_BUSY)
		return "busy";
	switch (report->result) {
	case REPORT_DONE:
		return "done";
	case REPORT_PARTLY:
		return "partly";
	case REPORT_FAILED:
		return "failed";
	}
	return "failed";
}

/* The lines of a text as a list. */
static json_t *lines(const char *s)
{
	json_t *list = json_array();

	while (s && *s) {
		size_t length = strcspn(s, "\n");
		AUTO_FREE char *line = xstrndup(s, length);

		json_array_append_new(list, text(line));
		s += length + (s[length] == '\n');
	}
	return list;
}

static json_t *format_worked_on(const struct report_account *account, bool is_upgrade)
{
	json_t *out = json_pack(
		"{so so so ss so so sI sI sI sf so}", "account", text(account->account),
		"file", text(account->file), "node", text(account->node), "result",
		account->outcome, "error", text(account->error), "version",
		text(account->version), "tables", (json_int_t)account->tables, "rows",
		(json_int_t)account->rows, "bytes", (json_int_t)account->size_bytes,
		"seconds", (double)account->elapsed_ms / 1000, "destroyed",
		lines(account->destroyed));

	if (is_upgrade) {
		json_object_set_new(out, "from", text(account->from));
		json_object_set_new(out, "to", text(account->version));
	}
	return out;
}

static json_t *format_looked_at(const struct report_account *account)
{
	bool is_saved = account->saved_at[0] != '\0';

	return json_pack(
		"{so so so so so so so so so sb so}", "account", text(account->account),
		"node", text(account->node), "error", text(account->error), "version",
		text(account->version), "state", text(account->state), "problem",
		text(account->problem), "behind", lines(account->behind), "differences",
		lines(account->differences), "saved_at",
		text(is_saved ? account->saved_at : NULL), "stale", account->is_stale,
		"bytes",
		is_saved ? json_integer((json_int_t)account->size_bytes) : json_null());
}

static json_t *format_account(const struct cli *cli, const struct report_account *account)
{
	if (cli->command->report == COMMAND_STATES)
		return format_looked_at(account);
	return format_worked_on(account, cli->command->report == COMMAND_UPGRADED);
}

static json_t *format_unregistered(const struct strvec *names, bool is_model)
{
	json_t *list = json_array();

	for (size_t i = 0; i < names->count; i++) {
		AUTO_FREE char *statement =
			is_model ? NULL : catalog_register_statement(names->v[i]);

		json_array_append_new(list,
				      json_pack("{so so}", "account", text(names->v[i]),
						"register", text(statement)));
	}
	return list;
}

bool report_write_json(const struct cli *cli, const struct report *report,
		       struct error *err)
{
	bool has_error = report->error.kind != ERROR_NONE;
	json_t *accounts = json_array();
	char finished[CLOCK_TEXT_BYTES];
	AUTO_FREE char *line = NULL;
	json_t *root;

	for (size_t i = 0; i < report->count; i++)
		json_array_append_new(accounts,
				      format_account(cli, &report->accounts[i]));
	clock_now(finished);
	root = json_pack(
		"{ss ss ss sf ss si so so so}", "command", cli->command->line.name,
		"started", cli->started, "finished", finished, "seconds",
		(double)(loop_now_ms() - cli->started_ms) / 1000, "result",
		result_name(report), "exit_status", cli->exit_status, "error",
		text(has_error ? report->error.text : NULL), "hint",
		text(has_error && report->error.hint[0] ? report->error.hint : NULL),
		"accounts", accounts);
	if (cli->command->report == COMMAND_STATES ||
	    cli->command->report == COMMAND_VERIFIED)
		json_object_set_new(root, "too_old", lines(report->too_old));
	if (cli->command->report == COMMAND_STATES)
		json_object_set_new(root, "unregistered",
				    format_unregistered(&report->unregistered,
							cli->conf.product.is_model));
	line = json_dumps(root,
			  JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6));
	json_decref(root);
	if (!line)
		abort(); /* out of memory */
	if (!fs_write_all(STDOUT_FILENO, line, strlen(line), err) ||
	    !fs_write_all(STDOUT_FILENO, "\n", 1, err))
		return error_prefix(err, "the report");
	return true;
}
