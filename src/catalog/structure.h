/* SPDX-License-Identifier: PostgreSQL */
/*
 * Does an account have the tables and columns of its version? Which those are is learned
 * from the migrations themselves: they are run in the session's temporary schema, in a
 * transaction that is rolled back.
 */
#ifndef CATALOG_STRUCTURE_H
#define CATALOG_STRUCTURE_H

#include <stddef.h>

#include "base/error.h"
#include "base/strvec.h"
#include "migrations/migrations.h"
#include "catalog/states.h"
#include "pg/session.h"

/* `differences` of the account with this index in the states; valid only during the
 * call. */
typedef void structure_drifted_fn(void *owner, size_t index,
				  const struct strvec *differences);
typedef void structure_done_fn(void *owner, const struct error *err);

/*
 * Compare, in bulk, the accounts whose version is that of a migration or lies between two
 * of them. Compared are the tables, and the names, types, NOT NULL and defaults (only
 * whether there is one) of their columns, but not the order of columns. `drifted` is
 * called for each account that differs, then `done` once. Nothing is changed on the
 * server.
 * Ownership: `states` and `migrations` must live until `done`.
 * Errors: those of the server, for instance that a standby has no temporary tables.
 */
void structure_compare(struct session *session, const struct migrations *migrations,
		       const struct catalog_states *states, structure_drifted_fn *drifted,
		       structure_done_fn *done, void *owner);

#endif
