/* SPDX-License-Identifier: PostgreSQL */
/* The common parts of all --json reports. Only files that make a report include this. */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include <stdbool.h>

#include <jansson.h>

#include "base/compiler.h"
#include "base/error.h"
#include "cli/command.h"

/* null for NULL. Messages may be in any encoding: each byte that is not UTF-8 becomes
 * '?'. */
json_t *json_text(const char *s);

/* The lines of a text as a list. */
json_t *json_lines(const char *s);

/*
 * Begin a report with the fields that all reports have. `result`: "done", "failed", ...;
 * *err may be ERROR_NONE.
 */
json_t *json_begin(const struct cli *cli, const char *result, const struct error *err);

/*
 * Write the report to standard output, on one line.
 * Ownership: releases `root`.
 * Errors: ERROR_SYSTEM.
 */
MUST_CHECK bool json_end(json_t *root, struct error *err);

/* The same, to another file. */
MUST_CHECK bool json_write(json_t *root, int fd, struct error *err);

#endif
