/* SPDX-License-Identifier: PostgreSQL */
/* --json: the report as one JSON object on stdout. */
#ifndef CLI_REPORT_JSON_H
#define CLI_REPORT_JSON_H

#include "base/compiler.h"
#include "base/error.h"
#include "cli/command.h"
#include "task/report.h"

/* Errors: ERROR_SYSTEM if `fd` cannot be written. */
MUST_CHECK bool report_write_json(const struct cli *cli, const struct report *report,
				  int fd, struct error *err);

/* "done", "failed", "interrupted", ... */
const char *report_result_name(const struct report *report);

#endif
