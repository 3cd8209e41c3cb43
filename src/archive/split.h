/* SPDX-License-Identifier: PostgreSQL */
/*
 * Split an archive by schema: for each, the file that a pg_dump of that schema alone
 * would have written, of its relations (--table) or of all that it is (--schema).
 *
 * The archive is read once, as it comes. Its table of contents has what comes behind the
 * data, too, and is kept in a file without a name until then; the files are all written
 * side by side, in the archive's order, one open at a time. In memory are the dump ids
 * and one entry. It blocks, so it is for threads of their own.
 */
#ifndef ARCHIVE_SPLIT_H
#define ARCHIVE_SPLIT_H

#include <stdbool.h>
#include <stddef.h>

#include "archive/plain.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/strvec.h"

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

struct split_opts {
	int archive_fd; /* stays the caller's */
	int dir_fd;     /* where the files are made, which must not be there yet */
	struct split_part *parts; /* in the order of strcmp() by their schemas */
	size_t part_count;
	const struct strvec *keywords; /* see plain_init() */
	bool is_whole; /* all that the schemas are, not their relations alone */
	/* Called whenever something was read or written. Of `total` tables so many are
	 * done; 0 of 0 while that is not known. */
	void (*progress)(void *owner, size_t done, size_t total);
	void *owner;
};

/*
 * Read the archive to its end, and fill in the outcome of each part.
 * Errors: on failure the files that are there are of no worth. *is_unknown: it is an
 * archive, but nothing that is known here; pg_dump has to write plain SQL itself.
 * ERROR_DATA as archive_open(); ERROR_SYSTEM if something cannot be written.
 */
MUST_CHECK bool split_archive(const struct split_opts *opts, bool *is_unknown,
			      struct error *err);

#endif
