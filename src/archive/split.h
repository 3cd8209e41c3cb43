/* SPDX-License-Identifier: PostgreSQL */
/*
 * Split an archive by schema: write for each schema the file that a pg_dump of that
 * schema alone would have written, with its relations (--table) or with everything
 * (--schema).
 *
 * The archive is read once, as it arrives. Its table of contents also has what follows
 * the data in a file, and is stored in an unnamed file until then. All files are
 * written in parallel, in the archive's order, with one open at a time. Memory holds
 * the dump ids and one entry. It blocks, so use it on a separate thread.
 */
#ifndef ARCHIVE_SPLIT_H
#define ARCHIVE_SPLIT_H

#include <stdbool.h>
#include <stddef.h>

#include "archive/part.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/strvec.h"

struct split_opts {
	int archive_fd;           /* remains the caller's */
	int dir_fd;               /* where the files are created; they must not exist */
	struct split_part *parts; /* in the order of strcmp() by their schemas */
	size_t part_count;
	const struct strvec *keywords; /* see plain_init() */
	bool is_whole; /* write everything in the schemas, not only their relations */
	/* Called whenever something was read or written: `done` of `total` tables; 0 of 0
	 * while that is unknown. */
	void (*progress)(void *owner, size_t done, size_t total);
	void *owner;
};

/*
 * Read the archive to its end, and set the outcome of each part.
 * Errors: on failure the files are worthless. *is_unknown: it is an archive of an
 * unknown kind; pg_dump must write plain SQL itself. ERROR_DATA as archive_open();
 * ERROR_SYSTEM if something cannot be written.
 */
MUST_CHECK bool split_archive(const struct split_opts *opts, bool *is_unknown,
			      struct error *err);

#endif
