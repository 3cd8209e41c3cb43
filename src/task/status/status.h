/* SPDX-License-Identifier: PostgreSQL */
/*
 * `metamodel status`: the version of each account, whether its tables are those of that
 * version, and its last save. Takes no lock and changes nothing.
 *
 * `done` is called once, from the loop. Only accounts that do not exist have an error.
 */
#ifndef TASK_STATUS_STATUS_H
#define TASK_STATUS_STATUS_H

#include "task/run.h"

struct status;

/* Ownership: it frees itself after `done`. */
struct status *status_start(const struct run_opts *opts);
void status_cancel(struct status *status, int signal_number);

#endif
