/* SPDX-License-Identifier: PostgreSQL */
/*
 * Cancel a query on a server. libpq's call blocks, and the server may not answer, so a
 * thread makes the call.
 */
#ifndef PG_PGCANCEL_H
#define PG_PGCANCEL_H

#include <stdbool.h>

struct pgcancel;
struct pg_conn; /* libpq's PGconn */

/*
 * Cancel what is running on this connection, which may be closed meanwhile. It never
 * fails: the outcome of the query itself shows whether it was cancelled.
 * Ownership: the caller frees it, at any time: the thread continues without it.
 */
struct pgcancel *pgcancel_start(struct pg_conn *conn);

/* Has the request been sent, or has sending it failed? */
bool pgcancel_is_done(const struct pgcancel *cancel);

void pgcancel_free(struct pgcancel *cancel);

#endif
