/* SPDX-License-Identifier: PostgreSQL */
/*
 * `metamodel list`: the saves that exist, and in which of them an account is. It reads
 * directories and manifests, and those dumps of the named accounts that may be the same.
 * Needs no database and no lock; a run that renames the directories meanwhile does no
 * harm.
 */
#ifndef TASK_LIST_LIST_H
#define TASK_LIST_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/error.h"
#include "conf/conf.h"
#include "store/manifest.h"

/* A directory of the family, as it was found. */
struct list_save {
	char *path;
	const char *state; /* "complete", "damaged", ...; a literal */
	char *problem;     /* a remark about it, on one line; NULL: none */
	bool has_manifest; /* otherwise the dumps were counted and their sizes added */
	struct manifest manifest; /* without its entries */
	char saved_at[21];        /* the time of its newest snapshot; "" if unknown */
	uint64_t accounts;
	uint64_t stale;   /* carried over because the account failed */
	uint64_t carried; /* for another reason */
	uint64_t changed; /* their files are not those of the save before, */
	bool has_changed; /* which is known */
	uint64_t size_bytes;
};

/* The dump of a named account in one of these saves. */
struct list_dump {
	size_t account; /* its index in conf->accounts */
	size_t save;
	bool has_facts;  /* otherwise there is no manifest, and only the size is known */
	char *version;   /* NULL: none */
	char sha256[65]; /* of the file */
	char saved_at[21];
	/* When the oldest of the consecutive dumps with these contents was saved; "" if
	 * unknown. */
	char same_since[21];
	bool is_stale;
	uint32_t tables;
	uint64_t rows;
	uint64_t size_bytes;
	/* Why it could not be compared with the one before; NULL: it could. */
	char *problem;
};

struct list {
	struct list_save *saves; /* the newest first */
	size_t save_count;
	struct list_dump *dumps; /* by account, the newest first */
	size_t dump_count;
	bool *is_found; /* for each of conf->accounts: in any save? */
	size_t missing; /* how many of them are in no save */
	bool is_whole;  /* false: a save cannot be read, or something was not found */
};

/*
 * Read all saves of conf->directory, which may also be the name of an old one.
 * Ownership: the caller releases *out.
 * Errors: ERROR_DATA if there is none; ERROR_SYSTEM.
 */
MUST_CHECK bool list_read(const struct conf *conf, struct list *out, struct error *err);
void list_release(struct list *list);

#endif
