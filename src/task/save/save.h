/* SPDX-License-Identifier: PostgreSQL */
/*
 * `metamodel save`: dump accounts in parallel from one snapshot into a new directory,
 * check every dump, carry over what could not be dumped, and swap the directory in.
 *
 * 1. save_start() returns at once; everything happens in the loop.
 * 2. save_cancel() may be called until `done`. It has no effect once the swap has begun.
 * 3. `done` is called once, when nothing is left running and nothing is half done.
 */
#ifndef TASK_SAVE_SAVE_H
#define TASK_SAVE_SAVE_H

#include "task/run.h"

struct save;

/* Ownership: it frees itself after `done`. */
struct save *save_start(const struct run_opts *opts);

void save_cancel(struct save *save, int signal_number);

#endif
