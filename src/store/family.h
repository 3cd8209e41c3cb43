/* SPDX-License-Identifier: PostgreSQL */
/*
 * The directories of one save: the save itself, the old ones, and what a run has not
 * finished. store/rotate.h says what each name means.
 */
#ifndef STORE_FAMILY_H
#define STORE_FAMILY_H

#include <stddef.h>
#include <sys/stat.h>

#include "store/layout.h"

enum family_place {
	FAMILY_SAVE,    /* metamodel */
	FAMILY_OLD,     /* metamodel.old, metamodel.old.2, ... */
	FAMILY_SWAP,    /* metamodel.swap: newer than the save, or older */
	FAMILY_STAGING, /* metamodel.new */
	FAMILY_DROP,    /* metamodel.drop */
};

struct family_member {
	enum family_place place;
	char *path;
	struct stat stat; /* when it was found; it may be renamed at any time */
};

struct family {
	struct family_member *members;
	size_t count;
};

/*
 * Find what exists: the save, metamodel.swap, the old saves beginning with the newest,
 * and the rest. Gaps in the numbers do not matter. Changes nothing and needs no lock.
 * Ownership: the caller releases *out.
 */
void family_find(const struct layout *layout, struct family *out);
void family_release(struct family *family);

#endif
