/* SPDX-License-Identifier: PostgreSQL */
/*
 * Check a dump that was written, and note what it holds.
 *
 * 1. save_check_run() on a worker thread reads the file. Nobody else touches the account
 *    meanwhile.
 * 2. save_check_take() on the loop's thread has the result, and must follow.
 */
#ifndef TASK_SAVE_CHECK_H
#define TASK_SAVE_CHECK_H

#include "task/save/state.h"

void save_check_run(struct save_account *account);

/* Errors: ERROR_DATA, ERROR_SYSTEM: it is no dump, or cannot be read. */
MUST_CHECK bool save_check_take(struct save_account *account, struct error *err);

#endif
