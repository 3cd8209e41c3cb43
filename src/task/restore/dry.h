/* SPDX-License-Identifier: PostgreSQL */
/* The dry run: what a restore would change, account by account. */
#ifndef TASK_RESTORE_DRY_H
#define TASK_RESTORE_DRY_H

#include "task/machine.h"
#include "task/restore/state.h"

/* The step "present": with --dry-run, read the versions that are there now. Fails nobody:
 * what cannot be read is shown as "?". */
enum step_result restore_dry_enter(void *owner);

/*
 * A line for an account:
 *
 *	agentzh: 10 tables -> 7, version 0.009 -> 0.001, saved 2 h ago
 *
 * What stays as it is, is said once. With --verbose, more lines follow it.
 */
void restore_dry_tell(const struct restore_account *account);

#endif
