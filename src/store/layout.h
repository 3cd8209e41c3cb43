/* SPDX-License-Identifier: PostgreSQL */
/* Names: of a dump file, and of the directories and the lock file next to a save. */
#ifndef STORE_LAYOUT_H
#define STORE_LAYOUT_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/error.h"

#define MANIFEST_FILE "manifest.json"
#define DUMP_SUFFIX ".sql"
#define LOCK_SUFFIX ".lock"

struct layout {
	char *dir;     /* "metamodel": the save */
	char *parent;  /* the directory that holds it, "." for a bare name */
	char *staging; /* "metamodel.new": a save under construction; never complete */
	char *swap; /* "metamodel.swap": complete; to become the save, or just replaced */
	char *drop; /* "metamodel.drop": being deleted */
	char *lock; /* "metamodel.lock" */
};

/*
 * The names for the save in `dir`. If that is a symbolic link, they are derived from its
 * target, so that everything that is renamed is on one file system.
 * Ownership: the caller releases *out.
 * Errors: ERROR_SYSTEM for a dangling link.
 */
MUST_CHECK bool layout_init(struct layout *out, const char *dir, struct error *err);
void layout_release(struct layout *layout);

/* Is it the name of an old save, "m.old" or "m.old.2"? Then *family is "m". Ownership:
 * the caller frees. */
bool layout_is_old(const char *dir, char **family);

/* "metamodel.old" for 1, "metamodel.old.2" for 2, ... Ownership: the caller frees. */
char *layout_old(const struct layout *layout, unsigned generation);

/*
 * The file of an account: its name with every byte outside A-Za-z0-9_- written %XX, and
 * ".sql". It contains no slash, does not begin with a dot, and is unique.
 * Ownership: the caller frees.
 */
char *layout_file_name(const char *account);

/* The account whose file this is; NULL if layout_file_name() gives no such name.
 * Ownership: the caller frees. */
char *layout_account_name(const char *file);

/* Can this file be part of a save? Dumps, the manifest, NFS's leftovers. */
bool layout_is_save_file(const char *name);

#endif
