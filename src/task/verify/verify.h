/* SPDX-License-Identifier: PostgreSQL */
/*
 * `metamodel verify`: is a save on disk what its manifest says? Needs no database and no
 * lock: it holds the directory open, so a run that swaps the directory does not disturb
 * it.
 *
 * `done` is called once, from the loop. A file that is not in order fails its account; a
 * file that belongs to no account fails as an account without a name.
 */
#ifndef TASK_VERIFY_VERIFY_H
#define TASK_VERIFY_VERIFY_H

#include "task/run.h"

struct verify;

/* Ownership: it frees itself after `done`. */
struct verify *verify_start(const struct run_opts *opts);

/* A file that is being read is read to its end; nothing more is begun. */
void verify_cancel(struct verify *verify, int signal_number);

#endif
