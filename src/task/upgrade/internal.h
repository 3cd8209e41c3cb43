/* SPDX-License-Identifier: PostgreSQL */
/* What the parts of the upgrade share: upgrade.c has the steps, upgrade_plan.c says
 * what is to be done, upgrade_lane.c and upgrade_transaction.c do it, upgrade_report.c
 * says what became of it. */
#ifndef TASK_UPGRADE_INTERNAL_H
#define TASK_UPGRADE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "farm/farm.h"
#include "migrations/migrations.h"
#include "catalog/states.h"
#include "catalog/trust.h"
#include "catalog/upgrade.h"
#include "pg/session.h"
#include "task/machine.h"
#include "task/upgrade/upgrade.h"
#include "store/layout.h"

enum upgrade_step {
	UPGRADE_LOAD,
	UPGRADE_LOCK,
	UPGRADE_CONNECT,
	UPGRADE_STATES,
	UPGRADE_STRANGERS,
	UPGRADE_TRUST,
	UPGRADE_PLAN,
	UPGRADE_UNREGISTERED,
	UPGRADE_GLOBAL,
	UPGRADE_ACCOUNTS,
	UPGRADE_FLUSH,
	UPGRADE_DONE,
};

enum account_progress {
	ACCOUNT_WAITING,
	ACCOUNT_CURRENT, /* there was nothing to do */
	ACCOUNT_RUNNING,
	ACCOUNT_COMMITTED,
	ACCOUNT_UPGRADED, /* committed, and on the server's disk */
	ACCOUNT_FAILED,
};

/* What there is for each node of the farm. */
struct upgrade_node {
	struct upgrade *upgrade;
	struct farm_node *farm_node;
	struct catalog_states states;
	struct catalog_trust trust;
	struct error trust_error; /* why that is not known */
	unsigned jobs;            /* sessions at once, at most */
	unsigned lanes;           /* that are on it */
	size_t waiting;           /* accounts that are to be upgraded */
	size_t next;              /* the first account that may be waiting */
	struct error lane_error;  /* why a session was lost or could not be had */
};

struct upgrade_account {
	struct upgrade *upgrade;
	const struct farm_account *place;
	struct upgrade_node *node;   /* NULL: it is on none */
	struct catalog_state *state; /* NULL: not known */
	struct catalog_upgrade plan; /* its steps */
	enum account_progress progress;
	char *from;          /* the version before; NULL: none */
	char *error;         /* NULL: none */
	bool is_unasked;     /* _global, for what it is */
	bool is_in_doubt;    /* it failed, but may be upgraded */
	bool is_partly_done; /* some of its steps are committed, though it is not at the
				end */
	unsigned retries;
	uint64_t started_ms, elapsed_ms;
};

struct lane;

struct upgrade {
	struct run_opts opts;
	struct machine machine;
	struct error error; /* of the whole run */
	int signal_number;
	bool is_closed; /* nothing more is begun: --fail-fast */

	struct migrations migrations;
	size_t end; /* of the steps: behind --to */
	bool is_planned;
	struct layout layout;
	int lock_fd;

	struct strvec names; /* that the farm is asked for */
	struct farm *farm;
	struct upgrade_node *nodes;       /* of the farm, in its order */
	size_t asking;                    /* nodes that are being asked something */
	struct upgrade_account *accounts; /* of the farm, in its order */
	size_t account_count;
	size_t finished;
	struct failures failures;

	struct lane **lanes;
	size_t lane_count;
	size_t lanes_busy;      /* connecting, or with an account */
	struct timer *all_rest; /* set when no lane is busy any more */
};

bool upgrade_is_global(const struct upgrade_account *a);

void upgrade_account_failed(struct upgrade_account *a, const char *step,
			    const struct error *err);

/* Is it a database of ours that _global would be made in? */
enum step_result upgrade_enter_strangers(void *owner);
/* Ask about the accounts of each node that can be worked with, all side by side; each
 * answer takes one from `asking`. */
enum step_result upgrade_ask_nodes(struct upgrade *u,
				   void (*ask)(struct upgrade_node *n,
					       const struct strvec *names));
/* Whose code would be run? */
enum step_result upgrade_enter_trust(void *owner);
enum step_result upgrade_enter_plan(void *owner);
enum step_result upgrade_enter_unregistered(void *owner);

/* _global comes before all others: without it nothing else is begun. */
bool upgrade_has_global_failed(const struct upgrade *u);
enum step_result upgrade_global_failed(struct upgrade *u);

/* What to do about those that failed; NULL: nothing. Ownership: the caller frees. */
char *upgrade_advise(const struct upgrade *u);

void upgrade_fill_report(struct upgrade *u, struct report *out);

/* More of its steps are left when those that are planned are done. */
static inline bool upgrade_has_more(const struct upgrade_account *a)
{
	return a->plan.end < a->upgrade->end;
}

/* Plan the steps of an account from its version on. False: there is nothing to do. */
bool upgrade_plan_account(struct upgrade_account *a);

/* Say that there is nothing to do. */
void upgrade_log_current(const struct upgrade_account *a);

/*
 * The lanes: sessions, each of which upgrades one waiting account of a node after
 * another, and then goes on to another node. With `is_global`, _global alone is upgraded.
 * When that is over they are freed and machine_move() is called, from the loop.
 * Accounts may be waiting still: those that nobody was left for.
 */
void upgrade_lanes_start(struct upgrade *u, bool is_global);

/*
 * Have the servers end what runs, on one node or, if it is NULL, on all; what is being
 * committed is waited for. A second call waits no longer. The machine is cancelled, or
 * the node is lost.
 */
void upgrade_lanes_end(struct upgrade *u, const struct upgrade_node *on);
void upgrade_lanes_free(struct upgrade *u);

#endif
