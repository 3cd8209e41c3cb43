/* SPDX-License-Identifier: PostgreSQL */
/*
 * The task of a command, from its start to the closing line, the report and the exit
 * status.
 */
#ifndef CLI_RUN_COMMAND_H
#define CLI_RUN_COMMAND_H

#include "cli/command.h"

/*
 * Start the command of *cli, whose members are all set but `task`. When it is done, `task`
 * is NULL and `exit_status` is set.
 */
void run_command(struct cli *cli);

/* What a run ends with that has come to this. */
int run_exit_status(const struct report *report);

#endif
