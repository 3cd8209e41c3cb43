/* SPDX-License-Identifier: PostgreSQL */
/* One schema of an archive that is split, and what became of its file. */
#ifndef ARCHIVE_PART_H
#define ARCHIVE_PART_H

#include <stdbool.h>
#include <stddef.h>

#include "archive/plain.h"

enum split_outcome {
	SPLIT_ABSENT,  /* the archive does not have it */
	SPLIT_WRITTEN, /* its file is complete */

	/* The following have no file. */
	/* A pg_dump of it alone might write something else, or in another order; or it
	 * has an entry of an unknown kind. */
	SPLIT_ASIDE,
	/* It depends on others, or they on it, and some of those are SPLIT_ASIDE for that
	 * reason: an archive without those may give its file. */
	SPLIT_AGAIN,
};

struct split_part {
	const char *schema;
	const char *file_name;
	enum split_outcome outcome;

	/* The rest is private; all zero initially. */
	struct plain_file file;
	size_t entries_left;
	bool has_file;
	bool is_tied; /* to another part, by what depends on what */
	size_t harms; /* of its ties, that may change a file */
};

#endif
