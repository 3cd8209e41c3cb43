/* SPDX-License-Identifier: PostgreSQL */
/*
 * Asking a server to end a query. libpq can only block for that, and a server may be
 * silent: so a thread asks.
 */
#ifndef PG_PGCANCEL_H
#define PG_PGCANCEL_H

#include <stdbool.h>

struct pgcancel;
struct pg_conn; /* libpq's PGconn */

/*
 * Ask for what runs on this connection, which need not live on. Ownership: the caller
 * frees it, at any time: the thread goes on without. It never fails; whether the query
 * was ended, its own outcome tells.
 */
struct pgcancel *pgcancel_start(struct pg_conn *conn);

/* Has the server been asked, or could it not be? */
bool pgcancel_is_done(const struct pgcancel *cancel);

void pgcancel_free(struct pgcancel *cancel);

#endif
