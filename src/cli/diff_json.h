/* SPDX-License-Identifier: PostgreSQL */
/* --json of diff. */
#ifndef CLI_DIFF_JSON_H
#define CLI_DIFF_JSON_H

#include "base/compiler.h"
#include "base/error.h"
#include "cli/command.h"
#include "task/diff/diff.h"

struct diff_json;

struct diff_json *diff_json_new(void);
void diff_json_add(struct diff_json *json, const struct diff_account *account);

/*
 * Write the report. `diff`: NULL if nothing was compared; *failure says why, or is
 * ERROR_NONE.
 * Ownership: releases `json`.
 * Errors: as json_end().
 */
MUST_CHECK bool diff_json_write(struct diff_json *json, const struct cli *cli,
				const char *result, const struct diff *diff,
				const struct error *failure, struct error *err);

#endif
