/* SPDX-License-Identifier: PostgreSQL */
/*
 * A reader of pg_dump's custom format, from a pipe, in the order in which it arrives.
 *
 *	archive = archive_open(fd, &err);
 *	for (i = 0; i < archive_head(archive)->entry_count; i++)
 *		archive_next_entry(archive, &entry, &err);
 *	while (archive_next_data(archive, &dump_id, &is_end, &err) && !is_end)
 *		while (archive_read(archive, &bytes, &length, &err) && length)
 *			...
 *
 * The format is that of src/bin/pg_dump/pg_backup_archiver.c and pg_backup_custom.c,
 * versions 1.14 (PostgreSQL 12 to 15), 1.15 (16) and 1.16 (17 and 18), not compressed. It
 * begins with a head and a table of contents; then come blocks of data, in the order of
 * the table.
 *
 * The reader trusts nothing: it checks every integer and length, and memory grows only
 * with what has actually arrived. It keeps one entry, and no data. It blocks, so use it
 * on a separate thread.
 *
 * Errors: ERROR_DATA, with the offset, if it is not such an archive, is truncated or is
 * damaged; ERROR_SYSTEM if it cannot be read. After an error nothing more may be read.
 */
#ifndef ARCHIVE_ARCHIVE_H
#define ARCHIVE_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/error.h"

/* Of all strings of one entry together. The longest in practice is the text of a view. */
enum { ARCHIVE_ENTRY_BYTES_MAX = 256 * 1024 * 1024 };

struct archive;

struct archive_head {
	unsigned minor;             /* of the format's version 1.N */
	const char *remote_version; /* of the server; NULL: not given */
	const char *dump_version;   /* of the pg_dump; NULL: not given */
	uint32_t entry_count;
};

/* A line of the table of contents. A string is NULL if it has none. */
struct archive_entry {
	uint32_t dump_id; /* never 0; not checked for duplicates */
	bool has_data;    /* a block of data with this id follows */
	const char *tag;
	const char *desc;       /* never NULL: "TABLE", "TABLE DATA", ... */
	const char *definition; /* SQL */
	const char *drop;       /* SQL */
	const char *copy;       /* the COPY statement before its data */
	const char *schema;     /* that it is in */
	const char *tablespace;
	const char *access_method;
	char relkind; /* 0 before 1.16 and if it is not a relation */
	const char *owner;
	const uint32_t *dependencies; /* dump ids, of entries or not */
	size_t dependency_count;
};

/*
 * Read the head from `fd`, which must outlive the archive.
 * Ownership: `fd` remains the caller's.
 * Errors: NULL; *is_unknown says whether it is an archive of a kind that this reader does
 * not know.
 */
struct archive *archive_open(int fd, bool *is_unknown, struct error *err);
const struct archive_head *archive_head(const struct archive *archive);

/* The next entry, valid until the next call. There must be one. */
MUST_CHECK bool archive_next_entry(struct archive *archive, struct archive_entry *out,
				   struct error *err);

/*
 * Store the table of contents in the empty file `fd`, which remains the caller's, so that
 * archive_reread() can read it again. Call this before the first entry;
 * archive_next_entry() then also fails with ERROR_SYSTEM if the file cannot be written.
 */
void archive_keep_entries(struct archive *archive, int fd);

/*
 * Read the stored entries of another archive, which must have read them all and must
 * outlive this one. Only archive_next_entry() may be used on it. This may be done any
 * number of times, before, between and after the data, but not by two readers at once.
 * Errors: ERROR_SYSTEM; then it returns NULL.
 */
struct archive *archive_reread(struct archive *archive, struct error *err);

/* After the last entry: find the next block of data. *is_end: there are no more. */
MUST_CHECK bool archive_next_data(struct archive *archive, uint32_t *dump_id,
				  bool *is_end, struct error *err);

/* A part of that block, valid until the next call; *length is 0 at its end. The whole
 * block must be read. */
MUST_CHECK bool archive_read(struct archive *archive, const char **data, size_t *length,
			     struct error *err);

void archive_close(struct archive *archive);

#endif
