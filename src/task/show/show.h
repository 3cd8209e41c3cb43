/* SPDX-License-Identifier: PostgreSQL */
/*
 * `metamodel show`: writes the dump of an account, or the rows of one table in it. First
 * it checks the dump as verify does; then it writes exactly the bytes that it has
 * checked. Needs no database and no lock.
 */
#ifndef TASK_SHOW_SHOW_H
#define TASK_SHOW_SHOW_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/log.h"
#include "conf/conf.h"

struct show_opts {
	const struct conf *conf; /* its first account, and `table` */
	const struct log *log;
	int fd;           /* to write to */
	bool is_terminal; /* write nothing that could control it */
};

/*
 * Check and write the dump. *is_checked: false if the manifest is damaged and
 * cannot confirm the dump; that was logged.
 * Errors: ERROR_DATA if there is no such dump or table, or the dump is not in order: then
 * nothing was written. ERROR_SYSTEM.
 */
MUST_CHECK bool show_write(const struct show_opts *opts, bool *is_checked,
			   struct error *err);

#endif
