/* SPDX-License-Identifier: PostgreSQL */
/* One schema of an archive that is split, and what became of its file. */
#ifndef ARCHIVE_PART_H
#define ARCHIVE_PART_H

#include <stdbool.h>
#include <stddef.h>

#include "archive/plain.h"

enum split_outcome {
	SPLIT_ABSENT,  /* the archive has nothing of it */
	SPLIT_WRITTEN, /* its file is whole */

	/* From here on there is no file. */
	/* A pg_dump of it alone may write something else than what is here, or something
	 * in another order; or it has an entry that is not known here. */
	SPLIT_ASIDE,
	/* It depends on others, or they on it, while there are some that are aside for
	 * that: an archive without those may have its file. */
	SPLIT_AGAIN,
};

struct split_part {
	const char *schema;
	const char *file_name;
	enum split_outcome outcome;

	/* The rest is split's own; all zero at first. */
	struct plain_file file;
	size_t entries_left;
	bool has_file;
	bool is_tied; /* to another part, by what depends on what */
	size_t harms; /* of its ties, that may change a file */
};

#endif
