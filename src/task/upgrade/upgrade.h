/* SPDX-License-Identifier: PostgreSQL */
/*
 * `metamodel upgrade`: bring _global and accounts to the newest version, each in one
 * transaction: upgraded or as it was.
 *
 * 1. upgrade_start() returns at once; everything happens in the loop.
 * 2. upgrade_cancel() may be called until `done`: what runs is rolled back, what is done
 * stays.
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
