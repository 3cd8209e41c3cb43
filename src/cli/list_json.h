/* SPDX-License-Identifier: PostgreSQL */
/* --json of list. */
#ifndef CLI_LIST_JSON_H
#define CLI_LIST_JSON_H

#include "base/compiler.h"
#include "base/error.h"
#include "cli/command.h"
#include "task/list/list.h"

/*
 * Write the report of list. *failure: why there is nothing to list, or ERROR_NONE.
 * Errors: as json_end().
 */
MUST_CHECK bool list_write_json(const struct cli *cli, const struct list *list,
				const struct error *failure, struct error *err);

#endif
