/* SPDX-License-Identifier: PostgreSQL */
/*
 * Is an account made of the tables and columns that its version has? What those are is
 * learned from the migrations themselves: they are run in the temporary schema of the
 * session, in a transaction that is rolled back.
 */
#ifndef CATALOG_STRUCTURE_H
#define CATALOG_STRUCTURE_H

#include <stddef.h>

#include "base/error.h"
#include "base/strvec.h"
#include "migrations/migrations.h"
#include "catalog/states.h"
#include "pg/session.h"

/* `differences` of the account `index` of the states; they live as long as the call. */
typedef void structure_drifted_fn(void *owner, size_t index,
				  const struct strvec *differences);
typedef void structure_done_fn(void *owner, const struct error *err);

/*
 * Tables, and the names, types, NOT NULL and defaults (whether there is one) of their
 * columns count, their order does not.
 *
 * Compare the accounts that have a version which the migrations know, or one between two
 * of them, in bulk. `drifted` is called for each that differs, then `done` once. Nothing
 * is left behind. `states` and `migrations` must live until then.
 * Errors: what the server says, such as that a standby has no temporary tables.
 */
void structure_compare(struct session *session, const struct migrations *migrations,
		       const struct catalog_states *states, structure_drifted_fn *drifted,
		       structure_done_fn *done, void *owner);

#endif
