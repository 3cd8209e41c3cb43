/* SPDX-License-Identifier: PostgreSQL */
/* What it depends on how much one pg_dump should dump of a database, and how it quotes.
 */
#ifndef PG_CAPACITY_H
#define PG_CAPACITY_H

#include <stdint.h>

#include "base/error.h"
#include "base/strvec.h"
#include "pg/pgconn.h"

struct capacity {
	/*
	 * Locks that can still be taken, by all sessions together:
	 * max_locks_per_transaction for each session there may be, without those that are
	 * taken. The server has a little more than it promises.
	 */
	uint64_t free_locks;
	uint64_t relations;     /* of the whole database: each pg_dump reads them all */
	struct strvec keywords; /* all but unreserved ones, sorted */
};

/* The callee owns what is in *capacity, which is NULL when `err` is set. */
typedef void capacity_fn(void *owner, const struct capacity *capacity,
			 const struct error *err);

/* One query. */
void capacity_ask(struct pgconn *conn, capacity_fn *done, void *owner);
void capacity_release(struct capacity *capacity);

#endif
