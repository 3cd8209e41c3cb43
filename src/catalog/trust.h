/* SPDX-License-Identifier: PostgreSQL */
/* Whose code a superuser's session would run: what belongs to roles that are not
 * superusers in the accounts. */
#ifndef CATALOG_TRUST_H
#define CATALOG_TRUST_H

#include "base/error.h"
#include "base/strvec.h"
#include "pg/session.h"

/* All zero: no code is run with more privileges than its owner has. */
struct catalog_trust {
	/* "superuser postgres"; NULL: the session is none and cannot become one */
	char *me;
	/* Accounts in which others have something, sorted; the same index in all
	 * three. */
	struct strvec accounts;
	struct strvec objects; /* an example: "table a._models" */
	struct strvec roles;   /* its owner */
	/* Those of the `owners` asked for that are not known to be superusers; in
	 * hexadecimal digits, sorted. */
	struct strvec owners;
};

/* `trust` is all zero on failure. Ownership: the callback releases it. */
typedef void catalog_trust_fn(void *owner, struct catalog_trust *trust,
			      const struct error *err);

/* Ask a node, in one query. `owners`: roles in hexadecimal digits, in the encoding of the
 * database. */
void catalog_ask_trust(struct session *session, const struct strvec *accounts,
		       const struct strvec *owners, catalog_trust_fn *done, void *owner);
void catalog_trust_release(struct catalog_trust *trust);

#endif
