/* SPDX-License-Identifier: PostgreSQL */
/* Errors for a superuser who would run what somebody else has defined. */
#ifndef TASK_TRUST_H
#define TASK_TRUST_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/error.h"
#include "catalog/trust.h"

/*
 * May the session work on this account? `command` is named in the hint: "restore".
 * Errors: ERROR_DATA.
 */
MUST_CHECK bool trust_check(const struct catalog_trust *trust, const char *account,
			    const char *command, struct error *err);

/* May it load a dump with these owners, named as in the dump? Errors: ERROR_DATA. */
MUST_CHECK bool trust_check_owners(const struct catalog_trust *trust,
				   const struct strvec *owners, const char *command,
				   struct error *err);

/* Add names of roles in hexadecimal digits, as catalog_ask_trust() expects them. */
void trust_add_owners(const struct strvec *names, struct strvec *out);

#endif
