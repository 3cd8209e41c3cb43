/* SPDX-License-Identifier: PostgreSQL */
/*
 * A file of SQL that is a step of an upgrade: its text, where its statements begin, and
 * the request in a comment line "-- metamodel: commit" at its top.
 */
#ifndef MIGRATIONS_FILE_H
#define MIGRATIONS_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/strvec.h"
#include "migrations/statements.h"

#define MIGRATION_SUFFIX ".sql"

/* All zero: there is none. */
struct migration_file {
	char *name; /* as messages show it: "local/0.006.sql" */
	char *text;
	bool ends_transaction; /* it has "-- metamodel: commit" */
	struct statements statements;
};

/*
 * Take a text as a file: "\r\n" and a byte order mark are allowed.
 * Ownership: the caller releases *file, even after a failure.
 * Errors: ERROR_USAGE, beginning with the name, if it is not UTF-8 or cannot be part of a
 * transaction.
 */
MUST_CHECK bool migration_file_init(struct migration_file *file, const char *name,
				    const char *text, size_t length, struct error *err);

/* The same with the text of the file `path`, which may be a symbolic link: mounted
 * configuration directories often use them. */
MUST_CHECK bool migration_file_open(struct migration_file *file, const char *name,
				    const char *path, struct error *err);
void migration_file_release(struct migration_file *file);

/*
 * List the names in a folder, sorted: *names are those that end in .sql, also in capitals,
 * *others the rest. Editors and mounted volumes leave other files there, many of them
 * hidden, so a name that begins with a dot is among the others, unless it is a version:
 * ".006.sql" was meant as a migration.
 * Ownership: the caller releases both lists.
 * Errors: ERROR_USAGE, without the name of the folder.
 */
MUST_CHECK bool migration_files_list(const char *folder, struct strvec *names,
				     struct strvec *others, struct error *err);

#endif
