/* SPDX-License-Identifier: PostgreSQL */
#include "archive/split.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive/archive.h"
#include "archive/places.h"
#include "base/auto.h"
#include "base/fs.h"
#include "base/str.h"

enum { BUFFER_BYTES = 256 * 1024 };

struct split {
	const struct split_opts *opts;
	struct archive *archive;
	struct plain plain;
	struct places places;
	int entries_fd; /* the table of contents, to be read again */
	size_t blocks;  /* blocks of data expected */
	size_t blocks_done;

	struct split_part *current; /* whose file is open; NULL: none */
	int fd;
	struct strbuf out; /* not written yet */
};

/* ---- the files, one at a time ---- */

static bool flush(struct split *s, struct error *err)
{
	bool is_ok = !s->out.length ||
		     fs_write_all(s->fd, s->out.buf, s->out.length, err) ||
		     error_prefix(err, "%s", s->current->file_name);

	strbuf_reset(&s->out);
	return is_ok;
}

static bool close_file(struct split *s, struct error *err)
{
	bool is_ok = flush(s, err);

	if (s->fd >= 0 && close(s->fd) < 0 && is_ok)
		is_ok = error_set(err, ERROR_SYSTEM, "%s: close: %s",
				  s->current->file_name, strerror(errno));
	s->fd = -1;
	s->current = NULL;
	return is_ok;
}

/* Everything added to s->out from now on goes to the file of this part. */
static bool open_file(struct split *s, struct split_part *part, struct error *err)
{
	int flags = O_WRONLY | O_APPEND | O_CLOEXEC;

	if (s->current == part)
		return true;
	if (s->current && !close_file(s, err))
		return false;
	if (!part->has_file)
		flags |= O_CREAT | O_EXCL;
	s->fd = openat(s->opts->dir_fd, part->file_name, flags, 0600);
	if (s->fd < 0)
		return error_set(err, ERROR_SYSTEM, "%s %s: %s",
				 part->has_file ? "open" : "create", part->file_name,
				 strerror(errno));
	s->current = part;
	if (part->has_file)
		return true;
	part->has_file = true;
	return plain_begin(&s->plain, &part->file, &s->out, err);
}

/* ---- the first pass: which entry belongs to which part ---- */

static bool index_entries(struct split *s, bool *is_unknown, struct error *err)
{
	archive_keep_entries(s->archive, s->entries_fd);
	for (uint32_t i = 0; i < archive_head(s->archive)->entry_count; i++) {
		struct archive_entry e;

		if (!archive_next_entry(s->archive, &e, err) ||
		    (plain_kind(&e) == PLAIN_SETTING && !plain_set(&s->plain, &e, err)) ||
		    !places_add(&s->places, &e, is_unknown, err))
			return false;
		s->blocks += e.has_data;
		s->opts->progress(s->opts->owner, 0, 0);
	}
	places_settle(&s->places);
	return true;
}

/* ---- the following passes: write ---- */

/* Read a block of data, and write it to the current file if there is one. */
static bool pass_data(struct split *s, uint32_t dump_id, bool is_wanted,
		      struct error *err)
{
	uint32_t id;
	bool is_end;

	if (!archive_next_data(s->archive, &id, &is_end, err))
		return false;
	if (is_end || id != dump_id)
		return error_set(err, ERROR_DATA,
				 "the archive is damaged: the data of entry %u are in "
				 "the wrong place",
				 dump_id);
	for (;;) {
		const char *data;
		size_t length;

		if (!archive_read(s->archive, &data, &length, err))
			return false;
		if (!length)
			break;
		if (is_wanted)
			strbuf_add(&s->out, data, length);
		if (s->out.length >= BUFFER_BYTES) {
			if (!flush(s, err))
				return false;
			s->opts->progress(s->opts->owner, s->blocks_done, s->blocks);
		}
	}
	s->opts->progress(s->opts->owner, ++s->blocks_done, s->blocks);
	return true;
}

static bool write_entry(struct split *s, const struct archive_entry *e,
			struct split_part *part, struct error *err)
{
	if (!open_file(s, part, err))
		return false;
	plain_add(&s->plain, &part->file, e, &s->out);
	if (e->has_data && !pass_data(s, e->dump_id, true, err))
		return false;
	if (--part->entries_left == 0) {
		plain_end(&s->plain, &part->file, &s->out);
		part->outcome = SPLIT_WRITTEN;
	}
	return s->out.length < BUFFER_BYTES || flush(s, err);
}

static bool write_pass(struct split *s, enum plain_pass pass, struct archive *entries,
		       struct error *err)
{
	for (uint32_t i = 0; i < archive_head(s->archive)->entry_count; i++) {
		struct archive_entry e;
		struct split_part *part;

		if (!archive_next_entry(entries, &e, err))
			return false;
		part = places_find(&s->places, e.dump_id, pass);
		if (part && part->outcome < SPLIT_ASIDE) {
			if (!write_entry(s, &e, part, err))
				return false;
		} else if (pass == PLAIN_MAIN && e.has_data &&
			   !pass_data(s, e.dump_id, false, err)) {
			return false;
		}
	}
	return true;
}

static bool write_all(struct split *s, struct error *err)
{
	for (int pass = PLAIN_MAIN; pass < PLAIN_PASS_COUNT; pass++) {
		struct archive *entries;
		bool is_ok;

		if (pass != PLAIN_MAIN && !s->places.has_pass[pass])
			continue;
		entries = archive_reread(s->archive, err);
		is_ok = entries && write_pass(s, pass, entries, err);
		archive_close(entries);
		if (!is_ok)
			return false;
	}
	return !s->current || close_file(s, err);
}

static bool check_end(struct split *s, struct error *err)
{
	uint32_t id;
	bool is_end;

	if (!archive_next_data(s->archive, &id, &is_end, err))
		return false;
	return is_end || error_set(err, ERROR_DATA,
				   "the archive is damaged: it has more data than its "
				   "table of contents lists");
}

static bool open_entries(struct split *s, struct error *err)
{
	char name[64];

	s->entries_fd =
		openat(s->opts->dir_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (s->entries_fd >= 0)
		return true;
	/* for a file system without O_TMPFILE: a name that neither a schema's file nor
	 * another thread uses */
	snprintf(name, sizeof(name), ".entries-%d.sql", s->opts->archive_fd);
	s->entries_fd = openat(s->opts->dir_fd, name,
			       O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (s->entries_fd >= 0 && !unlinkat(s->opts->dir_fd, name, 0))
		return true;
	return error_set(err, ERROR_SYSTEM, "create a temporary file: %s",
			 strerror(errno));
}

static bool run(struct split *s, bool *is_unknown, struct error *err)
{
	s->archive = archive_open(s->opts->archive_fd, is_unknown, err);
	if (!s->archive)
		return false;
	if (!plain_init(&s->plain, archive_head(s->archive), s->opts->keywords, err)) {
		*is_unknown = true;
		return false;
	}
	return open_entries(s, err) && index_entries(s, is_unknown, err) &&
	       write_all(s, err) && check_end(s, err);
}

bool split_archive(const struct split_opts *opts, bool *is_unknown, struct error *err)
{
	struct split s = {
		.opts = opts,
		.places = { .parts = opts->parts,
			    .part_count = opts->part_count,
			    .is_whole = opts->is_whole },
		.entries_fd = -1,
		.fd = -1,
	};
	bool is_ok;

	*is_unknown = false;
	is_ok = run(&s, is_unknown, err);
	if (s.fd >= 0)
		close(s.fd);
	if (s.entries_fd >= 0)
		close(s.entries_fd);
	archive_close(s.archive);
	plain_release(&s.plain);
	places_release(&s.places);
	strbuf_release(&s.out);
	return is_ok;
}
