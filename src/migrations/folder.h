/* SPDX-License-Identifier: PostgreSQL */
/*
 * A folder of SQL files that upgrade the tenants of a model. Each file is one step, which
 * its name says:
 *
 * - With `versions = number`, the name begins with the version: 3.sql, 003_add_phone.sql,
 *   V3__add_phone.sql. The steps are in the order of their versions.
 * - With `versions = set`, the step is the name without .sql or, if no other file begins
 *   with the same number, that number. The steps are in the order of their names, in which
 *   numbers count as such: V2__b is before V10__a.
 */
#ifndef MIGRATIONS_FOLDER_H
#define MIGRATIONS_FOLDER_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/error.h"
#include "migrations/migrations.h"
#include "product/product.h"

/*
 * Read and check all files in `dir` as MIGRATION_LOCAL; there are no others. Files are
 * ignored as migration_files_list() says.
 * Ownership: the caller releases *out, after success only.
 * Errors: ERROR_USAGE if there is no file, a name does not begin with a version, a version
 * occurs twice, or a file cannot be read or cannot be part of a transaction.
 */
MUST_CHECK bool migrations_load_folder(const char *dir, bool is_set,
				       struct migrations *out, struct error *err);

/* The steps of a product: of a model as above, where `dir` must be given, or of OpenResty
 * as migrations_load() says. */
MUST_CHECK bool migrations_load_for(const struct product *product, const char *dir,
				    struct migrations *out, struct error *err);

#endif
