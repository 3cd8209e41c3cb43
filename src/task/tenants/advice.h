/* SPDX-License-Identifier: PostgreSQL */
/* The last lines of an upgrade in which tenants failed: what to do now. */
#ifndef TASK_TENANTS_ADVICE_H
#define TASK_TENANTS_ADVICE_H

#include "task/tenants/tenant.h"

/*
 * One piece of advice per line, at the end the commands that restore the tenants that
 * were changed; NULL if there is nothing to do. Reads the save.
 * Ownership: the caller frees.
 */
char *tenants_advise(const struct tenants *tenants);

#endif
