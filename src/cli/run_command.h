/* SPDX-License-Identifier: PostgreSQL */
/*
 * Runs the task of a command, then prints its closing line and its report, and sets the
 * exit status.
 */
#ifndef CLI_RUN_COMMAND_H
#define CLI_RUN_COMMAND_H

#include "cli/command.h"

/*
 * Start the command of *cli, all of whose members except `task` are set. When it has
 * ended, `task` is NULL and `exit_status` is set.
 */
void run_command(struct cli *cli);

/* What a run ends with that has come to this. */
int run_exit_status(const struct report *report);

#endif
