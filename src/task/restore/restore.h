/* SPDX-License-Identifier: PostgreSQL */
/*
 * `metamodel restore`: restore the accounts of a save, each in one transaction, so that
 * it is either as saved or as before.
 *
 * 1. restore_start() returns at once; everything happens in the loop.
 * 2. restore_cancel() may be called until `done`: running transactions are rolled back,
 *    restored accounts stay restored.
 * 3. `done` is called once, when nothing is left running.
 */
#ifndef TASK_RESTORE_RESTORE_H
#define TASK_RESTORE_RESTORE_H

#include "task/report.h"
#include "task/run.h"

struct restore;
struct savedir;

/* Ownership: it frees itself after `done`. */
struct restore *restore_start(const struct run_opts *opts);

/*
 * The same with a save that is already open, on a database that exists only for this (see
 * conf_at()). Only that database is locked, and an account that fails does no harm.
 * Ownership: it takes over the save; *save is then as after savedir_release().
 */
struct restore *restore_start_trial(const struct run_opts *opts, struct savedir *save);

void restore_cancel(struct restore *restore, int signal_number);

#endif
