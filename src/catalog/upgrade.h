/* SPDX-License-Identifier: PostgreSQL */
/* What upgrading an account means for its database: one transaction. */
#ifndef CATALOG_UPGRADE_H
#define CATALOG_UPGRADE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "migrations/migrations.h"
#include "catalog/states.h"
#include "pg/pgconn.h"

/* The SQLSTATE of a transaction that found another version than planned: its message is
 * that version, or "nil". */
#define CATALOG_VERSION_CHANGED "MM001"

/* Steps `first` to `end` - 1 of the migrations, for one account. */
struct catalog_upgrade {
	const struct migrations *migrations;
	enum migration_level level;
	size_t first, end;
};

enum migration_level catalog_level(const char *account);

/*
 * The whole transaction except its COMMIT, for pgconn_script(). It begins by locking
 * _general and checking the version, and ends by writing the new version to _general. It
 * leaves nothing else in the session.
 * Ownership: the caller frees.
 */
char *catalog_upgrade_script(const struct catalog_upgrade *upgrade,
			     const struct catalog_state *state);

/*
 * If the script failed in a migration, put the place before the error
 * ("local/0.006.sql:12"), and add a hint if the statement cannot run in a transaction.
 */
void catalog_upgrade_locate(const struct catalog_upgrade *upgrade, const char *script,
			    const struct pg_failure *failure, struct error *err);

#endif
