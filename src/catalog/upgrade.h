/* SPDX-License-Identifier: PostgreSQL */
/* What bringing an account to another version means to its database: one transaction. */
#ifndef CATALOG_UPGRADE_H
#define CATALOG_UPGRADE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "migrations/migrations.h"
#include "catalog/states.h"
#include "pg/pgconn.h"

/* SQLSTATE of a transaction that found another version than was planned for: its message
 * is that version, or "nil". */
#define CATALOG_VERSION_CHANGED "MM001"

/* Steps `first` to `end` - 1 of the migrations, for one account. */
struct catalog_upgrade {
	const struct migrations *migrations;
	enum migration_level level;
	size_t first, end;
};

enum migration_level catalog_level(const char *account);

/*
 * The whole transaction but for its COMMIT, for pgconn_script(). It begins with the lock
 * of _general and a look at the version, and ends with the new version in _general. It
 * leaves nothing behind.
 * Ownership: the caller frees.
 */
char *catalog_upgrade_script(const struct catalog_upgrade *upgrade,
			     const struct catalog_state *state);

/*
 * Put the place where the script failed before the error, "local/0.006.sql:12", and say
 * what to do about what cannot be in one transaction; if it was in a migration.
 */
void catalog_upgrade_locate(const struct catalog_upgrade *upgrade, const char *script,
			    const struct pg_failure *failure, struct error *err);

#endif
