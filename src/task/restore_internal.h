/* SPDX-License-Identifier: PostgreSQL */
/* What the parts of the restore share: restore.c moves the states, restore_check.c says
 * what will be done and whether it can be, restore_load.c does it, restore_settle.c finds
 * out what became of it. */
#ifndef TASK_RESTORE_INTERNAL_H
#define TASK_RESTORE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strvec.h"
#include "model/farm.h"
#include "model/restore.h"
#include "pg/childenv.h"
#include "pg/pgtool.h"
#include "task/restore.h"
#include "task/stored.h"
#include "task/worklist.h"
#include "tree/layout.h"
#include "tree/savedir.h"

enum restore_state {
	RESTORE_LOCK,
	RESTORE_CONNECT,
	RESTORE_TOOL,
	RESTORE_PLAN,
	RESTORE_READ,
	RESTORE_ANNOUNCE,
	RESTORE_GLOBAL,
	RESTORE_ACCOUNTS,
	RESTORE_DONE,
	RESTORE_FAILED,
};

/* What is known of an account. */
enum account_progress {
	ACCOUNT_AS_BEFORE,
	ACCOUNT_IN_DOUBT, /* its psql has ended; it may be as saved, or as before */
	ACCOUNT_RESTORED, /* committed, and on the server's disk */
};

/* The psql for the servers of a major version. */
struct restore_psql {
	struct restore *restore;
	unsigned server_major;
	struct pgtool_search *search; /* NULL: it is over */
	struct pgtool tool;
};

/* What there is for each node of the farm. */
struct restore_node {
	struct restore *restore;
	struct farm_node *farm_node;
	const struct restore_psql *psql; /* NULL if the node cannot be worked with */
	struct childenv childenv;
	struct model_plan *plans;
	size_t plan_count;
	struct work_group group;
	struct restore_account
		*ended; /* their psql has ended, and is to be asked about */
	struct restore_account *asked; /* the server is being asked about these */
	struct timer *patience;        /* with its answer, when a signal came */
};

struct restore_account {
	struct restore *restore;
	const struct farm_account *place;
	struct restore_node *node; /* NULL: it is on none */
	struct work_item item;
	const struct model_plan *plan; /* NULL: there is none, and `error` is set */
	struct stored_dump dump;
	struct error *problem; /* of the dump, set by a worker; later how psql ended.
				  NULL: well, or it was told */
	enum account_progress progress;
	char *transaction; /* that psql began; NULL: none */
	bool is_dump_changed;
	unsigned questions; /* about that transaction */
	struct restore_account *next;
	unsigned lock_retries;
	char *error; /* NULL: none */
	uint64_t elapsed_ms;
};

struct restore {
	struct run_opts opts;
	enum restore_state state;
	struct error error; /* of the whole run */
	bool is_cancelled;
	int signal_number;

	struct layout layout;
	int lock_fd;
	struct savedir save;

	struct strvec names; /* of the accounts that are wanted */
	struct farm *farm;
	struct restore_node *nodes; /* of the farm, in its order */
	struct restore_psql *psqls;
	size_t psql_count;
	size_t asking; /* what goes on for one node each, and perhaps the very call */

	struct strvec registered_raw;     /* those of the farm before the restore, as in a
					     dump; only if _global is among the accounts */
	struct restore_account *accounts; /* of the farm, in its order */
	size_t account_count;
	size_t finished;
	struct worklist *worklist;
	struct strvec argv;
	char *last_failure; /* see run_log_failure() */
};

/* restore.c */
void restore_advance(struct restore *restore, enum step_result result);
/* Note why an account failed, and say so. The first reason stays. */
void restore_account_failed(struct restore_account *account, const char *step,
			    const struct error *err);

/* What is to be told of it, or NULL; copied. */
void restore_set_problem(struct restore_account *account, const struct error *problem);

/* One less to wait for. When it was the last: STEP_FAIL if no node is left to work with.
 */
enum step_result restore_asked(struct restore *restore);

/* After farm_node_failed(): what it has to do, and does, fails. */
void restore_node_lost(struct restore_node *node);

static inline bool restore_node_is_lost(const struct restore_node *node)
{
	return node->farm_node->error.kind != ERROR_NONE;
}

/* restore_report.c */
void restore_report(const struct restore *restore, struct report *out);

/* restore_check.c */
/* Does it know \restrict? */
bool restore_is_psql_new(const struct pgtool *psql);
enum step_result restore_enter_plan(struct restore *restore);
enum step_result restore_enter_read(struct restore *restore);
enum step_result restore_enter_announce(struct restore *restore);

/* restore_load.c */
enum step_result restore_enter_global(struct restore *restore);
enum step_result restore_enter_accounts(struct restore *restore);
/* Nothing of it was committed. */
void restore_load_failed(struct restore_account *account, const struct error *err);
/* One more is done with. */
void restore_count_account(struct restore *restore);

/* restore_settle.c */
/*
 * The psql of an account has ended, as `problem` says: ask the server what became of its
 * transaction. Ends its work item, or has it tried again.
 */
void restore_settle(struct restore_account *account);
/* A signal came: do not wait long for an answer of the servers. */
void restore_hurry(struct restore *restore);

#endif
