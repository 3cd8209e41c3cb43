/* SPDX-License-Identifier: PostgreSQL */
#include "cli/command.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "cli/help.h"

/* Replace this process by man(1). Returns only if that fails. */
static bool open_manual(const char *topic, struct error *err)
{
	bool is_model = !strcmp(topic, "model");
	AUTO_FREE char *page = str_format("metamodel-%s", topic);
	char *argv[] = { (char[]){ "man" }, is_model ? (char[]){ "5" } : page,
			 is_model ? page : NULL, NULL };

	execvp(argv[0], argv);
	if (errno == ENOENT)
		error_set(err, ERROR_SYSTEM, "there is no man here to show %s", page);
	else
		error_set(err, ERROR_SYSTEM, "man: %s", strerror(errno));
	return is_model ? error_hint(err, "see doc/models and metamodel-model(5)")
			: error_hint(err, "Try 'metamodel %s --help'", topic);
}

static bool answer(struct cli *cli, bool *is_answered, struct error *err)
{
	const char *topic = cli->conf.topic;

	*is_answered = true;
	if (!topic) {
		help_print(stdout);
		return true;
	}
	if (strcmp(topic, "model") != 0 &&
	    !conf_require_command(command_lines, topic, err)) {
		if (!err->hint[0])
			error_hint(err, "Try 'metamodel --help'");
		return false;
	}
	return open_manual(topic, err);
}

static const char *const options[] = { NULL };

static const struct command_example examples[] = {
	{ "Everything about restore", "metamodel help restore" },
	{ "How a product is described", "metamodel help model" },
	{ NULL, NULL },
};

const struct command cmd_help = {
	.line = { .name = "help",
		  .usage = "[COMMAND]",
		  .help = "show the manual page of a command",
		  .arguments = CONF_TOPIC,
		  .takes_models = true,
		  .is_offline = true,
		  .options = options },
	.about = "Shows the manual page of COMMAND with man(1), or without one lists the "
		 "commands.\nThe pages metamodel(1) and metamodel-model(5) say what is "
		 "true of all of them.",
	.examples = examples,
	.group = COMMAND_ASSISTS,
	.changes_nothing = true,
	.answer = answer,
};
