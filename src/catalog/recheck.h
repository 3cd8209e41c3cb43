/* SPDX-License-Identifier: PostgreSQL */
/*
 * Was anything changed behind the snapshot's back, so that a pg_dump under it may have
 * gone wrong and still succeeded? Snapshots hide neither a TRUNCATE nor a rewritten
 * table, and pg_dump looks relations, columns and sequences up by name when it copies
 * them, as they are then.
 */
#ifndef CATALOG_RECHECK_H
#define CATALOG_RECHECK_H

#include <stdbool.h>

#include "base/error.h"
#include "pg/session.h"

/* `why` is what happened, without "while it was dumped". */
typedef void recheck_found_fn(void *owner, const char *schema, const char *why);

/*
 * To be called while the snapshot of the node is held, when all dumps have ended; it is
 * given up then. `is_whole`: all that is in schemas is looked at, such as functions. `found` is called for each thing that was changed, then `done` once.
 */
void recheck_start(struct session *session, bool is_whole, recheck_found_fn *found,
		   void (*done)(void *owner, const struct error *err), void *owner);

#endif
