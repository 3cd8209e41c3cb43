/* SPDX-License-Identifier: PostgreSQL */
/*
 * Any bytes whatsoever through dumpscan, as the dump of relations and of a whole schema:
 * at once, in two pieces at several places, and byte by byte, with the same result and the
 * same calls of the hooks each time.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "dump/scan.h"

enum { CUTS = 4, BYTEWISE_MAX = 4096 };

struct outcome {
	struct dumpscan scan;
	bool ok;
	struct error err;
	uint64_t hash; /* of all calls of the hooks, in order */
	uint64_t calls;
};

static void add_to_hash(struct outcome *o, const char *text)
{
	o->calls++;
	for (const char *p = text ? text : "\x01NULL"; *p; p++)
		o->hash = (o->hash ^ (unsigned char)*p) * 1099511628211u;
	o->hash = (o->hash ^ 0xff) * 1099511628211u;
}

static void on_target(void *owner, enum dumpsql_use use, const char *schema,
		      const char *name)
{
	if (use == SQL_NO_USE || use == SQL_COLUMN || use == SQL_OWNER || !*name)
		abort();
	add_to_hash(owner, schema);
	add_to_hash(owner, name);
}

static void on_need(void *owner, enum dumpneeds_kind kind, const char *schema,
		    const char *name)
{
	if (kind == NEED_NOTHING || !*name)
		abort();
	add_to_hash(owner, schema);
	add_to_hash(owner, name);
}

static void on_value(void *owner, const char *value)
{
	add_to_hash(owner, value);
}

/* Each piece in memory of its own, so that ASan sees a byte read behind its end. */
static void feed(struct outcome *o, const uint8_t *data, size_t length)
{
	char *piece = malloc(length ? length : 1);

	if (!piece)
		abort();
	if (length)
		memcpy(piece, data, length);
	dumpscan_feed(&o->scan, piece, length);
	free(piece);
}

/* The first piece has `cut` bytes; the rest goes in pieces of `step`. */
static void scan(struct outcome *o, const uint8_t *data, size_t size, bool is_whole,
		 size_t cut, size_t step)
{
	struct dumpscan_hooks hooks = {
		.is_whole = is_whole,
		.watch_table = "_general",
		.watch_column = "version",
		.on_target = on_target,
		.on_value = on_value,
		.on_need = on_need,
		.owner = o,
	};

	*o = (struct outcome){ .hash = 14695981039346656037u };
	dumpscan_init(&o->scan, &hooks);
	feed(o, data, cut);
	for (size_t at = cut; at < size; at += step)
		feed(o, data + at, size - at < step ? size - at : step);
	o->ok = dumpscan_finish(&o->scan, &o->err);
}

static void require_equal(const struct outcome *a, const struct outcome *b)
{
	const struct dumpscan_result *r = &a->scan.result, *s = &b->scan.result;

	if (a->ok != b->ok || a->hash != b->hash || a->calls != b->calls ||
	    r->bytes != s->bytes || r->lines != s->lines || r->rows != s->rows ||
	    r->tables != s->tables || r->ambiguous_line != s->ambiguous_line ||
	    r->problem != s->problem || r->problem_line != s->problem_line ||
	    strcmp(r->excerpt, s->excerpt) != 0 || strcmp(a->err.text, b->err.text) != 0)
		abort();
}

static void require_sense(const struct outcome *o, size_t size)
{
	const struct dumpscan_result *r = &o->scan.result;

	if (r->bytes != size || o->ok != (r->problem == DUMPSCAN_SOUND) ||
	    r->lines > size || r->rows > r->lines || r->problem_line > r->lines + 1 ||
	    r->ambiguous_line > r->lines + 1)
		abort();
	for (const char *p = o->err.text; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			abort();
}

static void try(const uint8_t *data, size_t size, bool is_whole)
{
	static struct outcome at_once, parts;
	uint64_t seed = size;

	scan(&at_once, data, size, is_whole, size, 1);
	require_sense(&at_once, size);
	for (size_t i = 0; i < size; i++)
		seed = (seed ^ data[i]) * 1099511628211u;
	for (int i = 0; i < CUTS && size > 0; i++) {
		scan(&parts, data, size, is_whole, seed % size, size);
		require_equal(&at_once, &parts);
		seed = seed * 6364136223846793005u + 1442695040888963407u;
	}
	if (size <= BYTEWISE_MAX) {
		scan(&parts, data, size, is_whole, 0, 1);
		require_equal(&at_once, &parts);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try(data, size, false);
	try(data, size, true);
	return 0;
}

void fuzz_describe(const uint8_t *data, size_t size)
{
	static struct outcome o;

	scan(&o, data, size, false, size, 1);
	printf("%" PRIu64 " lines, %" PRIu64 " rows, %" PRIu32
	       " tables, ambiguous %" PRIu64 ": %s\n",
	       o.scan.result.lines, o.scan.result.rows, o.scan.result.tables,
	       o.scan.result.ambiguous_line, o.ok ? "sound" : o.err.text);
}
