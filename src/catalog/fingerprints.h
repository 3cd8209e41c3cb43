/* SPDX-License-Identifier: PostgreSQL */
/*
 * Has anything in a schema been changed? Its fingerprint is another one as soon as a
 * relation, column, constraint, index, function or the like has been created, changed or
 * dropped in it; rows do not count. Only the catalogue is read, in one query for any
 * number of schemas.
 */
#ifndef CATALOG_FINGERPRINTS_H
#define CATALOG_FINGERPRINTS_H

#include "base/error.h"
#include "base/strvec.h"
#include "pg/session.h"

/*
 * Read those of the schemas in `names`: `found` is called for each that exists, then
 * `done` once.
 * Ownership: what `found` gets is valid only during the call.
 */
void catalog_read_fingerprints(struct session *session, const struct strvec *names,
			       void (*found)(void *owner, const char *schema,
					     const char *fingerprint),
			       void (*done)(void *owner, const struct error *err),
			       void *owner);

#endif
