/* SPDX-License-Identifier: PostgreSQL */
/* The psql that loads a unit: its environment, its arguments, its input, and the useful
 * part of its messages. */
#ifndef TASK_RESTORE_PSQL_H
#define TASK_RESTORE_PSQL_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/strvec.h"
#include "pg/pgtool.h"
#include "task/restore/feed.h"
#include "task/restore/state.h"

/* Does it know \restrict (postgresql.org, CVE-2025-8714)? */
bool restore_psql_knows_restrict(const struct pgtool *psql);

/* Errors: as childenv_init(). Ownership: the caller releases *out. */
MUST_CHECK bool restore_psql_init_env(const struct restore_node *node,
				      struct childenv *out, struct error *err);

/* Push the program and its arguments, and add to the feed what psql reads: the unit's
 * dumps and the statements between them. */
void restore_psql_build(const struct restore_unit *unit, struct restore_feed *feed,
			struct strvec *argv);

/* psql's messages without the lines that only name a place in the server's source.
 * Ownership: the caller frees. */
char *restore_psql_without_locations(const char *words);

#endif
