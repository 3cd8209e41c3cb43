/* SPDX-License-Identifier: PostgreSQL */
/*
 * Archives like those of pg_dump, or nearly so, byte by byte.
 *
 *	struct builder b;
 *	build_head(&b, 15, 4, 2);
 *	build_entry(&b, &(struct build_entry){ .id = 7, .desc = "TABLE", ... });
 *	...
 *	build_data(&b, 8, "1\n", "2\n", NULL);
 *	fd = build_file(&b);
 *	build_release(&b);
 */
#ifndef TEST_ARCHIVE_BUILDER_H
#define TEST_ARCHIVE_BUILDER_H

#include "unit.h"

#include <sys/mman.h>

#include "base/str.h"

struct builder {
	struct strbuf out;
	unsigned minor;
	unsigned integer_bytes;
};

struct build_entry {
	uint32_t id;
	bool has_data;
	const char *tag;
	const char *desc;
	const char *definition;
	const char *drop;
	const char *copy;
	const char *schema;
	const char *tablespace;
	const char *access_method;
	char relkind;
	const char *owner;
	uint32_t needs[8]; /* up to a 0 */
};

static inline void build_byte(struct builder *b, unsigned byte)
{
	strbuf_add_char(&b->out, (char)byte);
}

static inline void build_integer(struct builder *b, int64_t value)
{
	uint64_t left = (uint64_t)(value < 0 ? -value : value);

	build_byte(b, value < 0);
	for (unsigned i = 0; i < b->integer_bytes; i++, left >>= 8)
		build_byte(b, left & 0xff);
}

static inline void build_bytes(struct builder *b, const void *data, size_t length)
{
	build_integer(b, (int64_t)length);
	strbuf_add(&b->out, data, length);
}

static inline void build_text(struct builder *b, const char *text)
{
	if (text)
		build_bytes(b, text, strlen(text));
	else
		build_integer(b, -1);
}

/* Up to where the format is told: PGDMP, the version, sizes, "custom". */
static inline void build_magic(struct builder *b, unsigned minor, unsigned integer_bytes)
{
	*b = (struct builder){ .minor = minor, .integer_bytes = integer_bytes };
	strbuf_add_str(&b->out, "PGDMP");
	build_byte(b, 1);
	build_byte(b, minor);
	build_byte(b, 0);
	build_byte(b, integer_bytes);
	build_byte(b, 8);
	build_byte(b, 1);
}

static inline void build_head_of(struct builder *b, unsigned minor,
				 unsigned integer_bytes, const char *dump_version,
				 int64_t entry_count)
{
	build_magic(b, minor, integer_bytes);
	if (minor >= 15)
		build_byte(b, 0);
	else
		build_integer(b, 0);
	for (int i = 0; i < 6; i++)
		build_integer(b, i);
	build_integer(b, -1); /* whether it was summer: not known */
	build_text(b, "database");
	build_text(b, "15.1");
	build_text(b, dump_version);
	build_integer(b, entry_count);
}

static inline void build_head(struct builder *b, unsigned minor, unsigned integer_bytes,
			      int64_t entry_count)
{
	build_head_of(b, minor, integer_bytes, "15.13 (Debian)", entry_count);
}

static inline void build_entry(struct builder *b, const struct build_entry *e)
{
	build_integer(b, e->id);
	build_integer(b, e->has_data);
	build_text(b, "1259");
	build_text(b, "16384");
	build_text(b, e->tag);
	build_text(b, e->desc);
	build_integer(b, 2);
	build_text(b, e->definition);
	build_text(b, e->drop);
	build_text(b, e->copy);
	build_text(b, e->schema);
	build_text(b, e->tablespace);
	build_text(b, e->access_method);
	if (b->minor >= 16)
		build_integer(b, e->relkind);
	build_text(b, e->owner);
	build_text(b, "false");
	for (size_t i = 0; i < ARRAY_SIZE(e->needs) && e->needs[i]; i++) {
		char text[16];

		snprintf(text, sizeof(text), "%u", e->needs[i]);
		build_text(b, text);
	}
	build_text(b, NULL);
	build_byte(b, 1);
	strbuf_add(&b->out, "\0\0\0\0\0\0\0", 8);
}

/* A block of data: its chunks, then NULL. */
static inline void build_data(struct builder *b, uint32_t id, ...)
{
	va_list chunks;
	const char *chunk;

	build_byte(b, 1);
	build_integer(b, id);
	va_start(chunks, id);
	while ((chunk = va_arg(chunks, const char *)))
		build_text(b, chunk);
	va_end(chunks);
	build_integer(b, 0);
}

/* A file with the first `length` bytes, to be read from its begin; the caller closes it.
 */
static inline int build_file_of(const void *data, size_t length)
{
	int fd = memfd_create("archive", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, length), length);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static inline int build_file(const struct builder *b)
{
	return build_file_of(b->out.buf, b->out.length);
}

static inline void build_release(struct builder *b)
{
	strbuf_release(&b->out);
}

#endif
