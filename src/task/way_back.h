/* SPDX-License-Identifier: PostgreSQL */
/* The command that puts accounts back from the save, for whoever has just changed them. */
#ifndef TASK_WAY_BACK_H
#define TASK_WAY_BACK_H

#include "base/str.h"
#include "farm/farm.h"
#include "task/run.h"

enum { WAY_BACK_MOST_NAMES = 50 }; /* of accounts in a command */

/*
 * Add a line: "WHY as they were saved at TIME, which loses what was written since:
 * metamodel restore ...", for those of the accounts that the save has. False, and nothing
 * is added, if it has none of them or too many, is no save, or is one of another database.
 */
bool way_back_add(const struct run_opts *opts, const struct farm *farm,
		  const struct strvec *names, const char *why, struct strbuf *out);

#endif
