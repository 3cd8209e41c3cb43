/* SPDX-License-Identifier: PostgreSQL */
#include "cli/command.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "cli/diff_json.h"
#include "cli/report_json.h"
#include "cli/run_command.h"
#include "task/diff/diff.h"
#include "task/live/live.h"

static const char signs[] = {
	[DIFF_CAME] = '+', [DIFF_WENT] = '-', [DIFF_CHANGED] = '~'
};

/* The table of the last row. */
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

/* Print each line of a text after a sign. */
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

/* The number that the statement sets a sequence to; NULL if it does something else. */
static const char *find_number(const struct strvec *statements)
{
	const char *text = statements->count == 1 ? statements->v[0] : "", *comma;

	if (!str_has_prefix(text, "SELECT pg_catalog.setval("))
		return NULL;
	comma = strstr(text, "', ");
	return comma ? comma + strlen("', ") : NULL;
}

/* "at 4 -> 5": what usually changes in a sequence. */
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

static void add_comma(struct strbuf *out)
{
	if (out->length)
		strbuf_add_str(out, ", ");
}

static void add_number(struct strbuf *out, const char *noun, uint64_t from, uint64_t to)
{
	AUTO_FREE char *words = command_format_count(from, noun);

	add_comma(out);
	strbuf_add_str(out, words);
	if (from != to)
		strbuf_add_format(out, " -> %" PRIu64, to);
}

/* Only OpenResty's dumps have versions. */
static void add_version(struct strbuf *out, const char *from, const char *to)
{
	if (!from && !to)
		return;
	from = from ? from : "nil";
	to = to ? to : "nil";
	add_comma(out);
	strbuf_add_format(out, "version %s", from);
	if (strcmp(from, to) != 0)
		strbuf_add_format(out, " -> %s", to);
}

/* Print the facts of both dumps, or of the only one. */
static void print_facts(const struct diff_account *account)
{
	const struct diff_dump *from = &account->dumps[DIFF_FROM];
	const struct diff_dump *to = &account->dumps[DIFF_TO];
	AUTO_STRBUF struct strbuf line = { 0 };

	from = account->change == DIFF_CAME ? to : from;
	to = account->change == DIFF_WENT ? from : to;
	if (!from->has_facts || !to->has_facts)
		return;
	add_number(&line, "table", from->tables, to->tables);
	add_number(&line, "row", from->rows, to->rows);
	add_version(&line, from->version, to->version);
	fputs(": ", stdout);
	print_printable(line.buf);
}

static void on_account(void *owner, const struct diff_account *account)
{
	struct printing *p = owner;

	p->place = (struct rows_place){ 0 };
	if (account->problem)
		return; /* already logged */
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

/* ---- comparing with a save or the database ---- */

/* The `task` of the cli and, with --live, its `outcome`. */
struct comparing {
	struct cli *cli;
	struct run_opts opts; /* --live: of the run */
	struct live *live;    /* NULL: two saves are compared */
	bool is_dumping;      /* the live save is being made */
	struct diff diff;
	bool is_open;
	struct diff_walk walk;
	struct diff_hooks hooks;
	struct printing printing;
	struct diff_json *json; /* NULL: no report is wanted */
	struct report report;
};

static void add_json(void *owner, const struct diff_account *account)
{
	diff_json_add(owner, account);
}

static void set_up(struct comparing *c, struct cli *cli)
{
	const struct conf *conf = &cli->conf;

	c->cli = cli;
	c->printing.conf = conf;
	c->hooks.on_account = on_account;
	c->hooks.on_row = conf->verbose ? on_row : NULL;
	c->hooks.owner = &c->printing;
	if (!conf->json)
		return;
	c->json = diff_json_new();
	c->hooks = (struct diff_hooks){ .on_account = add_json, .owner = c->json };
}

static bool open_saves(struct comparing *c, struct error *err)
{
	const struct conf *conf = &c->cli->conf;

	c->is_open = diff_open(conf, c->live ? live_path(c->live) : NULL, &c->cli->log,
			       &c->diff, err);
	if (!c->is_open)
		return false;
	c->walk = (struct diff_walk){ .diff = &c->diff,
				      .conf = conf,
				      .log = &c->cli->log,
				      .hooks = &c->hooks,
				      .failed = c->live ? live_failed(c->live) : NULL };
	diff_begin(&c->walk);
	if (!c->json)
		print_heading(&c->diff);
	return true;
}

/* Everything has been compared. */
static void judge(struct comparing *c)
{
	size_t asked = c->cli->conf.accounts.count;

	diff_end(&c->walk);
	if (asked && c->diff.missing == asked)
		c->report.result = REPORT_FAILED;
	else if (!c->diff.is_whole)
		c->report.result = REPORT_PARTLY;
}

static void tell_totals(const struct cli *cli, const struct diff *diff)
{
	AUTO_FREE char *changed =
		command_format_count(diff->changed, cli->conf.product.noun);

	if (!cli->conf.quiet)
		log_info(&cli->log, "%s changed, %zu came, %zu went, %zu %s the same.",
			 changed, diff->came, diff->went, diff->same,
			 diff->same == 1 ? "is" : "are");
}

/* Write the report, or the end of the output. */
static bool finish(struct comparing *c, struct error *err)
{
	const struct diff *diff = c->is_open ? &c->diff : NULL;
	struct diff_json *json = c->json;

	c->json = NULL;
	if (json)
		return diff_json_write(json, c->cli, report_result_name(&c->report), diff,
				       &c->report.error, err);
	if (!command_flush(err))
		return false;
	if (diff && !c->report.signal_number)
		tell_totals(c->cli, diff);
	return true;
}

/* ---- two saves ---- */

static bool compare_saves(struct cli *cli, struct error *err)
{
	struct comparing c = { 0 };
	bool is_ok;

	set_up(&c, cli);
	if (open_saves(&c, &c.report.error)) {
		while (diff_next(&c.walk))
			;
		judge(&c);
	} else {
		c.report.result = REPORT_FAILED;
		log_error(&cli->log, &c.report.error);
	}
	cli->exit_status = run_exit_status(&c.report);
	is_ok = finish(&c, err);
	if (c.is_open)
		diff_release(&c.diff);
	return is_ok;
}

static bool answer(struct cli *cli, bool *is_answered, struct error *err)
{
	const struct conf *conf = &cli->conf;

	*is_answered = !conf->live;
	if (!conf->live)
		return compare_saves(cli, err);
	if (conf->saves.count > 1)
		return error_set(err, ERROR_USAGE,
				 "option --live: one save is compared with the database");
	return !conf->product.is_model || conf->product.is_whole ||
	       error_set(err, ERROR_USAGE,
			 "option --live requires objects = all, except for OpenResty");
}

/* ---- a save and the database ---- */

static void end(struct comparing *c)
{
	if (c->report.error.kind != ERROR_NONE)
		c->report.result = REPORT_FAILED;
	if (c->is_open)
		judge(c);
	c->cli->outcome = c;
	c->opts.done(c->cli, &c->report);
	c->cli->outcome = NULL;
	if (c->is_open)
		diff_release(&c->diff);
	live_free(c->live);
	free(c);
}

static void on_next(void *owner)
{
	struct comparing *c = owner;

	if (!c->report.signal_number && diff_next(&c->walk))
		timer_start(c->opts.loop, 0, on_next, c);
	else
		end(c);
}

static void on_live(void *owner, const struct error *err)
{
	struct comparing *c = owner;

	c->is_dumping = false;
	if (err)
		c->report.error = *err;
	else if (open_saves(c, &c->report.error)) {
		on_next(c);
		return;
	}
	end(c);
}

static void *start(const struct run_opts *opts)
{
	struct comparing *c = xcalloc(1, sizeof(*c));

	set_up(c, opts->owner);
	c->opts = *opts;
	c->is_dumping = true;
	c->live = live_start(
		&(struct live_opts){ .run = opts, .done = on_live, .owner = c });
	return c;
}

static void cancel(void *task, int signal_number)
{
	struct comparing *c = task;

	c->report.signal_number = signal_number;
	if (c->is_dumping)
		live_cancel(c->live, signal_number);
	else
		error_set(&c->report.error, ERROR_SIGNAL, "stopped by signal %d (%s)",
			  signal_number, strsignal(signal_number));
}

static bool finish_live(const struct cli *cli, struct error *err)
{
	return finish(cli->outcome, err);
}

static const char *const options[] = {
	"live",      "node-jobs", "timeout",      "lock-wait", "host-suffix",
	"pg-bindir", "batch",     "as-superuser", NULL,
};

static const struct command_example examples[] = {
	{ "What changed since the save before, row by row", "metamodel diff -v" },
	{ "What was changed in the database since the save",
	  "metamodel diff --live agentzh" },
	{ NULL, NULL },
};

const struct command cmd_diff = {
	.line = { .name = "diff",
		  .usage = "[SAVE...] [ACCOUNT...]",
		  .help = "show what changed from one save to another",
		  .arguments = CONF_SAVES,
		  .takes_models = true,
		  .options = options },
	.about = "Shows which accounts came, went and changed from one save to another, "
		 "with their\n"
		 "versions, tables, columns and rows. Without saves, it compares the "
		 "last two; with --live,\n"
		 "a save and the database.",
	.examples = examples,
	.group = COMMAND_LOOKS,
	.changes_nothing = true,
	.answer = answer,
	.start = start,
	.cancel = cancel,
	.finish = finish_live,
};
