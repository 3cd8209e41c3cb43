/* SPDX-License-Identifier: PostgreSQL */
#include "cli/report_json.h"

#include "base/auto.h"
#include "catalog/states.h"
#include "cli/json.h"

const char *report_result_name(const struct report *report)
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

static json_t *format_worked_on(const struct report_account *account, bool is_upgrade)
{
	json_t *out = json_pack(
		"{so so so ss so so sI sI sI sb sf so}", "account",
		json_text(account->account), "file", json_text(account->file), "node",
		json_text(account->node), "result", account->outcome, "error",
		json_text(account->error), "version", json_text(account->version),
		"tables", (json_int_t)account->tables, "rows", (json_int_t)account->rows,
		"bytes", (json_int_t)account->size_bytes, "unchanged",
		account->is_unchanged, "seconds", (double)account->elapsed_ms / 1000,
		"destroyed", json_lines(account->destroyed));

	if (is_upgrade) {
		json_object_set_new(out, "from", json_text(account->from));
		json_object_set_new(out, "to", json_text(account->version));
	}
	return out;
}

static json_t *format_looked_at(const struct report_account *account)
{
	bool is_saved = account->saved_at[0] != '\0';

	return json_pack(
		"{so so so so so so so so so sb so}", "account",
		json_text(account->account), "node", json_text(account->node), "error",
		json_text(account->error), "version", json_text(account->version),
		"state", json_text(account->state), "problem",
		json_text(account->problem), "behind", json_lines(account->behind),
		"differences", json_lines(account->differences), "saved_at",
		json_text(is_saved ? account->saved_at : NULL), "stale",
		account->is_stale, "bytes",
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

		json_array_append_new(list, json_pack("{so so}", "account",
						      json_text(names->v[i]), "register",
						      json_text(statement)));
	}
	return list;
}

bool report_write_json(const struct cli *cli, const struct report *report, int fd,
		       struct error *err)
{
	json_t *accounts = json_array();
	json_t *root = json_begin(cli, report_result_name(report), &report->error);

	for (size_t i = 0; i < report->count; i++)
		json_array_append_new(accounts,
				      format_account(cli, &report->accounts[i]));
	json_object_set_new(root, "accounts", accounts);
	if (cli->command->report == COMMAND_STATES ||
	    cli->command->report == COMMAND_VERIFIED)
		json_object_set_new(root, "too_old", json_lines(report->too_old));
	if (cli->command->report == COMMAND_STATES)
		json_object_set_new(root, "unregistered",
				    format_unregistered(&report->unregistered,
							cli->conf.product.is_model));
	return json_write(root, fd, err);
}
