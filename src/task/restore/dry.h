/* SPDX-License-Identifier: PostgreSQL */
/* The dry run: what a restore would change, account by account. */
#ifndef TASK_RESTORE_DRY_H
#define TASK_RESTORE_DRY_H

#include "task/machine.h"
#include "task/restore/state.h"

/* The step "present": with --dry-run, read the present versions. It fails no account: a
 * version that cannot be read is shown as "?". */
enum step_result restore_dry_enter(void *owner);

/*
 * Print a line for an account:
 *
 *	agentzh: 10 tables -> 7, version 0.009 -> 0.001, saved 2 h ago
 *
 * A value that does not change is printed once. With --verbose, more lines follow.
 */
void restore_dry_tell(const struct restore_account *account);

#endif
