/* SPDX-License-Identifier: PostgreSQL */
/*
 * What the files of a restore share: the run, its nodes, accounts and units. All may read
 * everything; each member is written only by the file named above it or beside it.
 *
 * This is the lowest header of the folder: it includes no other header of it.
 */
#ifndef TASK_RESTORE_STATE_H
#define TASK_RESTORE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strvec.h"
#include "catalog/restore.h"
#include "catalog/states.h"
#include "farm/farm.h"
#include "pg/childenv.h"
#include "pg/pgtool.h"
#include "store/layout.h"
#include "store/savedir.h"
#include "task/failures.h"
#include "task/machine.h"
#include "task/run.h"
#include "task/stored.h"
#include "task/worklist.h"

struct restore_feed;
struct restore_question;
struct restore_settle_calls;

/* One for each node of the farm. */
struct restore_node {
	/* nodes.c */
	struct restore *restore;
	struct farm_node *farm_node; /* if it is unusable, its `error` says why */
	unsigned jobs;               /* children at once */

	/* restore.c */
	unsigned server_major;
	const struct pgtool *psql; /* NULL if the node is unusable */

	/* plan.c */
	struct catalog_plan *plans;
	size_t plan_count;

	/* needs.c */
	uint64_t lock_slots;    /* of the server; 0: not known */
	uint64_t foreign_locks; /* held by others when asked */

	/* dry.c */
	struct catalog_states states; /* the present ones */

	/* load.c */
	struct childenv childenv;
	struct work_group group;

	/* settle.c: units whose psql has ended */
	struct restore_unit *ended; /* not asked about yet */
	struct restore_unit *asked; /* the server is being asked about these */
	struct timer *patience;     /* limits the wait for its answer after a signal */
};

/* How far an account has come. */
enum restore_progress {
	RESTORE_AS_BEFORE,
	RESTORE_IN_DOUBT,  /* its psql has ended; it is as saved or as before */
	RESTORE_REHEARSED, /* restored, and rolled back on purpose */
	RESTORE_RESTORED,  /* committed, and on the server's disk */
};

/* One for each account of the farm. */
struct restore_account {
	/* account.c */
	struct restore *restore;
	const struct farm_account *place;
	struct restore_node *node; /* NULL: it is on no node */
	char *error;               /* why it failed; NULL: it has not failed */

	/* plan.c */
	const struct catalog_plan *plan; /* NULL: there is none, and `error` is set */

	/* check.c */
	struct stored_dump dump;
	struct error *problem; /* of the dump; NULL: none, or already logged */

	/* needs.c */
	uint64_t locks; /* that it takes at the same time, at least; 0: not known */

	/* dry.c */
	const struct catalog_state *state; /* the present one; NULL: not known */

	/* units.c */
	struct restore_unit *unit; /* NULL: not yet, or it has no plan */

	/* load.c */
	uint64_t elapsed_ms;

	/* unit_end.c */
	enum restore_progress progress;
};

/* Accounts that are restored together or not at all, by one psql in one transaction:
 * usually just one. */
struct restore_unit {
	/* units.c */
	struct restore *restore;
	struct restore_node *node;
	struct restore_account **accounts; /* in the order to load them */
	size_t count;
	bool has_global;
	bool is_circular; /* there is no such order: their dumps need each other */

	/* load.c */
	struct work_item item;
	struct restore_feed *feed; /* what psql reads; NULL while no psql is running */
	bool is_fed;               /* psql has read all dumps */
	unsigned running;          /* how many of psql and its feed: 2, 1 or 0 */
	struct error outcome;      /* how psql ended; ERROR_NONE if it succeeded */
	char *transaction;         /* begun by psql; NULL: none */

	/* settle.c */
	unsigned questions;        /* asked about that transaction */
	struct restore_unit *next; /* in `ended` or `asked` of the node */

	/* unit_end.c */
	unsigned lock_retries;
};

/* source.c: the save, and what is wanted from it */
struct restore_source {
	struct layout layout;
	int lock_fd;
	struct savedir save;
	struct strvec names; /* of the accounts wanted */
};

/* nodes.c */
struct restore_nodes {
	struct restore_node *list; /* of the farm, in its order */
	size_t count;
	size_t pending; /* answers to come, plus 1 while they are being asked */
	const struct restore_question *question; /* the last one */
};

/* account.c */
struct restore_accounts {
	struct restore_account *list; /* of the farm, in its order */
	size_t count;
	struct failures failures;
};

/* units.c */
struct restore_units {
	struct restore_unit *list;
	size_t count;
};

/* load.c */
struct restore_load {
	struct worklist *worklist; /* NULL: nothing is being loaded */
};

struct restore {
	struct run_opts opts;
	struct machine machine;
	struct error error; /* of the whole run, set by the step that failed */
	bool is_trial;      /* see restore_start_trial() */
	int signal_number;
	struct farm *farm;
	struct tools *tools;

	struct restore_source source;
	struct restore_nodes nodes;
	struct restore_accounts accounts;
	struct restore_units units;

	/* plan.c: the names registered before the restore, as a dump of _global spells
	 * them; only if _global is to be restored */
	struct strvec registered_raw;
	struct strvec replaced; /* origin.c: what would be replaced, one line each */
	size_t checked;         /* check.c: number of dumps, for the progress bar */

	struct restore_load load;
	const struct restore_settle_calls *settle_calls; /* settle.c */
	size_t ended; /* unit_end.c: number of accounts, for the progress bar */
};

/* Will the run leave everything as it is? */
static inline bool restore_changes_nothing(const struct restore *restore)
{
	return restore->opts.conf->dry_run || restore->opts.conf->rehearse;
}

#endif
