/* SPDX-License-Identifier: PostgreSQL */
#include "cli/command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "cli/diff_json.h"
#include "task/diff/diff.h"

enum { FAILED = 1, PARTLY = 3 };

static const char signs[] = {
	[DIFF_CAME] = '+', [DIFF_WENT] = '-', [DIFF_CHANGED] = '~'
};

/* Where the last row was of. */
struct rows_place {
	const struct diff_object *table;
	enum diff_side side;
};

struct printing {
	const struct conf *conf;
	struct rows_place place;
};

static void print_printable(const char *text)
{
	AUTO_STRBUF struct strbuf printable = { 0 };

	strbuf_add(&printable, "", 0);
	strbuf_add_printable(&printable, text);
	fputs(printable.buf, stdout);
}

/* Each line of a text behind a sign. */
static void print_lines(char sign, const char *text)
{
	while (*text) {
		size_t length = strcspn(text, "\n");
		AUTO_FREE char *line = xstrndup(text, length);

		printf("        %c ", sign);
		print_printable(line);
		putchar('\n');
		text += length + (text[length] == '\n');
	}
}

static void print_all(char sign, const struct strvec *texts)
{
	for (size_t i = 0; i < texts->count; i++)
		print_lines(sign, texts->v[i]);
}

/* ", 1 row added, 2 removed" */
static void add_counts(struct strbuf *out, const char *noun, uint64_t added,
		       uint64_t removed)
{
	AUTO_FREE char *words = command_format_count(added ? added : removed, noun);

	if (!added && !removed)
		return;
	strbuf_add_format(out, "%s%s %s", out->length ? "; " : "", words,
			  added ? "added" : "removed");
	if (added && removed)
		strbuf_add_format(out, ", %" PRIu64 " removed", removed);
}

/* The number that a sequence is set to. NULL: that is not what the statement does. */
static const char *find_number(const struct strvec *statements)
{
	const char *text = statements->count == 1 ? statements->v[0] : "", *comma;

	if (!str_has_prefix(text, "SELECT pg_catalog.setval("))
		return NULL;
	comma = strstr(text, "', ");
	return comma ? comma + strlen("', ") : NULL;
}

/* "at 4 -> 5": what mostly changes of a sequence. */
static bool add_numbers(struct strbuf *out, const struct diff_object *object)
{
	const char *from = find_number(&object->statements[DIFF_FROM]);
	const char *to = find_number(&object->statements[DIFF_TO]);

	if (!from || !to)
		return false;
	strbuf_add_format(out, "at %.*s -> %.*s", (int)strspn(from, "-0123456789"), from,
			  (int)strspn(to, "-0123456789"), to);
	return true;
}

static void print_changed(const struct printing *p, const struct diff_object *object)
{
	AUTO_STRBUF struct strbuf line = { 0 };

	add_counts(&line, "row", object->rows[DIFF_TO], object->rows[DIFF_FROM]);
	add_counts(&line, "column", object->columns[DIFF_TO].count,
		   object->columns[DIFF_FROM].count);
	if (!add_numbers(&line, object))
		add_counts(&line, "statement", object->statements[DIFF_TO].count,
			   object->statements[DIFF_FROM].count);
	printf("    ~ ");
	print_printable(object->name);
	printf(": %s\n", line.buf);
	print_all('-', &object->columns[DIFF_FROM]);
	print_all('+', &object->columns[DIFF_TO]);
	if (!p->conf->verbose)
		return;
	print_all('-', &object->statements[DIFF_FROM]);
	print_all('+', &object->statements[DIFF_TO]);
}

/* A table that only one save has. */
static void print_table(const struct printing *p, const struct diff_object *object,
			enum diff_side side)
{
	const struct diff_part *part = &object->parts[side];
	char sign = side == DIFF_TO ? '+' : '-';
	AUTO_FREE char *columns = command_format_count(part->columns.count, "column");
	AUTO_FREE char *rows = command_format_count(part->rows, "row");

	printf("    %c ", sign);
	print_printable(object->name);
	printf(": table with %s, %s\n", columns, rows);
	if (!p->conf->verbose)
		return;
	print_all(sign, &part->columns);
	print_all(sign, &part->statements);
}

static void print_object(const struct printing *p, const struct diff_object *object)
{
	bool is_from = object->parts[DIFF_FROM].is_table;

	if (is_from == object->parts[DIFF_TO].is_table)
		print_changed(p, object);
	else
		print_table(p, object, is_from ? DIFF_FROM : DIFF_TO);
}

static void add_number(struct strbuf *out, const char *noun, uint64_t from, uint64_t to)
{
	AUTO_FREE char *words = command_format_count(from, noun);

	strbuf_add_format(out, "%s, ", words);
	if (from != to) {
		out->length -= 2;
		strbuf_add_format(out, " -> %" PRIu64 ", ", to);
	}
}

/* What both have, or the one that there is. */
static void print_facts(const struct diff_account *account)
{
	const struct diff_dump *from = &account->dumps[DIFF_FROM];
	const struct diff_dump *to = &account->dumps[DIFF_TO];
	const char *from_version, *to_version;
	AUTO_STRBUF struct strbuf line = { 0 };

	from = account->change == DIFF_CAME ? to : from;
	to = account->change == DIFF_WENT ? from : to;
	if (!from->has_facts || !to->has_facts)
		return;
	from_version = from->version ? from->version : "nil";
	to_version = to->version ? to->version : "nil";
	add_number(&line, "table", from->tables, to->tables);
	add_number(&line, "row", from->rows, to->rows);
	strbuf_add_format(&line, "version %s", from_version);
	if (strcmp(from_version, to_version) != 0)
		strbuf_add_format(&line, " -> %s", to_version);
	fputs(": ", stdout);
	print_printable(line.buf);
}

static void on_account(void *owner, const struct diff_account *account)
{
	struct printing *p = owner;

	p->place = (struct rows_place){ 0 };
	if (account->problem)
		return; /* it was said */
	printf("%c ", signs[account->change]);
	print_printable(account->name);
	print_facts(account);
	putchar('\n');
	for (size_t i = 0; account->objects && i < account->objects->count; i++)
		if (diff_object_differs(account->objects->list[i]))
			print_object(p, account->objects->list[i]);
}

/* A row as it is in the dump: a tab between columns, \N for NULL. */
static void on_row(void *owner, enum diff_side side, const struct diff_object *table,
		   const char *data, size_t length, bool is_cut)
{
	struct printing *p = owner;
	AUTO_FREE char *row = xstrndup(data, length);
	char *rest = row, *cell;

	if (p->place.table != table || p->place.side != side) {
		printf("    rows of ");
		print_printable(table->name);
		printf(" %s:\n", side == DIFF_TO ? "added" : "removed");
	}
	p->place = (struct rows_place){ table, side };
	printf("        %c ", side == DIFF_TO ? '+' : '-');
	while ((cell = strsep(&rest, "\t"))) {
		print_printable(cell);
		fputs(rest ? "\t" : "", stdout);
	}
	puts(is_cut ? "..." : "");
}

static void print_heading(const struct diff *diff)
{
	for (int side = 0; side < DIFF_SIDES; side++) {
		const struct diff_save *save = &diff->saves[side];
		const char *started = save->dir.manifest.started;

		fputs(side ? " -> " : "", stdout);
		print_printable(save->path);
		if (*started)
			printf(" (%s)", started);
	}
	putchar('\n');
}

static void add_json(void *owner, const struct diff_account *account)
{
	diff_json_add(owner, account);
}

static void summarize(const struct cli *cli, const struct diff *diff)
{
	AUTO_FREE char *changed =
		command_format_count(diff->changed, cli->conf.product.noun);

	if (!cli->conf.quiet)
		log_info(&cli->log, "%s changed, %zu came, %zu went, %zu %s the same.",
			 changed, diff->came, diff->went, diff->same,
			 diff->same == 1 ? "is" : "are");
}

static void judge(struct cli *cli, const struct diff *diff)
{
	size_t asked = cli->conf.accounts.count;

	if (asked && diff->missing == asked)
		cli->exit_status = FAILED;
	else
		cli->exit_status = diff->is_whole ? 0 : PARTLY;
}

static bool print(struct cli *cli, struct diff *diff, struct error *err)
{
	struct printing printing = { .conf = &cli->conf };
	const struct diff_hooks hooks = { .on_account = on_account,
					  .on_row = cli->conf.verbose ? on_row : NULL,
					  .owner = &printing };

	print_heading(diff);
	diff_run(diff, &cli->conf, &cli->log, &hooks);
	judge(cli, diff);
	if (!command_flush(err))
		return false;
	summarize(cli, diff);
	return true;
}

static bool write_json(struct cli *cli, struct diff *diff, struct error *err)
{
	const struct error none = { .kind = ERROR_NONE };
	struct diff_json *json = diff_json_new();
	const struct diff_hooks hooks = { .on_account = add_json, .owner = json };

	diff_run(diff, &cli->conf, &cli->log, &hooks);
	judge(cli, diff);
	return diff_json_write(json, cli, diff, &none, err);
}

static bool answer(struct cli *cli, bool *is_answered, struct error *err)
{
	struct error failure;
	struct diff diff;
	bool is_ok;

	*is_answered = true;
	if (!diff_open(&cli->conf, &cli->log, &diff, &failure)) {
		log_error(&cli->log, &failure);
		cli->exit_status = FAILED;
		return !cli->conf.json ||
		       diff_json_write(diff_json_new(), cli, NULL, &failure, err);
	}
	is_ok = cli->conf.json ? write_json(cli, &diff, err) : print(cli, &diff, err);
	diff_release(&diff);
	return is_ok;
}

static const char *const options[] = { NULL };

const struct command cmd_diff = {
	.line = { .name = "diff",
		  .usage = "[SAVE...] [ACCOUNT...]",
		  .help = "show what changed from one save to another",
		  .arguments = CONF_SAVES,
		  .takes_models = true,
		  .is_offline = true,
		  .options = options },
	.changes_nothing = true,
	.answer = answer,
};
