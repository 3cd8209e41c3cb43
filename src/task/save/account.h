/* SPDX-License-Identifier: PostgreSQL */
/*
 * The accounts of a save: found by name, counted by what became of them.
 *
 * An account is pending until its dump has ended, and only the functions here say how.
 * One that is dumped may still fail; one that has failed stays so.
 */
#ifndef TASK_SAVE_ACCOUNT_H
#define TASK_SAVE_ACCOUNT_H

#include "task/save/state.h"

/* Make them of those of the farm, when its nodes have told what they have. */
void save_accounts_make(struct save *save);
void save_accounts_release(struct save *save);

size_t save_accounts_count(const struct save *save, enum account_state state);

/* NULL if this run does not know it. */
struct save_account *save_account_find(const struct save *save, const char *name);

/* Note why it failed, and say so. The first reason stays. */
void save_account_fail(struct save_account *account, const char *step,
		       const struct error *err);
/* Its dump is good, as far as is known now. */
void save_account_set_dumped(struct save_account *account);
/* The run is cancelled before it was dumped: nothing is said of it. */
void save_account_set_missing(struct save_account *account);
void save_account_set_stopped(struct save_account *account);

/* Say once that it is being dumped, however often that is tried. */
void save_account_announce(struct save_account *account);
/* How long its last pg_dump took, or its share of that. */
void save_account_set_elapsed(struct save_account *account, uint64_t elapsed_ms);

#endif
