/* SPDX-License-Identifier: PostgreSQL */
/*
 * The accounts of an upgrade: how far each one is, and why it failed. Only these
 * functions change an account, except that plan.c writes `plan` and transaction.c writes
 * `work`.
 *
 * Ownership: an account owns what it points to, except `place`, which belongs to the
 * farm, and `state`, which belongs to struct upgrade_states.
 */
#ifndef TASK_UPGRADE_ACCOUNT_H
#define TASK_UPGRADE_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "catalog/states.h"
#include "catalog/upgrade.h"
#include "farm/farm.h"
#include "task/failures.h"
#include "task/run.h"
#include "task/upgrade/target.h"

enum account_progress {
	ACCOUNT_WAITING,
	ACCOUNT_CURRENT, /* there was nothing to do */
	ACCOUNT_RUNNING,
	ACCOUNT_COMMITTED,
	ACCOUNT_UPGRADED, /* committed, and on the server's disk */
	ACCOUNT_FAILED,
	ACCOUNT_PROGRESSES,
};

struct upgrade_account {
	struct upgrade_accounts *accounts; /* all of them */
	const struct farm_account *place;
	struct catalog_state *state; /* NULL: not known */
	char *from;                  /* the version before; NULL: none */
	struct catalog_upgrade plan; /* its steps */
	/* With `versions = set`: which steps it has, for plan.done, and the number of all
	 * steps that it has, also those that are no longer known. */
	bool *done;
	size_t step_count;
	enum account_progress progress;
	char *error;         /* why it failed; NULL: it has not failed */
	bool is_unasked;     /* _global, which nobody asked to upgrade */
	bool is_in_doubt;    /* it failed, but may have been upgraded */
	bool is_partly_done; /* some of its steps are committed, maybe not all */
	struct {
		unsigned retries;
		uint64_t started_ms, elapsed_ms;
	} work;
};

/* All zero is empty. */
struct upgrade_accounts {
	const struct run_opts *opts;
	const struct upgrade_target *target;
	const struct farm *farm;
	struct upgrade_account *list; /* in the farm's order: _global is first */
	size_t count;
	struct failures failures;
	/* How many accounts have each progress. There are too many accounts to count them
	 * each time. */
	size_t with_progress[ACCOUNT_PROGRESSES];
};

/* Ownership: all three must outlive *accounts, which the caller releases. */
void upgrade_accounts_init(struct upgrade_accounts *accounts, const struct run_opts *opts,
			   const struct upgrade_target *target, const struct farm *farm);
void upgrade_accounts_release(struct upgrade_accounts *accounts);

/* `name` must be an account of the farm. */
struct upgrade_account *upgrade_account_find(const struct upgrade_accounts *accounts,
					     const char *name);

bool upgrade_account_is_global(const struct upgrade_account *account);

/* NULL if it is not among them. */
struct upgrade_account *upgrade_accounts_global(const struct upgrade_accounts *accounts);

/* _global is among the accounts, but does not exist yet: the upgrade creates it. */
bool upgrade_accounts_is_global_new(const struct upgrade_accounts *accounts);

/* _global is upgraded first: if it fails, no other account is begun. */
bool upgrade_accounts_has_global_failed(const struct upgrade_accounts *accounts);

/* --fail-fast: an account has failed, so no other is begun. */
bool upgrade_accounts_are_closed(const struct upgrade_accounts *accounts);

/* Report to the run's `progress` how many accounts are finished, upgraded or not. */
void upgrade_accounts_tell_progress(const struct upgrade_accounts *accounts);

/* Set `state`, as found on the server, and `from`. */
void upgrade_account_found(struct upgrade_account *account, struct catalog_state *state);

/* Somebody else has changed its version meanwhile, to `version` ("0.003") or to none
 * ("nil"). With `versions = set`, these are the indexes of steps that it has now
 * ("1,2"). */
void upgrade_account_found_version(struct upgrade_account *account, const char *version);

/* Set `progress`. To fail an account, call upgrade_account_fail(). */
void upgrade_account_set_progress(struct upgrade_account *account,
				  enum account_progress progress);

/* Nobody asked to upgrade it: count it as current. */
void upgrade_account_pass_over(struct upgrade_account *account);

/* Note and log that it failed in this step, and why. */
void upgrade_account_fail(struct upgrade_account *account, const char *step,
			  const struct error *err);

/* It is not known how its transaction ended. */
void upgrade_account_doubt(struct upgrade_account *account);

/* The first step from index `first` on that it lacks, or the end of the target. */
size_t upgrade_account_next_step(const struct upgrade_account *account, size_t first);

/* How many steps it lacks. */
size_t upgrade_account_count_steps(const struct upgrade_account *account);

/* With `versions = set`: "3 steps", with `more` than it has now; NULL: none. Ownership:
 * the caller frees. */
char *upgrade_account_format_steps(const struct upgrade_account *account, size_t more);

/* Does it need another transaction after this one? */
bool upgrade_account_has_more(const struct upgrade_account *account);

/* A part of its steps is committed: its version is now that of the last of these. */
void upgrade_account_note_part(struct upgrade_account *account);

#endif
