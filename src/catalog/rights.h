/* SPDX-License-Identifier: PostgreSQL */
/* The rights on an account's relations, after its dump was loaded. */
#ifndef CATALOG_RIGHTS_H
#define CATALOG_RIGHTS_H

#include <stdbool.h>

#include "base/strvec.h"
#include "catalog/restore.h"

/*
 * Append the statements that make the rights of a restored account those of its dump, and
 * fail if they cannot; they come right behind the dump. `rights` is what the dump says
 * (dump/rights.h; NULL: nothing); has_session: it changes the session's user, so that
 * has to be undone.
 */
void catalog_rights_add(const struct catalog_plan *plan, const char *rights,
			bool has_session, struct strvec *statements);

#endif
