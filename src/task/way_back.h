/* SPDX-License-Identifier: PostgreSQL */
/* The command that restores accounts from the save, for a run that has just changed
 * them. */
#ifndef TASK_WAY_BACK_H
#define TASK_WAY_BACK_H

#include "base/str.h"
#include "farm/farm.h"
#include "task/run.h"

enum { WAY_BACK_MOST_NAMES = 50 }; /* of accounts in one command */

/*
 * Add a line: "WHY as they were saved at TIME, which loses what was written since:
 * metamodel restore ...", for those accounts that the save contains. Returns false, and
 * adds nothing, if it contains none of them or too many, or if it is not a save or was
 * made from another database.
 */
bool way_back_add(const struct run_opts *opts, const struct farm *farm,
		  const struct strvec *names, const char *why, struct strbuf *out);

#endif
