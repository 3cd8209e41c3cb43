/* SPDX-License-Identifier: PostgreSQL */
#include "cli/help.h"

#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "conf/options.h"

/* ---- options ---- */

enum part {
	OWN,        /* of one command */
	COMMON,     /* of every command */
	CONNECTION, /* of every command that needs a server */
};

static bool is_own(const struct conf_command *line, const struct setting *row)
{
	for (const char *const *name = line->options; *name; name++)
		if (!strcmp(*name, row->name))
			return true;
	return false;
}

static enum part part_of(const struct setting *row)
{
	if (row->scope == SETTING_SOME)
		return OWN;
	return row->is_connection ? CONNECTION : COMMON;
}

static void format_option(struct strbuf *out, const struct setting *row)
{
	strbuf_reset(out);
	if (row->letter)
		strbuf_add_format(out, "  -%c, --%s", row->letter, row->name);
	else
		strbuf_add_format(out, "      --%s", row->name);
	if (row->argument)
		strbuf_add_format(out, row->bare ? "[=%s]" : "=%s", row->argument);
}

/* All parts of all pages are of the same width. */
static int width_of_options(void)
{
	AUTO_STRBUF struct strbuf left = { 0 };
	size_t width = 0;

	for (const struct setting *row = option_rows; row->scope; row++) {
		format_option(&left, row);
		width = left.length > width ? left.length : width;
	}
	return (int)width;
}

/* `line`: the command whose own options are wanted; not used for other parts. */
static void print_options(enum part part, const struct conf_command *line,
			  const char *heading, FILE *out)
{
	AUTO_STRBUF struct strbuf left = { 0 };
	int width = width_of_options();
	bool is_first = true;

	for (const struct setting *row = option_rows; row->scope; row++) {
		if (part_of(row) != part || (part == OWN && !is_own(line, row)))
			continue;
		if (is_first)
			fprintf(out, "\n%s:\n", heading);
		is_first = false;
		format_option(&left, row);
		fprintf(out, "%-*s  %s\n", width, left.buf, row->help);
	}
}

/* ---- pages ---- */

static void print_commands(enum command_group group, const char *heading, FILE *out)
{
	fprintf(out, "\n%s:\n", heading);
	for (const struct command *const *command = commands; *command; command++)
		if ((*command)->group == group)
			fprintf(out, "  %-8s  %-29s%s\n", (*command)->line.name,
				(*command)->line.usage, (*command)->line.help);
}

void help_print(FILE *out)
{
	fputs("metamodel saves, upgrades and restores the accounts of an OpenResty "
	      "server.\n"
	      "For other products that keep one schema per tenant, see --model.\n\n"
	      "Usage:\n  metamodel [OPTION]... COMMAND [ARGUMENT]...\n",
	      out);
	print_commands(COMMAND_WORKS, "Work on accounts", out);
	print_commands(COMMAND_LOOKS, "Look at saves", out);
	print_commands(COMMAND_ASSISTS, "Get help", out);
	print_options(COMMON, NULL, "Options of every command", out);
	print_options(CONNECTION, NULL, "Connection options", out);
	fputs("\nExit status: 0 done; 1 failed; 2 usage; 3 partly done; 4 locked; "
	      "128+N signal N.\n"
	      "'metamodel COMMAND --help' lists the options of a command, and "
	      "'metamodel help COMMAND'\nshows its manual page.\n",
	      out);
}

void help_print_command(const struct command *command, FILE *out)
{
	const struct conf_command *line = &command->line;
	AUTO_FREE char *heading = str_format("Options of %s", line->name);

	fprintf(out, "Usage:\n  metamodel %s [OPTION]... %s\n\n%s\n", line->name,
		line->usage, command->about);
	print_options(OWN, line, heading, out);
	print_options(COMMON, NULL, "Options of every command", out);
	if (!line->is_offline)
		print_options(CONNECTION, NULL, "Connection options", out);
	fputs("\nExamples:\n", out);
	for (const struct command_example *e = command->examples; e->about; e++)
		fprintf(out, "  # %s\n  %s\n", e->about, e->text);
	fprintf(out, "\n'metamodel help %s' shows its manual page.\n", line->name);
}
