/* SPDX-License-Identifier: PostgreSQL */
#include "archive/archive.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/str.h"

enum {
	BUFFER_BYTES = 128 * 1024,
	INTEGER_BYTES_MAX = 8,
	OFFSET_BYTES_MAX = 8,
	FORMAT_CUSTOM = 1,
	COMPRESSION_NONE = 0,
	BLOCK_DATA = 1,
};

struct archive {
	int fd;
	struct archive_head head;
	char *remote_version;
	char *dump_version;
	unsigned integer_bytes;
	unsigned offset_bytes;

	uint64_t offset; /* of the next byte to take */
	size_t begin;    /* of what is left in the buffer */
	size_t end;
	bool is_at_end; /* the file has been read to its end */
	char *buffer;

	uint32_t entries_read;
	struct strbuf text; /* of the entry */
	uint32_t *dependencies;

	int keep_fd;       /* -1: none */
	bool is_keeping;   /* copy what is taken to keep_fd */
	size_t keep_begin; /* of what was taken from the buffer but not copied yet */
	size_t data_left;  /* left in the chunk */
};

/* ---- bytes ---- */

static bool fail(const struct archive *a, struct error *err, const char *what)
{
	if (a->entries_read < a->head.entry_count)
		return error_set(err, ERROR_DATA,
				 "the archive is damaged at byte %" PRIu64
				 ", entry %" PRIu32 " of %" PRIu32 ": %s",
				 a->offset, a->entries_read + 1, a->head.entry_count,
				 what);
	return error_set(err, ERROR_DATA,
			 "the archive is damaged at byte %" PRIu64 ": %s", a->offset,
			 what);
}

/* Copy what was taken from the buffer to keep_fd. */
static bool flush_kept(struct archive *a, struct error *err)
{
	size_t begin = a->keep_begin;

	a->keep_begin = a->begin;
	return !a->is_keeping ||
	       fs_write_all(a->keep_fd, a->buffer + begin, a->begin - begin, err) ||
	       error_prefix(err, "store the archive's table of contents");
}

/* Read into the buffer if it is empty, unless the file has ended. */
static bool fill(struct archive *a, struct error *err)
{
	while (a->begin == a->end && !a->is_at_end) {
		ssize_t n;

		if (!flush_kept(a, err))
			return false;
		n = read(a->fd, a->buffer, BUFFER_BYTES);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set(err, ERROR_SYSTEM, "read the archive: %s",
					 strerror(errno));
		a->begin = 0;
		a->keep_begin = 0;
		a->end = (size_t)n;
		a->is_at_end = n == 0;
	}
	return true;
}

/* Take at least one and at most `max` bytes. They stay in the buffer until more is
 * taken. */
static bool take_some(struct archive *a, size_t max, const char **out, size_t *length,
		      struct error *err)
{
	size_t n;

	if (!fill(a, err))
		return false;
	n = a->end - a->begin;
	if (!n)
		return fail(a, err, "it ends too early");
	n = n < max ? n : max;
	*out = a->buffer + a->begin;
	*length = n;
	a->begin += n;
	a->offset += n;
	return true;
}

static bool take(struct archive *a, void *out, size_t length, struct error *err)
{
	char *to = out;

	if (length <= a->end - a->begin) { /* nearly always */
		memcpy(out, a->buffer + a->begin, length);
		a->begin += length;
		a->offset += length;
		return true;
	}
	while (length) {
		const char *from = NULL;
		size_t n = 0;

		if (!take_some(a, length, &from, &n, err))
			return false;
		memcpy(to, from, n);
		to += n;
		length -= n;
	}
	return true;
}

static bool take_byte(struct archive *a, unsigned *out, struct error *err)
{
	unsigned char byte;

	if (!take(a, &byte, 1, err))
		return false;
	*out = byte;
	return true;
}

/* A sign, then the bytes, lowest first. Every integer of a real archive fits into an
 * int. */
static bool take_integer(struct archive *a, int32_t *out, struct error *err)
{
	unsigned char bytes[1 + INTEGER_BYTES_MAX] = { 0 };
	uint64_t value;

	if (!take(a, bytes, 1 + a->integer_bytes, err))
		return false;
	memcpy(&value, bytes + 1, sizeof(value));
	value = le64toh(value);
	if (bytes[0] > 1 || value > INT32_MAX)
		return fail(a, err, "not an integer");
	*out = bytes[0] ? -(int32_t)value : (int32_t)value;
	return true;
}

static bool take_count(struct archive *a, uint32_t *out, struct error *err)
{
	int32_t value = 0;

	if (!take_integer(a, &value, err))
		return false;
	if (value < 0)
		return fail(a, err, "a number is negative");
	*out = (uint32_t)value;
	return true;
}

/* Add a string with its NUL to a->text. *is_null: there is no string, which differs from
 * an empty one. */
static bool take_text(struct archive *a, bool *is_null, struct error *err)
{
	int32_t length = 0;

	if (!take_integer(a, &length, err))
		return false;
	*is_null = length < 0;
	if (length < 0)
		return true;
	if (a->text.length + (size_t)length > ARCHIVE_ENTRY_BYTES_MAX)
		return fail(a, err, "a string is too long");
	for (size_t left = (size_t)length; left;) {
		const char *data = NULL, *nul;
		size_t n = 0;

		if (!take_some(a, left, &data, &n, err))
			return false;
		nul = memchr(data, '\0', n);
		if (nul) {
			a->offset -= n - (size_t)(nul - data);
			return fail(a, err, "a string contains a NUL");
		}
		strbuf_add(&a->text, data, n);
		left -= n;
	}
	strbuf_add(&a->text, "", 1);
	return true;
}

/* *out is NULL if there is no string. Ownership: the caller frees it. */
static bool take_string(struct archive *a, char **out, struct error *err)
{
	bool is_null;

	strbuf_reset(&a->text);
	if (!take_text(a, &is_null, err))
		return false;
	*out = is_null ? NULL : xstrdup(a->text.buf);
	return true;
}

/* ---- the head ---- */

static bool unknown(bool *is_unknown, struct error *err)
{
	*is_unknown = true;
	return error_prefix(err, "unknown kind of archive");
}

static bool read_version(struct archive *a, bool *is_unknown, struct error *err)
{
	unsigned char v[11 - 5];
	char magic[5];

	if (!take(a, magic, sizeof(magic), err))
		return false;
	if (memcmp(magic, "PGDMP", sizeof(magic)) != 0)
		return fail(a, err, "it does not begin with PGDMP");
	if (!take(a, v, sizeof(v), err))
		return false;
	if (v[0] != 1 || v[1] < 14 || v[1] > 16) {
		error_set(err, ERROR_DATA, "version %u.%u", v[0], v[1]);
		return unknown(is_unknown, err);
	}
	a->head.minor = v[1];
	a->integer_bytes = v[3];
	a->offset_bytes = v[4];
	if (v[5] != FORMAT_CUSTOM) {
		error_set(err, ERROR_DATA, "format %u", v[5]);
		return unknown(is_unknown, err);
	}
	return (a->integer_bytes >= 4 && a->integer_bytes <= INTEGER_BYTES_MAX &&
		a->offset_bytes >= 1 && a->offset_bytes <= OFFSET_BYTES_MAX) ||
	       fail(a, err, "invalid size of integers");
}

static bool read_compression(struct archive *a, bool *is_unknown, struct error *err)
{
	int32_t level = 0;
	unsigned algorithm = COMPRESSION_NONE;

	if (a->head.minor >= 15 ? !take_byte(a, &algorithm, err)
				: !take_integer(a, &level, err))
		return false;
	if (algorithm == COMPRESSION_NONE && level == 0)
		return true;
	error_set(err, ERROR_DATA, "it is compressed");
	return unknown(is_unknown, err);
}

static bool read_head(struct archive *a, bool *is_unknown, struct error *err)
{
	char *dbname = NULL;
	bool is_ok =
		read_version(a, is_unknown, err) && read_compression(a, is_unknown, err);

	for (int i = 0; is_ok && i < 7; i++) { /* the time of the dump, as a struct tm */
		int32_t ignored;

		is_ok = take_integer(a, &ignored, err);
	}
	is_ok = is_ok && take_string(a, &dbname, err) &&
		take_string(a, &a->remote_version, err) &&
		take_string(a, &a->dump_version, err) &&
		take_count(a, &a->head.entry_count, err);
	free(dbname);
	a->head.remote_version = a->remote_version;
	a->head.dump_version = a->dump_version;
	return is_ok;
}

static struct archive *new_archive(int fd)
{
	struct archive *a = xcalloc(1, sizeof(*a));

	a->fd = fd;
	a->keep_fd = -1;
	a->buffer = xcalloc(1, BUFFER_BYTES);
	return a;
}

struct archive *archive_open(int fd, bool *is_unknown, struct error *err)
{
	struct archive *a = new_archive(fd);

	*is_unknown = false;
	if (read_head(a, is_unknown, err))
		return a;
	archive_close(a);
	return NULL;
}

const struct archive_head *archive_head(const struct archive *a)
{
	return &a->head;
}

/* ---- the table of contents ---- */

/* A decimal number written as text. */
static bool parse_id(struct archive *a, const char *text, uint32_t *out,
		     struct error *err)
{
	uint64_t value;

	if (!str_parse_uint(text, 0, INT32_MAX, &value))
		return fail(a, err, "a dependency is not a number");
	*out = (uint32_t)value;
	return true;
}

static bool read_dependencies(struct archive *a, size_t *count, struct error *err)
{
	size_t begin = a->text.length;

	for (*count = 0;; a->text.length = begin) {
		bool is_end;

		if (!take_text(a, &is_end, err))
			return false;
		if (is_end)
			return true;
		a->dependencies = xgrow(a->dependencies, *count, sizeof(uint32_t));
		if (!parse_id(a, a->text.buf + begin, &a->dependencies[*count], err))
			return false;
		++*count;
	}
}

/* Where a string of the entry begins in a->text, which may still be moved. */
struct place {
	bool is_null;
	size_t at;
};

static bool read_text(struct archive *a, struct place *out, struct error *err)
{
	out->at = a->text.length;
	return take_text(a, &out->is_null, err);
}

static const char *text_at(const struct archive *a, const struct place *place)
{
	return place->is_null ? NULL : a->text.buf + place->at;
}

static bool skip_text(struct archive *a, struct error *err)
{
	size_t begin = a->text.length;
	bool is_null;

	if (!take_text(a, &is_null, err))
		return false;
	a->text.length = begin;
	return true;
}

static bool read_entry(struct archive *a, struct archive_entry *e, struct error *err)
{
	struct place tag, desc, definition, drop, copy, schema, tablespace, method, owner;
	char ignored[1 + OFFSET_BYTES_MAX];
	int32_t number, relkind = 0;
	uint32_t has_data = 0;
	bool is_ok;

	strbuf_reset(&a->text);
	is_ok = take_count(a, &e->dump_id, err) && take_count(a, &has_data, err) &&
		skip_text(a, err) && skip_text(a, err) && /* catalog ids */
		read_text(a, &tag, err) && read_text(a, &desc, err) &&
		take_integer(a, &number, err) && /* section */
		read_text(a, &definition, err) && read_text(a, &drop, err) &&
		read_text(a, &copy, err) && read_text(a, &schema, err) &&
		read_text(a, &tablespace, err) && read_text(a, &method, err) &&
		(a->head.minor < 16 || take_integer(a, &relkind, err)) &&
		read_text(a, &owner, err) && skip_text(a, err) && /* formerly WITH OIDS */
		read_dependencies(a, &e->dependency_count, err) &&
		take(a, ignored, 1 + a->offset_bytes, err); /* the position of its data */
	if (!is_ok)
		return false;
	if (desc.is_null || e->dump_id == 0 || relkind < 0 || relkind > 0x7f)
		return fail(a, err, "the entry is inconsistent");
	e->has_data = has_data != 0;
	e->tag = text_at(a, &tag);
	e->desc = text_at(a, &desc);
	e->definition = text_at(a, &definition);
	e->drop = text_at(a, &drop);
	e->copy = text_at(a, &copy);
	e->schema = text_at(a, &schema);
	e->tablespace = text_at(a, &tablespace);
	e->access_method = text_at(a, &method);
	e->relkind = (char)relkind;
	e->owner = text_at(a, &owner);
	e->dependencies = a->dependencies;
	return true;
}

static bool end_keeping(struct archive *a, struct error *err)
{
	bool is_ok = flush_kept(a, err);

	a->is_keeping = false;
	return is_ok;
}

bool archive_next_entry(struct archive *a, struct archive_entry *out, struct error *err)
{
	struct archive_entry entry;

	assert(a->entries_read < a->head.entry_count);
	if (!read_entry(a, &entry, err))
		return false;
	if (a->entries_read + 1 == a->head.entry_count && !end_keeping(a, err))
		return false;
	*out = entry;
	a->entries_read++;
	return true;
}

void archive_keep_entries(struct archive *a, int fd)
{
	assert(!a->entries_read);
	a->keep_fd = fd;
	a->is_keeping = a->head.entry_count > 0;
	a->keep_begin = a->begin;
}

struct archive *archive_reread(struct archive *a, struct error *err)
{
	struct archive *again;

	assert(a->keep_fd >= 0 && a->entries_read == a->head.entry_count);
	if (lseek(a->keep_fd, 0, SEEK_SET) < 0) {
		error_set(err, ERROR_SYSTEM, "read the archive again: %s",
			  strerror(errno));
		return NULL;
	}
	again = new_archive(a->keep_fd);
	again->head = a->head;
	again->integer_bytes = a->integer_bytes;
	again->offset_bytes = a->offset_bytes;
	return again;
}

/* ---- the data ---- */

bool archive_next_data(struct archive *a, uint32_t *dump_id, bool *is_end,
		       struct error *err)
{
	unsigned kind;

	assert(a->entries_read == a->head.entry_count && !a->data_left);
	if (!fill(a, err))
		return false;
	*is_end = a->begin == a->end;
	if (*is_end)
		return true;
	if (!take_byte(a, &kind, err))
		return false;
	if (kind != BLOCK_DATA)
		return fail(a, err, "a block is not a table's data");
	return take_count(a, dump_id, err);
}

bool archive_read(struct archive *a, const char **data, size_t *length, struct error *err)
{
	if (!a->data_left) {
		uint32_t chunk = 0;

		if (!take_count(a, &chunk, err))
			return false;
		a->data_left = chunk;
	}
	*length = 0;
	if (!a->data_left)
		return true;
	if (!take_some(a, a->data_left, data, length, err))
		return false;
	a->data_left -= *length;
	return true;
}

void archive_close(struct archive *a)
{
	if (!a)
		return;
	free(a->remote_version);
	free(a->dump_version);
	free(a->buffer);
	free(a->dependencies);
	strbuf_release(&a->text);
	free(a);
}
