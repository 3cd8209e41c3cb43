/* SPDX-License-Identifier: PostgreSQL */
/* The last lines of an upgrade that failed for some tenants: what to do now. */
#ifndef TASK_TENANTS_ADVICE_H
#define TASK_TENANTS_ADVICE_H

#include "task/tenants/tenant.h"

/*
 * A line each, the commands that restore those that were changed at the end; NULL: there
 * is nothing to do. Reads the save.
 * Ownership: the caller frees.
 */
char *tenants_advise(const struct tenants *tenants);

#endif
