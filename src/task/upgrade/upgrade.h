/* SPDX-License-Identifier: PostgreSQL */
/*
 * `metamodel upgrade`: upgrade _global and the accounts to the newest version, each in
 * one transaction, so that it is either upgraded or as before.
 *
 * 1. upgrade_start() returns at once; everything happens in the loop.
 * 2. upgrade_cancel() may be called until `done`: running transactions are rolled back,
 *    upgraded accounts stay upgraded.
 * 3. `done` is called once, when nothing is left running.
 */
#ifndef TASK_UPGRADE_UPGRADE_H
#define TASK_UPGRADE_UPGRADE_H

#include "task/report.h"
#include "task/run.h"

struct upgrade;

/* Ownership: it frees itself after `done`. */
struct upgrade *upgrade_start(const struct run_opts *opts);
void upgrade_cancel(struct upgrade *upgrade, int signal_number);

#endif
