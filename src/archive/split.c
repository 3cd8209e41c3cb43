/* SPDX-License-Identifier: PostgreSQL */
#include "archive/split.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive/archive.h"
#include "archive/ids.h"
#include "base/auto.h"
#include "base/fs.h"
#include "base/str.h"

enum { BUFFER_BYTES = 256 * 1024 };

/* Two parts, one of which depends on the other in a way that may change either file. */
struct harm {
	struct split_part *one, *other;
};

struct split {
	const struct split_opts *opts;
	struct archive *archive;
	struct plain plain;
	struct ids entries; /* each with its place; see pack() */
	bool has_pass[PLAIN_PASS_COUNT];
	struct harm *harms;
	size_t harm_count;
	int entries_fd;          /* the table of contents, to be read again */
	struct split_part *last; /* that was found */
	size_t blocks;           /* of data, that there are to be */
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

/* Whatever is added to s->out from now on is for the file of this part. */
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

/* ---- the first reading: what belongs to whom ---- */

static int compare_schema(const void *key, const void *element)
{
	return strcmp(key, ((const struct split_part *)element)->schema);
}

static struct split_part *find_part(struct split *s, const char *schema)
{
	if (!schema)
		return NULL;
	if (!s->last || strcmp(s->last->schema, schema) != 0)
		s->last = bsearch(schema, s->opts->parts, s->opts->part_count,
				  sizeof(s->opts->parts[0]), compare_schema);
	return s->last;
}

enum { LEFT_OUT = PLAIN_PASS_COUNT }; /* a pass in which nothing is written */

/*
 * Where an entry is written: in the file of a part, in a pass. NULL is nowhere. What is
 * left out, such as a function, stands for what it depends on, and is as good as that for
 * whatever depends on it.
 */
struct place {
	struct split_part *part;
	unsigned pass;
	bool is_relation;
};

_Static_assert(LEFT_OUT < 4, "a pass fits two bits");

/* As one number; 0 is nowhere. */
static uint32_t pack(const struct split *s, const struct place *place)
{
	uint32_t number = (uint32_t)(place->part - s->opts->parts) + 1;

	return number << 3 | place->pass << 1 | place->is_relation;
}

static struct place find_place(const struct split *s, uint32_t dump_id)
{
	const uint32_t *value = ids_find(&s->entries, dump_id);

	if (!value || !*value)
		return (struct place){ 0 };
	return (struct place){
		.part = &s->opts->parts[(*value >> 3) - 1],
		.pass = *value >> 1 & 3,
		.is_relation = *value & 1,
	};
}

/* What an entry depends on. All of that comes before it. */
struct origin {
	bool is_part;     /* something of its part that is written */
	bool is_written;  /* something of any part that is written */
	bool is_left_out; /* an entry that is not written */
};

static struct origin find_origin(const struct split *s, const struct archive_entry *e,
				 const struct split_part *part)
{
	struct origin origin = { 0 };

	for (size_t i = 0; i < e->dependency_count; i++) {
		struct place place = find_place(s, e->dependencies[i]);

		if (!place.part || place.pass == LEFT_OUT)
			origin.is_left_out |=
				ids_find(&s->entries, e->dependencies[i]) != NULL;
		else if (place.part == part)
			origin.is_part = origin.is_written = true;
		else
			origin.is_written = true;
	}
	return origin;
}

static void tie(struct split *s, struct split_part *one, struct split_part *other,
		bool is_harmful)
{
	one->is_tied = other->is_tied = true;
	if (!is_harmful)
		return;
	one->harms++;
	other->harms++;
	s->harms = xgrow(s->harms, s->harm_count, sizeof(s->harms[0]));
	s->harms[s->harm_count++] = (struct harm){ one, other };
}

/*
 * pg_dump sorts what it writes by what depends on what. Something that depends on
 * something of another part may change the order in either file, and in those of the
 * parts that these depend on; if pg_dump, asked for one of them alone, knows of it, then
 * the order is the same. It knows what relations depend on, and all relations; but of the
 * defaults of tables, which come with the tables, and of constraints, indexes and so on,
 * it knows only those of the tables that it writes. Foreign keys come behind all else.
 */
static void note_ties(struct split *s, const struct archive_entry *e,
		      const struct place *own)
{
	bool is_table = !strcmp(e->desc, "TABLE") || !strcmp(e->desc, "FOREIGN TABLE");

	if (!strcmp(e->desc, "FK CONSTRAINT"))
		return;
	for (size_t i = 0; i < e->dependency_count; i++) {
		struct place other = find_place(s, e->dependencies[i]);

		if (other.part && other.part != own->part)
			tie(s, own->part, other.part, is_table || !other.is_relation);
	}
}

static bool add_entry(struct split *s, const struct archive_entry *e, uint32_t value,
		      struct error *err)
{
	return ids_add(&s->entries, e->dump_id, value) ||
	       error_set(err, ERROR_DATA,
			 "the archive is damaged: two entries have the id %" PRIu32,
			 e->dump_id);
}

static bool leave_out(struct split *s, const struct archive_entry *e, struct error *err)
{
	return add_entry(s, e, 0, err);
}

/*
 * The same, but of something on which relations may depend. It stands for one of the
 * parts that it depends on, so several are taken for harmful right away.
 */
static bool pass_over(struct split *s, const struct archive_entry *e, struct error *err)
{
	struct place stands_for = { .pass = LEFT_OUT, .is_relation = true };

	for (size_t i = 0; i < e->dependency_count; i++) {
		struct place other = find_place(s, e->dependencies[i]);

		if (!other.part)
			continue;
		if (stands_for.part && stands_for.part != other.part)
			tie(s, stands_for.part, other.part, true);
		stands_for.part = other.part;
		stands_for.is_relation &= other.is_relation;
	}
	return add_entry(s, e, stands_for.part ? pack(s, &stands_for) : 0, err);
}

static bool keep_entry(struct split *s, const struct archive_entry *e,
		       struct split_part *part, bool is_relation, struct error *err)
{
	struct place place = { part, plain_pass(e), is_relation };

	part->entries_left++;
	s->has_pass[place.pass] = true;
	note_ties(s, e, &place);
	return add_entry(s, e, pack(s, &place), err);
}

static bool unknown_entry(const struct archive_entry *e, bool *is_unknown,
			  struct error *err)
{
	*is_unknown = true;
	return error_set(err, ERROR_DATA,
			 "the archive has an entry whose place is not known here: %s %s",
			 e->desc, e->tag ? e->tag : "");
}

/* Decide where it is written; nowhere, if a pg_dump of relations would not write it. */
static bool index_entry(struct split *s, const struct archive_entry *e, bool *is_unknown,
			struct error *err)
{
	struct split_part *part = find_part(s, e->schema);
	struct origin origin = find_origin(s, e, part);

	s->blocks += e->has_data;
	switch (plain_kind(e)) {
	case PLAIN_SETTING:
		return plain_set(&s->plain, e, err) && leave_out(s, e, err);
	case PLAIN_RELATION:
		if (part)
			return keep_entry(s, e, part, true, err);
		break;
	case PLAIN_PART:
		if (part && origin.is_part)
			return keep_entry(s, e, part, false, err);
		break;
	case PLAIN_EXTRA:
		if (part && origin.is_part)
			return keep_entry(s, e, part, false, err);
		/* of something else, such as a type; a schema's is in none itself */
		if (!origin.is_written && (!part || origin.is_left_out))
			return leave_out(s, e, err);
		break;
	case PLAIN_OTHER:
		return pass_over(s, e, err);
	case PLAIN_UNKNOWN:
		break;
	}
	if (!part)
		return unknown_entry(e, is_unknown, err);
	part->outcome = SPLIT_ASIDE;
	return leave_out(s, e, err);
}

/*
 * One part of each two that harm each other: that with more of these, be it the one that
 * thousands depend on, or that depends on thousands. An archive without them has nothing
 * harmful; whatever depends on anything is to come from such a one.
 */
static void put_aside_the_harmful(struct split *s)
{
	for (size_t i = 0; i < s->harm_count; i++) {
		struct split_part *one = s->harms[i].one, *other = s->harms[i].other;

		if (one->outcome != SPLIT_ASIDE && other->outcome != SPLIT_ASIDE)
			(one->harms > other->harms ? one : other)->outcome = SPLIT_ASIDE;
	}
	for (size_t i = 0; s->harm_count && i < s->opts->part_count; i++) {
		struct split_part *part = &s->opts->parts[i];

		if (part->is_tied && part->outcome == SPLIT_ABSENT)
			part->outcome = SPLIT_AGAIN;
	}
}

static bool index_entries(struct split *s, bool *is_unknown, struct error *err)
{
	archive_keep_entries(s->archive, s->entries_fd);
	for (uint32_t i = 0; i < archive_head(s->archive)->entry_count; i++) {
		struct archive_entry e;

		if (!archive_next_entry(s->archive, &e, err) ||
		    !index_entry(s, &e, is_unknown, err))
			return false;
		s->opts->progress(s->opts->owner, 0, 0);
	}
	put_aside_the_harmful(s);
	return true;
}

/* ---- the readings after that: write ---- */

/* Read a block of data; with a current file, into that. */
static bool pass_data(struct split *s, uint32_t dump_id, bool is_wanted,
		      struct error *err)
{
	uint32_t id;
	bool is_end;

	if (!archive_next_data(s->archive, &id, &is_end, err))
		return false;
	if (is_end || id != dump_id)
		return error_set(err, ERROR_DATA,
				 "the archive is damaged: the data of entry %u are not "
				 "where they belong",
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
		struct place place;

		if (!archive_next_entry(entries, &e, err))
			return false;
		place = find_place(s, e.dump_id);
		if (place.pass != (unsigned)pass)
			continue;
		if (place.part && place.part->outcome < SPLIT_ASIDE) {
			if (!write_entry(s, &e, place.part, err))
				return false;
		} else if (e.has_data && !pass_data(s, e.dump_id, false, err)) {
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

		if (pass != PLAIN_MAIN && !s->has_pass[pass])
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
				   "the archive is damaged: there are more data than "
				   "its table of contents says");
}

static bool open_entries(struct split *s, struct error *err)
{
	char name[64];

	s->entries_fd =
		openat(s->opts->dir_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (s->entries_fd >= 0)
		return true;
	/* a file system without that: a name that no schema's file has, nor another
	 * thread */
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
	struct split s = { .opts = opts, .entries_fd = -1, .fd = -1 };
	bool is_ok;

	*is_unknown = false;
	is_ok = run(&s, is_unknown, err);
	if (s.fd >= 0)
		close(s.fd);
	if (s.entries_fd >= 0)
		close(s.entries_fd);
	archive_close(s.archive);
	plain_release(&s.plain);
	ids_release(&s.entries);
	free(s.harms);
	strbuf_release(&s.out);
	return is_ok;
}
