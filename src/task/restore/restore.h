/* SPDX-License-Identifier: PostgreSQL */
/*
 * `metamodel restore`: put the accounts of a save back, each in one transaction: as saved
 * or as it was.
 *
 * 1. restore_start() returns at once; everything happens in the loop.
 * 2. restore_cancel() may be called until `done`: what runs is rolled back, what is done
 *    stays.
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
 * The same with a save that is open, `save`, on a database that is there for this alone
 * (see conf_at()): nothing is locked but that database, and nothing comes to harm when an
 * account fails. Ownership: it takes the save over; *save is as after savedir_release().
 */
struct restore *restore_start_trial(const struct run_opts *opts, struct savedir *save);

void restore_cancel(struct restore *restore, int signal_number);

#endif
