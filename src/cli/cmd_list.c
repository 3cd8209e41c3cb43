/* SPDX-License-Identifier: PostgreSQL */
#include "cli/command.h"

#include <stdio.h>
#include <time.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/str.h"
#include "cli/list_json.h"
#include "cli/table.h"
#include "task/list/list.h"

enum { FAILED = 1, PARTLY = 3 };

static void add_age(struct table *table, const char *saved_at)
{
	char age[CLOCK_AGE_BYTES];

	if (*saved_at)
		clock_format_age(clock_parse(saved_at), time(NULL), age);
	table_add(table, *saved_at ? age : NULL);
}

static void add_known(struct table *table, bool is_known, uint64_t number)
{
	if (is_known)
		table_add_number(table, number);
	else
		table_add(table, NULL);
}

/* ---- the saves ---- */

/* The database and its server; if there are several, their number. */
static void add_database(struct table *table, const struct list_save *save)
{
	const struct manifest *manifest = &save->manifest;
	const struct manifest_node *node = manifest->nodes;
	AUTO_FREE char *nodes = str_format("%zu nodes", manifest->node_count);
	AUTO_FREE char *server = NULL;

	if (manifest->node_count == 1 && node->host)
		server = str_format("%s:%s", node->host, node->port ? node->port : "");
	table_add(table, manifest->node_count > 1 ? nodes
			 : manifest->node_count   ? node->name
						  : NULL);
	table_add(table, server);
}

static void add_save(struct table *table, const struct list_save *save)
{
	table_add(table, save->path);
	table_add(table, *save->saved_at ? save->saved_at : NULL);
	add_age(table, save->saved_at);
	table_add(table, save->state);
	add_database(table, save);
	table_add_number(table, save->accounts);
	add_known(table, save->has_changed, save->changed);
	add_known(table, save->has_manifest, save->manifest.failed);
	add_known(table, save->has_manifest, save->stale);
	table_add_number(table, save->size_bytes);
}

static void print_saves(const struct list *list, bool is_model)
{
	const char *const heading[] = { "SAVE",
					"SAVED",
					"AGE",
					"STATE",
					"DATABASE",
					"SERVER",
					is_model ? "TENANTS" : "ACCOUNTS",
					"CHANGED",
					"FAILED",
					"STALE",
					"BYTES" };
	struct table table = { .columns = ARRAY_SIZE(heading) };

	for (size_t i = 0; i < ARRAY_SIZE(heading); i++)
		table_add(&table, heading[i]);
	for (size_t i = 0; i < list->save_count; i++)
		add_save(&table, &list->saves[i]);
	table_print(&table);
	table_release(&table);
}

/* ---- the dumps of accounts ---- */

static void add_dump(struct table *table, const struct conf *conf,
		     const struct list *list, const struct list_dump *dump)
{
	AUTO_FREE char *saved =
		str_format("%s%s", dump->saved_at, dump->is_stale ? " stale" : "");

	table_add(table, conf->accounts.v[dump->account]);
	table_add(table, list->saves[dump->save].path);
	table_add(table, dump->has_facts ? saved : NULL);
	add_age(table, dump->saved_at);
	table_add(table, dump->version);
	add_known(table, dump->has_facts, dump->tables);
	add_known(table, dump->has_facts, dump->rows);
	table_add_number(table, dump->size_bytes);
	table_add(table, *dump->same_since ? dump->same_since : NULL);
}

static void print_dumps(const struct conf *conf, const struct list *list)
{
	const char *const heading[] = { conf->product.is_model ? "TENANT" : "ACCOUNT",
					"SAVE",
					"SAVED",
					"AGE",
					"VERSION",
					"TABLES",
					"ROWS",
					"BYTES",
					"SAME SINCE" };
	struct table table = { .columns = ARRAY_SIZE(heading) };

	if (!list->dump_count)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(heading); i++)
		table_add(&table, heading[i]);
	for (size_t i = 0; i < list->dump_count; i++)
		add_dump(&table, conf, list, &list->dumps[i]);
	table_print(&table);
	table_release(&table);
}

/* ---- problems, below the table ---- */

static void print_problem(const char *path, const char *account, const char *problem,
			  bool *is_first)
{
	AUTO_STRBUF struct strbuf line = { 0 };

	if (!problem)
		return;
	strbuf_add_printable(&line, path);
	if (account) {
		strbuf_add_str(&line, ": ");
		strbuf_add_printable(&line, account);
	}
	strbuf_add_str(&line, ": ");
	strbuf_add_printable(&line, problem);
	printf("%s%s\n", *is_first ? "\n" : "", line.buf);
	*is_first = false;
}

static void print_problems(const struct conf *conf, const struct list *list)
{
	bool is_first = true;

	for (size_t i = 0; i < list->save_count; i++)
		print_problem(list->saves[i].path, NULL, list->saves[i].problem,
			      &is_first);
	for (size_t i = 0; i < list->dump_count; i++)
		print_problem(list->saves[list->dumps[i].save].path,
			      conf->accounts.v[list->dumps[i].account],
			      list->dumps[i].problem, &is_first);
}

static void log_missing(const struct cli *cli, const struct list *list)
{
	const struct conf *conf = &cli->conf;
	struct error err;

	for (size_t i = 0; i < conf->accounts.count; i++) {
		if (list->is_found[i])
			continue;
		error_set(&err, ERROR_DATA, "%s %s is in no save of %s",
			  conf->product.noun, conf->accounts.v[i], conf->directory);
		log_error(&cli->log, &err);
	}
}

static bool print(const struct cli *cli, const struct list *list, struct error *err)
{
	if (cli->conf.accounts.count)
		print_dumps(&cli->conf, list);
	else
		print_saves(list, cli->conf.product.is_model);
	print_problems(&cli->conf, list);
	return command_flush(err);
}

static bool answer(struct cli *cli, bool *is_answered, struct error *err)
{
	const struct conf *conf = &cli->conf;
	struct error failure = { .kind = ERROR_NONE };
	struct list list;
	bool is_ok = list_read(conf, &list, &failure), is_written = true;

	*is_answered = true;
	if (!is_ok)
		log_error(&cli->log, &failure);
	if (!is_ok || (list.missing && list.missing == conf->accounts.count))
		cli->exit_status = FAILED;
	else
		cli->exit_status = list.is_whole ? 0 : PARTLY;
	if (conf->json)
		is_written = list_write_json(cli, &list, &failure, err);
	else if (is_ok)
		is_written = print(cli, &list, err);
	if (is_ok)
		log_missing(cli, &list);
	list_release(&list);
	return is_written;
}

static const char *const options[] = { NULL };

static const struct command_example examples[] = {
	{ "Which saves are there, and how old are they?",
	  "metamodel list -D /var/backups/metamodel/save" },
	{ "Which saves have a dump of this account?", "metamodel list agentzh" },
	{ NULL, NULL },
};

const struct command cmd_list = {
	.line = { .name = "list",
		  .usage = "[ACCOUNT...]",
		  .help = "show the saves, or in which saves accounts are",
		  .arguments = CONF_ACCOUNTS,
		  .takes_models = true,
		  .is_offline = true,
		  .options = options },
	.about = "Lists the save and its older ones, the newest first, with what is in "
		 "them. With\n"
		 "accounts, it lists in which saves each of them is, and since when it "
		 "has been the same.",
	.examples = examples,
	.group = COMMAND_LOOKS,
	.changes_nothing = true,
	.answer = answer,
};
