/* SPDX-License-Identifier: PostgreSQL */
/*
 * Check a dump that was written, and note what it contains.
 *
 * 1. save_check_run() reads the file on a worker thread. Nothing else may touch the
 *    account meanwhile.
 * 2. save_check_take() gets the result on the loop's thread. It must follow.
 */
#ifndef TASK_SAVE_CHECK_H
#define TASK_SAVE_CHECK_H

#include "task/save/state.h"

void save_check_run(struct save_account *account);

/* Errors: ERROR_DATA if it is not a good dump, ERROR_SYSTEM if it cannot be read. */
MUST_CHECK bool save_check_take(struct save_account *account, struct error *err);

#endif
