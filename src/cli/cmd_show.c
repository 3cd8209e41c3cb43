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

const struct command cmd_show = {
	.line = { .name = "show",
		  .usage = "ACCOUNT [TABLE]",
		  .help = "write a dump, or the rows of a table in it",
		  .arguments = CONF_DUMP,
		  .takes_models = true,
		  .is_offline = true,
		  .options = options },
	.changes_nothing = true,
	.answer = answer,
};
