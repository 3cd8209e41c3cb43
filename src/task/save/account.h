/* SPDX-License-Identifier: PostgreSQL */
/*
 * The accounts of a save: found by name, counted by state.
 *
 * An account is pending until its dump has ended, and only these functions change that. A
 * dumped account may still fail; a failed one stays failed.
 */
#ifndef TASK_SAVE_ACCOUNT_H
#define TASK_SAVE_ACCOUNT_H

#include "task/save/state.h"

/* Make them from the farm's accounts, after its nodes have listed theirs. */
void save_accounts_make(struct save *save);
void save_accounts_release(struct save *save);

size_t save_accounts_count(const struct save *save, enum account_state state);

/* NULL if this run does not know it. */
struct save_account *save_account_find(const struct save *save, const char *name);

/* Note and log why it failed. The first reason stays. */
void save_account_fail(struct save_account *account, const char *step,
		       const struct error *err);
/* Its dump is good, as far as is known now. */
void save_account_set_dumped(struct save_account *account);
/* The tenant has no schema yet, or the run was cancelled before the account was dumped.
 * Neither is logged. */
void save_account_set_missing(struct save_account *account);
void save_account_set_stopped(struct save_account *account);

/* Log that it is being dumped, once, however often that is tried. */
void save_account_announce(struct save_account *account);
/* How long its last pg_dump took, or the account's share of that. */
void save_account_set_elapsed(struct save_account *account, uint64_t elapsed_ms);

#endif
