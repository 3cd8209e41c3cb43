/* SPDX-License-Identifier: PostgreSQL */
/* What --help prints. The words come from the table of commands (cli/command.h) and from
 * that of options (conf/options.h). */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include <stdio.h>

#include "cli/command.h"

/* The commands in groups, and the options that all of them have. */
void help_print(FILE *out);

/* One command: what it does, its own options, those of every command, examples. */
void help_print_command(const struct command *command, FILE *out);

#endif
