/* SPDX-License-Identifier: PostgreSQL */
/* What the parts of the restore share: restore.c moves the states, restore_check.c says
 * what will be done and whether it can be, restore_load.c does it. */
#ifndef TASK_RESTORE_INTERNAL_H
#define TASK_RESTORE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strvec.h"
#include "model/restore.h"
#include "pg/childenv.h"
#include "pg/node.h"
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
	RESTORE_REGISTERED,
	RESTORE_PLAN,
	RESTORE_READ,
	RESTORE_ANNOUNCE,
	RESTORE_GLOBAL,
	RESTORE_ACCOUNTS,
	RESTORE_DONE,
	RESTORE_FAILED,
};

enum step_result { STEP_NEXT, STEP_FAIL, STEP_WAIT };

/* What is known of an account. */
enum account_progress {
	ACCOUNT_AS_BEFORE,
	ACCOUNT_IN_DOUBT, /* its psql has ended; it may be as saved, or as before */
	ACCOUNT_RESTORED, /* committed, and on the server's disk */
};

struct restore_account {
	struct restore *restore;
	struct work_item item;
	const struct model_plan *plan;
	struct stored_dump dump;
	struct error problem; /* of the dump, filled by a worker; later how psql ended.
				 ERROR_NONE: well */
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

	struct conninfo conninfo;
	struct node *node;
	bool is_node_lost;
	struct error node_error;
	struct pgtool_search *search;
	struct pgtool psql;
	struct childenv childenv;

	struct strvec registered;     /* before the restore */
	struct strvec registered_raw; /* the same, in the encoding of the database */
	struct model_plan *plans;
	struct restore_account *accounts;
	size_t account_count;
	size_t finished;
	unsigned jobs;
	struct work_group group;
	struct worklist *worklist;
	struct strvec argv;
	struct restore_account
		*ended; /* their psql has ended, and is to be asked about */
	struct restore_account *asked; /* the server is being asked about these */
	struct timer *patience;        /* with its answer, when a signal came */
	char *last_failure;            /* see run_log_failure() */
};

/* restore.c */
void restore_advance(struct restore *restore, enum step_result result);
/* Note why an account failed, and say so. The first reason stays. */
void restore_account_failed(struct restore_account *account, const char *step,
			    const struct error *err);
void restore_node_lost(struct restore *restore, const struct error *err);

/* restore_check.c */
/* Does it know \restrict? */
bool restore_is_psql_new(const struct pgtool *psql);
enum step_result restore_enter_plan(struct restore *restore);
enum step_result restore_enter_read(struct restore *restore);
enum step_result restore_enter_announce(struct restore *restore);

/* restore_load.c */
enum step_result restore_enter_global(struct restore *restore);
enum step_result restore_enter_accounts(struct restore *restore);
/* A signal came: do not wait long for an answer of the server. */
void restore_hurry(struct restore *restore);

#endif
