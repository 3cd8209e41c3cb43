/* SPDX-License-Identifier: PostgreSQL */
/*
 * A database that has no _global yet: is it one of ours, and which of its schemas are
 * accounts? Both only ask; where _global is there, nothing is asked.
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
 * Is it a database of others, that _global would be made in? `done` follows, unless false:
 * there is nothing to ask.
 * Errors: ERROR_DATA, with what is there; ERROR_SERVER.
 */
MUST_CHECK bool
upgrade_strangers_start(struct upgrade_strangers *strangers,
			const struct upgrade_accounts *accounts,
			void (*done)(void *owner, const struct error *err), void *owner);

/*
 * Say which schemas look like accounts, and how to register them. The same holds for
 * `done`.
 * Errors: ERROR_SERVER.
 */
MUST_CHECK bool upgrade_unregistered_start(
	struct upgrade_strangers *strangers, const struct upgrade_accounts *accounts,
	void (*done)(void *owner, const struct error *err), void *owner);

#endif
