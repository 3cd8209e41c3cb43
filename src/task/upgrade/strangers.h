/* SPDX-License-Identifier: PostgreSQL */
/*
 * A database without _global: does it belong to others, and which of its schemas are
 * accounts? Both functions only ask; if _global exists, they ask nothing.
 */
#ifndef TASK_UPGRADE_STRANGERS_H
#define TASK_UPGRADE_STRANGERS_H

#include "task/upgrade/account.h"

struct upgrade_strangers {
	const struct upgrade_accounts *accounts;
	void (*done)(void *owner, const struct error *err);
	void *owner;
};

/*
 * Does the database, in which _global would be created, belong to others? `done` is
 * called later, unless this returns false: there is nothing to ask.
 * Errors: ERROR_DATA, listing what is there; ERROR_SERVER.
 */
MUST_CHECK bool
upgrade_strangers_start(struct upgrade_strangers *strangers,
			const struct upgrade_accounts *accounts,
			void (*done)(void *owner, const struct error *err), void *owner);

/*
 * Log which schemas look like accounts, and how to register them. `done` is called as
 * above.
 * Errors: ERROR_SERVER.
 */
MUST_CHECK bool upgrade_unregistered_start(
	struct upgrade_strangers *strangers, const struct upgrade_accounts *accounts,
	void (*done)(void *owner, const struct error *err), void *owner);

#endif
