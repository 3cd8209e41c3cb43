/* SPDX-License-Identifier: PostgreSQL */
/*
 * Was anything changed that the snapshot does not hide, so that a pg_dump may have
 * succeeded with a wrong result? Snapshots hide neither a TRUNCATE nor a rewritten table.
 * And pg_dump's COPY finds relations, columns and sequences by the names that they have
 * at that time.
 */
#ifndef CATALOG_RECHECK_H
#define CATALOG_RECHECK_H

#include <stdbool.h>

#include "base/error.h"
#include "pg/session.h"

/* `why` says what happened, without "while it was dumped". */
typedef void recheck_found_fn(void *owner, const char *schema, const char *why);

/*
 * Call this when all dumps of the node have ended and its snapshot is still held; this
 * ends the snapshot. `is_whole`: check everything in the schemas, such as functions.
 * `found` is called for each change, then `done` once.
 */
void recheck_start(struct session *session, bool is_whole, recheck_found_fn *found,
		   void (*done)(void *owner, const struct error *err), void *owner);

#endif
