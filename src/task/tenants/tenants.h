/* SPDX-License-Identifier: PostgreSQL */
/*
 * `metamodel upgrade` for tenants of other products: runs the product's own command once
 * for each tenant. Afterwards the tenant's steps say whether it is upgraded.
 *
 * 1. tenants_start() returns at once; everything happens in the loop.
 * 2. tenants_cancel() may be called until `done`: what is running is cancelled, and its
 *    result is looked at.
 * 3. `done` is called once, when nothing is left running.
 */
#ifndef TASK_TENANTS_TENANTS_H
#define TASK_TENANTS_TENANTS_H

#include "task/report.h"
#include "task/run.h"

struct tenants_upgrade;

/*
 * Has the model a command, and can it be run? Call this before anything is begun.
 * Errors: ERROR_USAGE, with the place in the configuration.
 */
MUST_CHECK bool tenants_check(const struct conf *conf, struct error *err);

/* Ownership: it frees itself after `done`. */
struct tenants_upgrade *tenants_start(const struct run_opts *opts);
void tenants_cancel(struct tenants_upgrade *upgrade, int signal_number);

#endif
