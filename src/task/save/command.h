/* SPDX-License-Identifier: PostgreSQL */
/* The command line and environment of a batch's pg_dump. */
#ifndef TASK_SAVE_COMMAND_H
#define TASK_SAVE_COMMAND_H

#include "task/save/state.h"

/*
 * Make the environment of a node's children.
 * Errors: as childenv_init().
 */
MUST_CHECK bool save_command_set_environment(struct save_node *node, struct error *err);

/* Push the program and its arguments. If there are several accounts, they are in the
 * order of their raw names. */
void save_command_push(const struct save_batch *batch, struct strvec *argv);

#endif
