/* SPDX-License-Identifier: PostgreSQL */
/* The rights on an account's relations, after its dump was loaded. */
#ifndef MODEL_RIGHTS_H
#define MODEL_RIGHTS_H

#include <stdbool.h>

#include "base/strvec.h"
#include "model/restore.h"

/*
 * Append the statements that make the rights of a restored account those of its dump, and
 * fail if they cannot; they come right behind the dump. `rights` is what the dump says
 * (dump/rights.h; NULL: nothing); has_session: it changes the session's user, so that
 * has to be undone.
 */
void model_rights_add(const struct model_plan *plan, const char *rights, bool has_session,
		      struct strvec *statements);

#endif
