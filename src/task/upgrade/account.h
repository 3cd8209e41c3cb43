/* SPDX-License-Identifier: PostgreSQL */
/*
 * The accounts of an upgrade: how far each is, and why it failed. Each function that
 * changes one says what it changes; nobody else writes to an account but plan.c, which
 * writes `plan`, and transaction.c, which writes `work`.
 *
 * Ownership: what an account points to is its own, but for `place`, which is the farm's,
 * and `state`, which is that of struct upgrade_states.
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
	struct upgrade_accounts *accounts; /* that it is one of */
	const struct farm_account *place;
	struct catalog_state *state; /* NULL: not known */
	char *from;                  /* the version before; NULL: none */
	struct catalog_upgrade plan; /* its steps */
	enum account_progress progress;
	char *error;         /* why it failed; NULL: it did not */
	bool is_unasked;     /* _global, for what it is */
	bool is_in_doubt;    /* it failed, but may be upgraded */
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
	struct upgrade_account *list; /* in the farm's order, which has _global first */
	size_t count;
	struct failures failures;
	/* How many are how far: there are too many of them to be counted each time. */
	size_t with_progress[ACCOUNT_PROGRESSES];
};

/* Ownership: all three must outlive *accounts, which the caller releases. */
void upgrade_accounts_init(struct upgrade_accounts *accounts, const struct run_opts *opts,
			   const struct upgrade_target *target, const struct farm *farm);
void upgrade_accounts_release(struct upgrade_accounts *accounts);

/* One of those of the farm. */
struct upgrade_account *upgrade_account_find(const struct upgrade_accounts *accounts,
					     const char *name);

bool upgrade_account_is_global(const struct upgrade_account *account);

/* NULL: it is not among them. */
struct upgrade_account *upgrade_accounts_global(const struct upgrade_accounts *accounts);

/* It is asked for, and not there: it is made. */
bool upgrade_accounts_is_global_new(const struct upgrade_accounts *accounts);

/* _global comes before all others: without it nothing else is begun. */
bool upgrade_accounts_has_global_failed(const struct upgrade_accounts *accounts);

/* --fail-fast: one has failed, so nothing more is begun. */
bool upgrade_accounts_are_closed(const struct upgrade_accounts *accounts);

/* Tell the caller how many are over: upgraded or not. */
void upgrade_accounts_tell_progress(const struct upgrade_accounts *accounts);

/* What was found of it: `state`, `from`. */
void upgrade_account_found(struct upgrade_account *account, struct catalog_state *state);

/* What somebody else has made of it meanwhile, "0.003" or "nil": its version. */
void upgrade_account_found_version(struct upgrade_account *account, const char *version);

/* `progress`, of one that did not fail. */
void upgrade_account_set_progress(struct upgrade_account *account,
				  enum account_progress progress);

/* Nobody asked for it. */
void upgrade_account_pass_over(struct upgrade_account *account);

/* Say that it failed in a step, and why. */
void upgrade_account_fail(struct upgrade_account *account, const char *step,
			  const struct error *err);

/* How its transaction ended, nobody knows. */
void upgrade_account_doubt(struct upgrade_account *account);

/* Its plan goes on in another transaction when this one is committed. */
bool upgrade_account_has_more(const struct upgrade_account *account);

/* The first part of that is committed: its version is that of the last step. */
void upgrade_account_note_part(struct upgrade_account *account);

#endif
