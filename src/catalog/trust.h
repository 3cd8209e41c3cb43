/* SPDX-License-Identifier: PostgreSQL */
/* Whose code a session would run: what accounts have that belongs to others than
 * superusers, where the session is a superuser's. */
#ifndef CATALOG_TRUST_H
#define CATALOG_TRUST_H

#include "base/error.h"
#include "base/strvec.h"
#include "pg/session.h"

/* All zero: nobody's code is run with more rights than he has. */
struct catalog_trust {
	char *me; /* "superuser postgres"; NULL: the session is none, nor can become one
		   */
	/* Accounts that have something of others, sorted; the same place in all three. */
	struct strvec accounts;
	struct strvec objects; /* one that is: "table a._models" */
	struct strvec roles;   /* whose it is */
	/* Of the owners that were asked for, those that are not known as superusers; in
	 * hexadecimal digits, sorted. */
	struct strvec owners;
};

/* `trust` is the callee's, to be released; all zero on failure. */
typedef void catalog_trust_fn(void *owner, struct catalog_trust *trust,
			      const struct error *err);

/* One query for a node. `owners`: roles in hexadecimal digits, in the encoding of the
 * database. */
void catalog_ask_trust(struct session *session, const struct strvec *accounts,
		       const struct strvec *owners, catalog_trust_fn *done, void *owner);
void catalog_trust_release(struct catalog_trust *trust);

#endif
