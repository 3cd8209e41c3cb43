/* SPDX-License-Identifier: PostgreSQL */
/*
 * Several hosts in one connection (host=a,b): libpq tries the next host when one refuses,
 * but when one does not answer, only its blocking calls do so.
 * Also hosts for which a given address does not apply: libpq has no way to ignore an
 * address from the environment.
 */
#ifndef PG_HOSTS_H
#define PG_HOSTS_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/error.h"
#include "pg/conninfo.h"
#include "pg/pgconn.h"

/*
 * Keep only the hosts after the one that `conn` was trying. False, and *info untouched,
 * if there are none.
 */
bool hosts_skip(const struct pgconn *conn, struct conninfo *info);

/* Was `conn` given an address, by hostaddr, PGHOSTADDR or a service? */
bool hosts_is_told_address(const struct pgconn *conn);

/*
 * Set `host` and its own addresses, so that libpq uses no other (from PGHOSTADDR or a
 * service). The lookup blocks, as in libpq.
 * Errors: ERROR_SERVER; then *info is untouched.
 */
MUST_CHECK bool hosts_set(struct conninfo *info, const char *host, struct error *err);

#endif
