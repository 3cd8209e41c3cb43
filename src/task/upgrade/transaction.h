/* SPDX-License-Identifier: PostgreSQL */
/*
 * The transaction of one account in a session: all of its planned steps, or none.
 *
 * 1. transaction_begin() sends the steps, and when they are done the COMMIT.
 * 2. The account's `progress` becomes ACCOUNT_COMMITTED, ACCOUNT_FAILED, which is said, or
 *    ACCOUNT_WAITING: it is to be tried again, or goes on in another transaction.
 * 3. `over` is called once, when the session has nothing to do any more. With `lost` the
 *    session is of no use, and to be freed within that call.
 *
 * Ownership: part of its owner, all zero but for the first three at first. It may be used
 * again from within `over`.
 */
#ifndef TASK_UPGRADE_TRANSACTION_H
#define TASK_UPGRADE_TRANSACTION_H

#include "pg/session.h"
#include "task/machine.h"
#include "task/upgrade/account.h"

enum transaction_state {
	TRANSACTION_IDLE,
	TRANSACTION_RUNNING,      /* its steps */
	TRANSACTION_COMMITTING,   /* how that ends is the server's word alone */
	TRANSACTION_ROLLING_BACK, /* what becomes of the account is decided */
};

/* Was it to be ended before its time? */
enum transaction_stop {
	TRANSACTION_GOES_ON,
	TRANSACTION_STOPPED, /* by transaction_stop() */
	TRANSACTION_LATE,    /* --timeout has passed */
};

struct transaction {
	const struct machine *machine; /* of the run: is it cancelled? */
	void (*over)(void *owner, struct upgrade_account *account,
		     const struct error *lost);
	void *owner;

	/* The rest is its own. */
	enum transaction_state state;
	enum transaction_stop stop;
	struct upgrade_account *account; /* NULL while it is idle */
	struct session *session;
	char *script;
	struct timer *deadline; /* of the account; then of the server's answer */
};

/* For an account whose steps are planned. */
void transaction_begin(struct transaction *transaction, struct session *session,
		       struct upgrade_account *account);

/*
 * Have the server end what runs; a COMMIT is waited for. A second call waits no longer.
 * `over` follows, later. Nothing happens to one that is idle or rolling back.
 */
void transaction_stop(struct transaction *transaction);

#endif
