/* SPDX-License-Identifier: PostgreSQL */
/* What all reports of --json are made of. Only files that make one include this. */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include <stdbool.h>

#include <jansson.h>

#include "base/compiler.h"
#include "base/error.h"
#include "cli/command.h"

/* null for NULL. Messages may be in any encoding: what is not UTF-8 becomes '?'. */
json_t *json_text(const char *s);

/* The lines of a text as a list. */
json_t *json_lines(const char *s);

/*
 * A report with what all of them begin with. `result`: "done", "failed", ...; *err may
 * be ERROR_NONE.
 */
json_t *json_begin(const struct cli *cli, const char *result, const struct error *err);

/*
 * Write the report to standard output, on one line.
 * Ownership: it takes `root`.
 * Errors: ERROR_SYSTEM.
 */
MUST_CHECK bool json_end(json_t *root, struct error *err);

#endif
