/* SPDX-License-Identifier: PostgreSQL */
/*
 * Several hosts in one connection (host=a,b): libpq goes on to the next one when one
 * refuses, but only its blocking calls do so when one is silent.
 */
#ifndef PG_HOSTS_H
#define PG_HOSTS_H

#include <stdbool.h>

#include "pg/conninfo.h"
#include "pg/pgconn.h"

/*
 * Leave only the hosts behind the one that `conn` was trying. False, and *info untouched:
 * there are none.
 */
bool hosts_skip(const struct pgconn *conn, struct conninfo *info);

#endif
