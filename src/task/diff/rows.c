/* SPDX-License-Identifier: PostgreSQL */
#include "task/diff/rows.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "dump/digests.h"
#include "dump/parts.h"

enum {
	ROWS_AT_ONCE = 2 << 20,
	ROW_BYTES = 1 << 20,           /* of a row that is handed out */
	DEFINITIONS_BYTES = 128 << 20, /* of both dumps */
};

/* A row, while rows are compared. */
struct row {
	struct rowhash_value hash;
	uint32_t table; /* index of its object */
	uint32_t side;
	uint64_t left; /* how many of it are still to be handed out */
};

struct reading {
	const struct diff_dumps *dumps;
	enum diff_side side;
	struct rowhash *hash;
	struct diff_object *table; /* whose rows follow; NULL: they do not matter */
	uint32_t table_index;

	/* rows_compare(): handle numbers that are `share` modulo `share_count` */
	bool is_comparing;
	uint64_t share, share_count;
	struct row *rows;
	size_t count;

	/* While handing out, `rows` has what one dump has more of. */
	diff_row_fn *on_row;
	void *owner;
	struct strbuf text;
	bool is_cut;
};

/* ---- reading a dump ---- */

static uint32_t index_of(const struct diff_objects *objects,
			 const struct diff_object *object)
{
	uint32_t i = 0;

	while (objects->list[i] != object)
		i++;
	return i;
}

static void on_statement(void *owner, enum dumpsql_use use, const char *schema,
			 const char *name, const char *text)
{
	struct reading *r = owner;

	(void)schema;
	if (r->is_comparing)
		return;
	if (use == SQL_TABLE)
		objects_add_table(r->dumps->objects, r->side, name, text);
	else
		objects_add_statement(r->dumps->objects, r->side, name, text);
}

static void on_copy(void *owner, const char *schema, const char *name, const char *text)
{
	struct reading *r = owner;

	(void)schema;
	if (!r->is_comparing) {
		r->table = objects_add_copy(r->dumps->objects, r->side, name, text);
		return;
	}
	r->table = objects_find(r->dumps->objects, name);
	if (!r->table->has_other_rows) {
		r->table = NULL;
		return;
	}
	r->table_index = index_of(r->dumps->objects, r->table);
	rowhash_choose(r->hash, r->table->wanted[r->side],
		       r->table->parts[r->side].copy_columns.count);
}

static void on_copy_end(void *owner)
{
	struct reading *r = owner;

	r->table = NULL;
	rowhash_choose(r->hash, NULL, 0);
}

static void count_row(struct reading *r, struct rowhash_value value)
{
	struct diff_part *part = &r->table->parts[r->side];

	part->rows++;
	part->sum.word[0] += value.word[0];
	part->sum.word[1] += value.word[1];
}

static int compare_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int order = memcmp(&x->hash, &y->hash, sizeof(x->hash));

	if (!order && x->table != y->table)
		order = x->table < y->table ? -1 : 1;
	return order;
}

static void note_row(struct reading *r, struct rowhash_value value)
{
	r->rows = xgrow(r->rows, r->count, sizeof(*r->rows));
	r->rows[r->count++] = (struct row){ value, r->table_index, r->side, 1 };
}

/* Hand the row out if this dump has more of it. */
static void hand_out(struct reading *r, struct rowhash_value value)
{
	const struct row key = { .hash = value, .table = r->table_index };
	struct row *found =
		r->count ? bsearch(&key, r->rows, r->count, sizeof(key), compare_rows)
			 : NULL;

	if (!found || found->side != r->side || !found->left)
		return;
	found->left--;
	r->on_row(r->owner, r->side, r->table, r->text.buf ? r->text.buf : "",
		  r->text.length, r->is_cut);
}

static void take_text(struct reading *r, const char *data, size_t length)
{
	size_t room = ROW_BYTES - r->text.length;

	r->is_cut |= length > room;
	strbuf_add(&r->text, data, length < room ? length : room);
}

static void on_row(void *owner, const char *data, size_t length, bool is_end)
{
	struct reading *r = owner;
	struct rowhash_value value;

	if (!r->table)
		return;
	rowhash_feed(r->hash, data, length);
	if (r->on_row)
		take_text(r, data, length);
	if (!is_end)
		return;
	value = rowhash_end(r->hash);
	if (!r->is_comparing)
		count_row(r, value);
	else if (value.word[0] % r->share_count == r->share && r->on_row)
		hand_out(r, value);
	else if (value.word[0] % r->share_count == r->share)
		note_row(r, value);
	strbuf_reset(&r->text);
	r->is_cut = false;
}

static bool check_size(const struct reading *r, struct error *err)
{
	if (rowhash_has_failed(r->hash))
		return error_set(err, ERROR_SYSTEM, "libcrypto: SHA-256 failed");
	return r->dumps->objects->size_bytes < DEFINITIONS_BYTES ||
	       error_set(err, ERROR_DATA, "too many definitions to compare");
}

static bool read_dump(struct reading *r, enum diff_side side, struct error *err)
{
	const struct stored_dump *dump = r->dumps->dumps[side];
	struct dumpdigests_reader *reader = dumpdigests_open(&dump->marks, dump->fd);
	const struct dumpparts_hooks hooks = { .on_statement = on_statement,
					       .on_copy = on_copy,
					       .on_row = on_row,
					       .on_copy_end = on_copy_end,
					       .owner = r,
					       .is_whole = r->dumps->is_whole[side] };
	AUTO_FREE struct dumpparts *parts = xcalloc(1, sizeof(*parts));
	size_t length;
	bool is_ok;
	char *data;

	r->side = side;
	dumpparts_init(parts, &hooks);
	while ((is_ok = dumpdigests_next(reader, &data, &length, err)) && length &&
	       (is_ok = check_size(r, err)))
		dumpparts_feed(parts, data, length);
	dumpparts_release(parts);
	dumpdigests_close(reader);
	return is_ok;
}

static bool read_both(struct reading *r, struct error *err)
{
	return read_dump(r, DIFF_FROM, err) && read_dump(r, DIFF_TO, err);
}

bool rows_read(const struct diff_dumps *dumps, struct error *err)
{
	struct reading reading = { .dumps = dumps, .hash = rowhash_new() };
	bool is_ok = read_both(&reading, err);

	if (is_ok)
		objects_compare(dumps->objects);
	rowhash_free(reading.hash);
	return is_ok;
}

/* ---- rows ---- */

/* Keep only the rows of which one dump has more, each once. */
static void leave_only(struct reading *r, bool is_counted)
{
	size_t left = 0;

	if (r->count)
		qsort(r->rows, r->count, sizeof(*r->rows), compare_rows);
	for (size_t i = 0, next; i < r->count; i = next) {
		struct row row = r->rows[i];
		size_t counts[DIFF_SIDES] = { 0 };

		for (next = i; next < r->count && !compare_rows(&r->rows[next], &row);
		     next++)
			counts[r->rows[next].side]++;
		row.side = counts[DIFF_FROM] > counts[DIFF_TO] ? DIFF_FROM : DIFF_TO;
		row.left = counts[row.side] - counts[!row.side];
		if (!is_counted)
			r->dumps->objects->list[row.table]->rows[row.side] += row.left;
		if (row.left)
			r->rows[left++] = row;
	}
	r->count = left;
}

static uint64_t count_rows(const struct diff_objects *objects)
{
	uint64_t count = 0;

	for (size_t i = 0; i < objects->count; i++)
		for (int side = 0; side < DIFF_SIDES; side++)
			if (objects->list[i]->has_other_rows)
				count += objects->list[i]->parts[side].rows;
	return count;
}

static bool compare_share(struct reading *r, diff_row_fn *callback, struct error *err)
{
	r->count = 0;
	r->on_row = NULL;
	if (!read_both(r, err))
		return false;
	leave_only(r, callback);
	r->on_row = callback;
	return !callback || !r->count || read_both(r, err);
}

static bool compare(const struct diff_dumps *dumps, diff_row_fn *callback, void *owner,
		    struct error *err)
{
	uint64_t most = dumps->most_rows ? dumps->most_rows : ROWS_AT_ONCE;
	uint64_t count = count_rows(dumps->objects);
	struct reading reading = { .dumps = dumps,
				   .hash = rowhash_new(),
				   .is_comparing = true,
				   .share_count = count / most + 1,
				   .owner = owner };
	bool is_ok = true;

	while (count && is_ok && reading.share < reading.share_count) {
		is_ok = compare_share(&reading, callback, err);
		reading.share++;
	}
	rowhash_free(reading.hash);
	strbuf_release(&reading.text);
	free(reading.rows);
	return is_ok;
}

bool rows_compare(const struct diff_dumps *dumps, struct error *err)
{
	return compare(dumps, NULL, NULL, err);
}

bool rows_hand_out(const struct diff_dumps *dumps, diff_row_fn *callback, void *owner,
		   struct error *err)
{
	return compare(dumps, callback, owner, err);
}
