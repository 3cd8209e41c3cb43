/* SPDX-License-Identifier: PostgreSQL */
/* Facts about a server that decide how much one pg_dump should dump, and how to quote. */
#ifndef PG_CAPACITY_H
#define PG_CAPACITY_H

#include <stdint.h>

#include "base/error.h"
#include "base/strvec.h"
#include "pg/pgconn.h"

struct capacity {
	/*
	 * Locks that all sessions together can still take: max_locks_per_transaction for
	 * each possible session, minus the locks already held. The server has a few more
	 * than it guarantees.
	 */
	uint64_t free_locks;
	uint64_t relations;     /* in the whole database: each pg_dump reads them all */
	struct strvec keywords; /* all but unreserved ones, sorted */
};

/* Ownership: the callee owns the contents of *capacity, which is NULL if `err` is set. */
typedef void capacity_fn(void *owner, const struct capacity *capacity,
			 const struct error *err);

/* One query. */
void capacity_ask(struct pgconn *conn, capacity_fn *done, void *owner);
void capacity_release(struct capacity *capacity);

#endif
