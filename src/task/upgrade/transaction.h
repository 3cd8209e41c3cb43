/* SPDX-License-Identifier: PostgreSQL */
/*
 * The transaction of one account in a session: all of its planned steps, or none.
 *
 * 1. transaction_begin() sends the steps, and after they have succeeded the COMMIT.
 * 2. The account's `progress` becomes ACCOUNT_COMMITTED; or ACCOUNT_FAILED, which is
 *    logged; or ACCOUNT_WAITING, if it is to be tried again or continues in another
 *    transaction.
 * 3. `over` is called once, when the session is idle again. If `lost` is set, the session
 *    cannot be used any more and must be freed in that call.
 *
 * Ownership: embedded in its owner, which sets the first three members and zeroes the
 * rest. It may be used again from within `over`.
 */
#ifndef TASK_UPGRADE_TRANSACTION_H
#define TASK_UPGRADE_TRANSACTION_H

#include "pg/session.h"
#include "task/machine.h"
#include "task/upgrade/account.h"

enum transaction_state {
	TRANSACTION_IDLE,
	TRANSACTION_RUNNING,      /* its steps */
	TRANSACTION_COMMITTING,   /* only the server knows how that ends */
	TRANSACTION_ROLLING_BACK, /* the account's outcome is already decided */
};

/* Has it been told to end early? */
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

	/* The rest is private. */
	enum transaction_state state;
	enum transaction_stop stop;
	struct upgrade_account *account; /* NULL while it is idle */
	struct session *session;
	char *script;
	struct timer *deadline; /* for the account; then for the server's answer */
};

/* Start it for an account whose steps are planned. */
void transaction_begin(struct transaction *transaction, struct session *session,
		       struct upgrade_account *account);

/*
 * Have the server cancel what is running; a COMMIT is waited for. A second call does not
 * wait any longer. `over` is called later. An idle transaction, or one that is rolling
 * back, is left alone.
 */
void transaction_stop(struct transaction *transaction);

#endif
