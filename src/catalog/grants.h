/* SPDX-License-Identifier: PostgreSQL */
/*
 * Hints for a session whose role lacks a right: the statements that grant it, which can
 * be run as they are. Whether a right is what is missing, the caller knows by the
 * SQLSTATE (CATALOG_FORBIDDEN).
 */
#ifndef CATALOG_GRANTS_H
#define CATALOG_GRANTS_H

#include "base/error.h"
#include "pg/session.h"

#define CATALOG_FORBIDDEN "42501" /* insufficient_privilege */
#define CATALOG_LOCKED "55P03"    /* lock_not_available */

/* To list the accounts. */
void grants_hint_accounts(const struct session *session, struct error *err);
/* To read the version of an account. */
void grants_hint_version(const struct session *session, const char *account,
			 struct error *err);
/* To dump an account: no more than that takes. */
void grants_hint_dump(const struct session *session, const char *account,
		      struct error *err);
/*
 * To upgrade an account, which only those can who own its tables. `owner`: whose they are;
 * NULL: there is no schema yet.
 */
void grants_hint_upgrade(const struct session *session, const char *owner,
			 struct error *err);

#endif
