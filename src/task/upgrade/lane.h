/* SPDX-License-Identifier: PostgreSQL */
/*
 * A lane: a session on a node that upgrades one account after another. upgrade_lane.c has
 * the session and finds the accounts, upgrade_transaction.c does one of them.
 */
#ifndef TASK_UPGRADE_LANE_H
#define TASK_UPGRADE_LANE_H

#include <stdbool.h>

#include "task/upgrade/internal.h"

struct lane {
	struct upgrade *u;
	struct upgrade_node *on;
	struct session *session; /* NULL: given up */
	struct session *next;    /* that takes its place when it is ready; NULL: none */
	unsigned sessions;       /* begun on this node for want of one */
	unsigned accounts;       /* begun in this one */
	bool is_ready;
	bool is_lost;   /* while nothing was done in it */
	bool is_global; /* for _global alone */

	/* Of the transaction. */
	struct upgrade_account *account; /* NULL: idle */
	char *script;
	struct timer *deadline; /* of the account; then of the server's answer */
	bool is_committing;
	bool is_late;   /* --timeout has passed */
	bool is_ending; /* the server was asked to end what runs */
};

/*
 * upgrade_transaction.c: begin that of an account whose steps are planned. In the end
 * the account's `progress` says what became of it (ACCOUNT_WAITING: to be tried again),
 * and lane_go_on() or lane_renew() is called.
 */
void lane_begin(struct lane *lane, struct upgrade_account *account);

/* Have the server end what runs; a COMMIT is waited for. A second call waits no longer.
 */
void lane_end_account(struct lane *lane);

/* upgrade_lane.c: take the next account, or go to another node, or rest. */
void lane_go_on(struct lane *lane);

/* The session is of no use any more: have another one, or rest. */
void lane_renew(struct lane *lane, const struct error *why);

#endif
