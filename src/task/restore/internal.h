/* SPDX-License-Identifier: PostgreSQL */
/* What the parts of the restore share: restore.c has the steps, restore_check.c says
 * what will be done and whether it can be, restore_load.c does it, restore_settle.c finds
 * out what became of it. */
#ifndef TASK_RESTORE_INTERNAL_H
#define TASK_RESTORE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strvec.h"
#include "farm/farm.h"
#include "catalog/restore.h"
#include "catalog/states.h"
#include "pg/childenv.h"
#include "pg/pgtool.h"
#include "task/machine.h"
#include "task/restore/restore.h"
#include "task/restore/feed.h"
#include "task/stored.h"
#include "task/tools.h"
#include "task/worklist.h"
#include "store/layout.h"
#include "store/savedir.h"

enum restore_step {
	RESTORE_LOCK,
	RESTORE_CONNECT,
	RESTORE_TOOL,
	RESTORE_PLAN,
	RESTORE_ORIGIN,
	RESTORE_READ,
	RESTORE_NEEDS,
	RESTORE_TRUST,
	RESTORE_PRESENT,
	RESTORE_ANNOUNCE,
	RESTORE_GLOBAL,
	RESTORE_ACCOUNTS,
	RESTORE_DONE,
};

/* What is known of an account. */
enum account_progress {
	ACCOUNT_AS_BEFORE,
	ACCOUNT_IN_DOUBT,  /* its psql has ended; it may be as saved, or as before */
	ACCOUNT_REHEARSED, /* it came back, and was rolled back */
	ACCOUNT_RESTORED,  /* committed, and on the server's disk */
};

/* What there is for each node of the farm. */
struct restore_node {
	struct restore *restore;
	struct farm_node *farm_node;
	unsigned server_major;
	const struct pgtool *psql; /* NULL if the node cannot be worked with */
	struct childenv childenv;
	struct catalog_plan *plans;
	size_t plan_count;
	struct catalog_states states; /* what is there now; only for a dry run */
	struct work_group group;
	struct restore_unit *ended; /* their psql has ended, and is to be asked about */
	struct restore_unit *asked; /* the server is being asked about these */
	struct timer *patience;     /* with its answer, when a signal came */
	uint64_t lock_slots;        /* of the server; 0: not known */
	uint64_t foreign_locks;     /* of others, at that moment */
};

struct restore_account {
	struct restore *restore;
	const struct farm_account *place;
	struct restore_node *node;         /* NULL: it is on none */
	struct restore_unit *unit;         /* NULL: not yet, or it has no plan */
	const struct catalog_plan *plan;   /* NULL: there is none, and `error` is set */
	const struct catalog_state *state; /* what is there now; NULL: not known */
	struct stored_dump dump;
	struct error
		*problem; /* of the dump, set by a worker. NULL: well, or it was told */
	uint64_t locks;   /* that it takes at once, or more; 0: not known */
	enum account_progress progress;
	char *error; /* NULL: none */
	uint64_t elapsed_ms;
};

/* Accounts that come back together or not at all, by one psql in one transaction: most
 * often one. */
struct restore_unit {
	struct restore *restore;
	struct restore_node *node;
	struct restore_account **accounts; /* in the order to load them */
	size_t count;
	bool has_global;
	bool is_circular; /* there is no such order: their dumps need each other */

	struct work_item item;
	struct restore_feed *feed; /* what psql reads; NULL while none runs */
	bool is_fed;               /* psql had all of the dumps */
	unsigned running;          /* psql, its feed: 2, 1, 0 */
	struct error outcome;      /* how psql ended, of kind ERROR_NONE if well */
	char *transaction;         /* that psql began; NULL: none */
	unsigned questions;        /* about that transaction */
	struct restore_unit *next;
	unsigned lock_retries;
};

struct restore {
	struct run_opts opts;
	struct machine machine;
	struct error error; /* of the whole run */
	bool is_trial;      /* see restore_start_trial() */
	int signal_number;

	struct layout layout;
	int lock_fd;
	struct savedir save;

	struct strvec names; /* of the accounts that are wanted */
	struct farm *farm;
	struct restore_node *nodes; /* of the farm, in its order */
	struct tools *tools;
	size_t asking; /* what goes on for one node each, and perhaps the very call */

	struct strvec
		replaced; /* by a save of another database: what is there, a line each
			   */
	struct strvec registered_raw;     /* those of the farm before the restore, as in a
					     dump; only if _global is among the accounts */
	struct restore_account *accounts; /* of the farm, in its order */
	size_t account_count;
	struct restore_unit *units;
	size_t unit_count;
	size_t finished;
	struct worklist *worklist;
	struct strvec argv;
	struct failures failures;
};

/* restore.c */
/* Note why an account failed, and say so. The first reason stays. */
void restore_account_failed(struct restore_account *account, const char *step,
			    const struct error *err);

/* One less to wait for. When it was the last: STEP_FAIL if no node is left to work with.
 */
enum step_result restore_asked(struct restore *restore);

/* After farm_node_failed(): what it has to do, and does, fails. */
void restore_node_lost(struct restore_node *node);

static inline bool restore_node_is_lost(const struct restore_node *node)
{
	return node->farm_node->error.kind != ERROR_NONE;
}

/* Is it one of this node that is still to be restored? */
static inline bool restore_is_planned(const struct restore_account *account,
				      const struct restore_node *node)
{
	return account->node == node && !account->error && account->plan;
}

/* Nothing is to be changed in the end. */
static inline bool restore_changes_nothing(const struct restore *restore)
{
	return restore->opts.conf->dry_run || restore->opts.conf->rehearse;
}

/* restore_needs.c */
enum step_result restore_enter_needs(void *owner);
/* A question before the load has no answer, within its callback: warn, or give up the
 * node if its session is gone. */
void restore_not_known(struct restore_node *node, const char *what,
		       const struct error *why);

/* restore_trust.c */
enum step_result restore_enter_trust(void *owner);

/* restore_dry.c */
/* With --dry-run: which versions are there now? */
enum step_result restore_enter_present(void *owner);
/* What would be done with an account: a line, and details with --verbose. */
void restore_tell_account(const struct restore_account *account);

/* restore_locks.c */
/* The units are made. Fails the first account of each that needs too many. */
void restore_check_locks(struct restore *restore);

/* restore_objects.c */
/* Goes on with restore_asked(). */
void restore_ask_objects(struct restore_node *node);

/* restore_origin.c */
enum step_result restore_enter_origin(void *owner);

/* restore_report.c */
void restore_report(const struct restore *restore, struct report *out);

/* restore_check.c */
/* Does it know \restrict? */
bool restore_is_psql_new(const struct pgtool *psql);
enum step_result restore_enter_plan(void *owner);
enum step_result restore_enter_read(void *owner);
enum step_result restore_enter_announce(void *owner);

/* restore_units.c */
/* Which accounts are tied to each other: in the database, or by what their dumps name. */
void restore_make_units(struct restore *restore);
/* One of a unit that cannot be restored keeps the others from it, too. */
void restore_fail_units(struct restore *restore);
/* "a, b and c", with few of many. Caller frees. */
char *restore_list_unit(const struct restore_unit *unit);
void restore_free_units(struct restore *restore);

/* restore_load.c */
enum step_result restore_enter_global(void *owner);
enum step_result restore_enter_accounts(void *owner);
/* Nothing of it was committed. */
void restore_load_failed(struct restore_unit *unit, const struct error *err);
/* All of its accounts are done with. */
void restore_count_unit(struct restore_unit *unit);

/* restore_trial.c */
/* The last word on accounts that could not be loaded for a trial. */
void restore_hint_trial(struct error *err);

/* restore_settle.c */
/*
 * The psql of a unit has ended, as its `outcome` says: ask the server what became of its
 * transaction. Ends its work item, or has it tried again.
 */
void restore_settle(struct restore_unit *unit);
/* A signal came: do not wait long for an answer of the servers. */
void restore_hurry(struct restore *restore);

#endif
