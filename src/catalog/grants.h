/* SPDX-License-Identifier: PostgreSQL */
/*
 * Hints for a session whose role lacks a privilege: the statements that grant it, ready
 * to be run. The caller knows from the SQLSTATE (CATALOG_FORBIDDEN) that a privilege is
 * missing.
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
/* To dump an account: exactly what that needs. */
void grants_hint_dump(const struct session *session, const char *account,
		      struct error *err);
/*
 * To upgrade an account, which requires owning its tables. `owner`: their owner; NULL:
 * there is no schema yet.
 */
void grants_hint_upgrade(const struct session *session, const char *owner,
			 struct error *err);

#endif
