/* SPDX-License-Identifier: PostgreSQL */
/* The privileges on an account's relations after its dump was loaded. */
#ifndef CATALOG_RIGHTS_H
#define CATALOG_RIGHTS_H

#include <stdbool.h>

#include "base/strvec.h"
#include "catalog/restore.h"

/*
 * Append the statements that make the privileges of a restored account those of its dump;
 * they fail if they cannot. They must come directly after the dump. `rights` is what the
 * dump says (dump/rights.h; NULL: nothing). `has_session`: the dump changes the session's
 * user, which has to be undone.
 */
void catalog_rights_add(const struct catalog_plan *plan, const char *rights,
			bool has_session, struct strvec *statements);

#endif
