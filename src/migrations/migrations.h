/* SPDX-License-Identifier: PostgreSQL */
/*
 * The steps from one version of the metamodel to the next: files global/VERSION.sql and
 * local/VERSION.sql, either built in (src/migrations/) or in a directory with the same
 * layout.
 *
 * local/none.sql, which may be missing, creates what an account was before the first
 * version; no upgrade runs it.
 *
 * A step that must be committed before the next one runs, for example because it adds a
 * value to an enumeration, has a comment line "-- metamodel: commit" at its top.
 */
#ifndef MIGRATIONS_MIGRATIONS_H
#define MIGRATIONS_MIGRATIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/strvec.h"
#include "migrations/file.h"

/* For _global, and for all other accounts. */
enum migration_level { MIGRATION_GLOBAL, MIGRATION_LOCAL, MIGRATION_LEVELS };

struct migration {
	char *version;   /* as in the names of the files, and as written to _general */
	char *alias;     /* another name of the step, see folder.h; NULL: none */
	uint64_t number; /* of version_parse() */
	struct migration_file files[MIGRATION_LEVELS];
};

struct migrations {
	struct migration *steps; /* in the order of their versions, at least one */
	size_t count;
	struct migration_file none; /* local/none.sql */
	struct strvec ignored;      /* other files next to them: "local/README" */
};

/*
 * Read and check all files: those in `dir`, or the built-in ones if it is NULL. A file is
 * ignored if its name does not end in .sql, or begins with a dot and is not a version.
 * Ownership: the caller releases *out, after success only.
 * Errors: ERROR_USAGE for:
 *
 * - a name that is not a version, a version that occurs twice, or a gap (versions count
 *   up by one in the last decimal place)
 * - a version that has only a global or only a local file
 * - a file that cannot be read or cannot be part of a transaction
 */
MUST_CHECK bool migrations_load(const char *dir, struct migrations *out,
				struct error *err);
void migrations_release(struct migrations *migrations);

/* The index of the first step after a version; `count` if there is none. NULL is older
 * than all. */
size_t migrations_first_after(const struct migrations *migrations, const char *version);

/* The end of the transaction that begins with step `first`: the index after its last
 * step, at most `end`. */
size_t migrations_transaction_end(const struct migrations *migrations,
				  enum migration_level level, size_t first, size_t end);

/* Is this text the step's version or alias, letter by letter? */
bool migration_is(const struct migration *step, const char *text);

/* NULL if there is no such step, or version. */
const struct migration *migrations_find(const struct migrations *migrations,
					const char *version);

/* Generated from src/migrations/ by scripts/embed-sql; a NULL name ends it. */
struct migration_source {
	const char *name;
	const char *text;
};
extern const struct migration_source migrations_builtin[];

#endif
