/* SPDX-License-Identifier: PostgreSQL */
#include "cli/command.h"

#include <unistd.h>

#include "task/show/show.h"

enum { PARTLY = 3 };

static bool answer(struct cli *cli, bool *is_answered, struct error *err)
{
	const struct show_opts opts = { .conf = &cli->conf,
					.log = &cli->log,
					.fd = STDOUT_FILENO,
					.is_terminal = isatty(STDOUT_FILENO) };
	bool is_checked;

	*is_answered = true;
	if (!show_write(&opts, &is_checked, err))
		return false;
	cli->exit_status = is_checked ? 0 : PARTLY;
	return true;
}

static const char *const options[] = { NULL };

static const struct command_example examples[] = {
	{ "Page through a dump", "metamodel show agentzh | less" },
	{ "The rows of one table in the save before",
	  "metamodel show -D metamodel.old agentzh TABLE" },
	{ NULL, NULL },
};

const struct command cmd_show = {
	.line = { .name = "show",
		  .usage = "ACCOUNT [TABLE]",
		  .help = "write a dump, or the rows of a table in it",
		  .arguments = CONF_DUMP,
		  .takes_models = true,
		  .is_offline = true,
		  .options = options },
	.about = "Checks the dump of an account and writes it to standard output. With "
		 "TABLE, it writes\n"
		 "only the rows of that table, as a COPY for psql.",
	.examples = examples,
	.group = COMMAND_LOOKS,
	.changes_nothing = true,
	.answer = answer,
};
