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
#include "product/product.h"

/* The SQLSTATE of a transaction that found another version than planned: the last word of
 * its message is that version, or "nil". For a model with `versions = set`, the word is
 * the indexes of those planned steps that are applied, with commas between them. */
#define CATALOG_VERSION_CHANGED "MM001"

/* The SQLSTATE if a file of SQL has not recorded its step. */
#define CATALOG_NOT_RECORDED "MM002"

/* Steps `first` to `end` - 1 of the migrations, for one account. */
struct catalog_upgrade {
	const struct migrations *migrations;
	enum migration_level level;
	size_t first, end;
	/* The model whose `applied` returns the version or the steps; NULL: OpenResty, whose
	 * version is in _general. */
	const struct product *model;
	/* With `versions = set`: which steps it has already; NULL: none of them. */
	const bool *done;
};

/* Is this step among those to be done? */
bool catalog_upgrade_includes(const struct catalog_upgrade *upgrade, size_t step);

enum migration_level catalog_level(const char *account);

/*
 * The whole transaction except its COMMIT, for pgconn_script(). It begins by locking
 * _general and checking the version, and ends by writing the new version to _general. A
 * tenant of a model has no table that could be locked; the files write the version or
 * their steps, and after each it is checked that `applied` returns it. It leaves nothing
 * else in the session.
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
