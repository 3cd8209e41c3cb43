/* SPDX-License-Identifier: PostgreSQL */
/*
 * The steps from one version of the metamodel to the next: files global/VERSION.sql and
 * local/VERSION.sql, built in (src/migrations/) or in a directory of the same form.
 *
 * local/none.sql, which may be missing, makes what an account was before the first
 * version; no upgrade runs it.
 *
 * A step that has to be committed before the next one may run, such as a new value of an
 * enumeration, says so in the comment lines at its top: "-- metamodel: commit".
 */
#ifndef MIGRATIONS_MIGRATIONS_H
#define MIGRATIONS_MIGRATIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/strvec.h"
#include "migrations/statements.h"

/* For _global, and for all other accounts. */
enum migration_level { MIGRATION_GLOBAL, MIGRATION_LOCAL, MIGRATION_LEVELS };

struct migration_file {
	char *name; /* "local/0.006.sql"; NULL: there is none */
	char *text;
	bool ends_transaction; /* the next step is in another one */
	struct statements statements;
};

struct migration {
	char *version;   /* as the files are called, and as it is written to _general */
	uint64_t number; /* of version_parse() */
	struct migration_file files[MIGRATION_LEVELS];
};

struct migrations {
	struct migration *steps; /* in the order of their versions, at least one */
	size_t count;
	struct migration_file none; /* local/none.sql */
	struct strvec ignored;      /* files beside them: "local/README" */
};

/*
 * Read and check all files: those in `dir`, or the built-in ones if it is NULL.
 * Ownership: the caller releases *out, after success only.
 * What does not end in .sql, or begins with a dot and is no version, is ignored.
 * Errors: ERROR_USAGE. A name that is no version, one that is there twice, one left out
 * (they count up by one in the last place), a version of one level only, a file that
 * cannot be read or cannot be part of a transaction.
 */
MUST_CHECK bool migrations_load(const char *dir, struct migrations *out,
				struct error *err);
void migrations_release(struct migrations *migrations);

/* The index of the first step behind a version; `count` if there is none. */
size_t migrations_first_after(const struct migrations *migrations, uint64_t number);

/* Where the transaction ends that begins with step `first`, and goes to `end` at most. */
size_t migrations_transaction_end(const struct migrations *migrations,
				  enum migration_level level, size_t first, size_t end);

/* NULL if there is no such version. */
const struct migration *migrations_find(const struct migrations *migrations,
					const char *version);

/* For scripts/embed-sql, which makes this of src/migrations/; a NULL name ends it. */
struct migration_source {
	const char *name;
	const char *text;
};
extern const struct migration_source migrations_builtin[];

#endif
