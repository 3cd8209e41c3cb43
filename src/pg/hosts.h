/* SPDX-License-Identifier: PostgreSQL */
/*
 * Several hosts in one connection (host=a,b): libpq goes on to the next one when one
 * refuses, but only its blocking calls do so when one is silent.
 * And hosts that an address is not for: libpq has no way to ignore one that the
 * environment gives.
 */
#ifndef PG_HOSTS_H
#define PG_HOSTS_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/error.h"
#include "pg/conninfo.h"
#include "pg/pgconn.h"

/*
 * Leave only the hosts behind the one that `conn` was trying. False, and *info untouched:
 * there are none.
 */
bool hosts_skip(const struct pgconn *conn, struct conninfo *info);

/* Was `conn` told an address: by hostaddr, PGHOSTADDR or a service? */
bool hosts_is_told_address(const struct pgconn *conn);

/*
 * Set `host` and its own addresses, so that libpq takes no other one (PGHOSTADDR, or of a
 * service). Looking it up blocks, as libpq does. Errors: ERROR_SERVER; then *info is
 * untouched.
 */
MUST_CHECK bool hosts_set(struct conninfo *info, const char *host, struct error *err);

#endif
