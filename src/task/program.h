/* SPDX-License-Identifier: PostgreSQL */
/* The program that a command of the configuration names. */
#ifndef TASK_PROGRAM_H
#define TASK_PROGRAM_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/located.h"

/*
 * Find a program: `name` is a path, or to be found in PATH as by execvp(). `text` is the
 * command that begins with it.
 * Ownership: the caller frees *out, which is NULL after a failure.
 * Errors: ERROR_USAGE, with the place in the configuration.
 */
MUST_CHECK bool program_find(const struct located *text, const char *name, char **out,
			     struct error *err);

#endif
