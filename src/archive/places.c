/* SPDX-License-Identifier: PostgreSQL */
#include "archive/places.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

/* Two parts, one of which depends on the other in a way that may change either file. */
struct place_harm {
	struct split_part *one, *other;
};

static int compare_schema(const void *key, const void *element)
{
	return strcmp(key, ((const struct split_part *)element)->schema);
}

static struct split_part *find_part(struct places *p, const char *schema)
{
	if (!schema)
		return NULL;
	if (!p->last || strcmp(p->last->schema, schema) != 0)
		p->last = bsearch(schema, p->parts, p->part_count, sizeof(p->parts[0]),
				  compare_schema);
	return p->last;
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
	/* pg_dump knows what it depends on even where it does not write it */
	bool is_known;
};

_Static_assert(LEFT_OUT < 4, "a pass fits two bits");

/* As one number; 0 is nowhere. */
static uint32_t pack(const struct places *p, const struct place *place)
{
	uint32_t number = (uint32_t)(place->part - p->parts) + 1;

	return number << 3 | place->pass << 1 | place->is_known;
}

static struct place find_place(const struct places *p, uint32_t dump_id)
{
	const uint32_t *value = ids_find(&p->entries, dump_id);

	if (!value || !*value)
		return (struct place){ 0 };
	return (struct place){
		.part = &p->parts[(*value >> 3) - 1],
		.pass = *value >> 1 & 3,
		.is_known = *value & 1,
	};
}

/* What an entry depends on. All of that comes before it. */
struct origin {
	bool is_part;     /* something of its part that is written */
	bool is_written;  /* something of any part that is written */
	bool is_left_out; /* an entry that is not written */
};

static struct origin find_origin(const struct places *p, const struct archive_entry *e,
				 const struct split_part *part)
{
	struct origin origin = { 0 };

	for (size_t i = 0; i < e->dependency_count; i++) {
		struct place place = find_place(p, e->dependencies[i]);

		if (!place.part || place.pass == LEFT_OUT)
			origin.is_left_out |=
				ids_find(&p->entries, e->dependencies[i]) != NULL;
		else if (place.part == part)
			origin.is_part = origin.is_written = true;
		else
			origin.is_written = true;
	}
	return origin;
}

static void tie(struct places *p, struct split_part *one, struct split_part *other,
		bool is_harmful)
{
	one->is_tied = other->is_tied = true;
	if (!is_harmful)
		return;
	one->harms++;
	other->harms++;
	p->harms = xgrow(p->harms, p->harm_count, sizeof(p->harms[0]));
	p->harms[p->harm_count++] = (struct place_harm){ one, other };
}

/*
 * Of these pg_dump knows more when it writes them: the defaults and constraints, which
 * may depend on anything; and of a type that it may have to write it twice.
 */
static bool is_known_in_part(const struct archive_entry *e)
{
	static const char *const descs[] = { "TABLE", "FOREIGN TABLE", "DOMAIN", "TYPE" };

	for (size_t i = 0; i < ARRAY_SIZE(descs); i++)
		if (!strcmp(e->desc, descs[i]))
			return true;
	return false;
}

/*
 * pg_dump sorts what it writes by what depends on what. Something that depends on
 * something of another part may change the order in either file, and in those of the
 * parts that these depend on; if pg_dump, asked for one of them alone, knows of it, then
 * the order is the same. It knows what relations, functions and so on depend on, and all
 * of these; but of the defaults of tables, which come with the tables, and of
 * constraints, indexes and so on, it knows only those of the tables that it writes.
 * Foreign keys come behind all else.
 */
static void note_ties(struct places *p, const struct archive_entry *e,
		      const struct place *own)
{
	bool is_in_part = is_known_in_part(e);

	if (!strcmp(e->desc, "FK CONSTRAINT"))
		return;
	for (size_t i = 0; i < e->dependency_count; i++) {
		struct place other = find_place(p, e->dependencies[i]);

		if (other.part && other.part != own->part)
			tie(p, own->part, other.part, is_in_part || !other.is_known);
	}
}

static bool add_entry(struct places *p, const struct archive_entry *e, uint32_t value,
		      struct error *err)
{
	return ids_add(&p->entries, e->dump_id, value) ||
	       error_set(err, ERROR_DATA,
			 "the archive is damaged: two entries have the id %" PRIu32,
			 e->dump_id);
}

static bool leave_out(struct places *p, const struct archive_entry *e, struct error *err)
{
	return add_entry(p, e, 0, err);
}

/*
 * The same, but of something on which relations may depend. It stands for one of the
 * parts that it depends on, so several are taken for harmful right away.
 */
static bool pass_over(struct places *p, const struct archive_entry *e, struct error *err)
{
	struct place stands_for = { .pass = LEFT_OUT, .is_known = true };

	for (size_t i = 0; i < e->dependency_count; i++) {
		struct place other = find_place(p, e->dependencies[i]);

		if (!other.part)
			continue;
		if (stands_for.part && stands_for.part != other.part)
			tie(p, stands_for.part, other.part, true);
		stands_for.part = other.part;
		stands_for.is_known &= other.is_known;
	}
	return add_entry(p, e, stands_for.part ? pack(p, &stands_for) : 0, err);
}

static bool keep_entry(struct places *p, const struct archive_entry *e,
		       struct split_part *part, bool is_known, struct error *err)
{
	struct place place = { part, plain_pass(e), is_known };

	part->entries_left++;
	p->has_pass[place.pass] = true;
	note_ties(p, e, &place);
	return add_entry(p, e, pack(p, &place), err);
}

static bool unknown_entry(const struct archive_entry *e, bool *is_unknown,
			  struct error *err)
{
	*is_unknown = true;
	return error_set(
		err, ERROR_DATA,
		"the archive has an entry whose place in a dump is unknown: %s %s",
		e->desc, e->tag ? e->tag : "");
}

/* Leave an entry to a pg_dump of its part alone, which it names here. */
static bool put_aside(struct places *p, const struct archive_entry *e,
		      struct split_part *part, bool *is_unknown, struct error *err)
{
	if (!part)
		return unknown_entry(e, is_unknown, err);
	part->outcome = SPLIT_ASIDE;
	return leave_out(p, e, err);
}

/* Decide where it is written; nowhere, if a pg_dump of relations would not write it. */
static bool index_of_relations(struct places *p, const struct archive_entry *e,
			       bool *is_unknown, struct error *err)
{
	struct split_part *part = find_part(p, e->schema);
	struct origin origin = find_origin(p, e, part);

	switch (plain_kind(e)) {
	case PLAIN_SETTING:
		return leave_out(p, e, err);
	case PLAIN_RELATION:
		if (part)
			return keep_entry(p, e, part, true, err);
		break;
	case PLAIN_PART:
		if (part && origin.is_part)
			return keep_entry(p, e, part, false, err);
		break;
	case PLAIN_EXTRA:
		if (part && origin.is_part)
			return keep_entry(p, e, part, false, err);
		/* of something else, such as a type; a schema's is in none itself */
		if (!origin.is_written && (!part || origin.is_left_out))
			return leave_out(p, e, err);
		break;
	case PLAIN_SCHEMA:
	case PLAIN_MEMBER:
	case PLAIN_OTHER:
		return pass_over(p, e, err);
	case PLAIN_UNKNOWN:
		break;
	}
	return put_aside(p, e, part, is_unknown, err);
}

/* The part of which an entry is that has no schema, such as the rights on a schema. */
static struct split_part *part_by_origin(const struct places *p,
					 const struct archive_entry *e)
{
	struct split_part *part = NULL;

	for (size_t i = 0; i < e->dependency_count; i++) {
		struct place place = find_place(p, e->dependencies[i]);

		if (place.part && part && place.part != part)
			return NULL;
		part = place.part ? place.part : part;
	}
	return part;
}

/* A function can wait for a constraint, and with it what depends on the function. */
static bool is_member_known(const struct places *p, const struct archive_entry *e)
{
	for (size_t i = 0; i < e->dependency_count; i++) {
		struct place place = find_place(p, e->dependencies[i]);

		if (place.part && !place.is_known)
			return false;
	}
	return true;
}

/* pg_dump writes statistics with their table only, which is another part's here. */
static bool is_orphan(const struct places *p, const struct archive_entry *e,
		      const struct split_part *part)
{
	const struct split_part *table;

	if (strcmp(e->desc, "STATISTICS") != 0)
		return false;
	table = part_by_origin(p, e);
	return table != part;
}

/* Decide where it is written, in the same way, when each part is all of its schema. */
static bool index_of_schemas(struct places *p, const struct archive_entry *e,
			     bool *is_unknown, struct error *err)
{
	struct split_part *part = find_part(p, e->schema);
	struct origin origin;

	switch (plain_kind(e)) {
	case PLAIN_SETTING:
		return leave_out(p, e, err);
	case PLAIN_SCHEMA:
		part = find_part(p, e->tag);
		if (part)
			return keep_entry(p, e, part, true, err);
		break;
	case PLAIN_RELATION:
		if (part)
			return keep_entry(p, e, part, true, err);
		break;
	case PLAIN_MEMBER:
		if (part && !is_orphan(p, e, part))
			return keep_entry(p, e, part, is_member_known(p, e), err);
		break;
	case PLAIN_PART:
	case PLAIN_EXTRA:
		if (!e->schema)
			part = part_by_origin(p, e);
		origin = find_origin(p, e, part);
		if (origin.is_part)
			return keep_entry(p, e, part, false, err);
		if (!e->schema && !origin.is_written) /* of the database */
			return leave_out(p, e, err);
		break;
	case PLAIN_OTHER:
		return leave_out(p, e, err);
	case PLAIN_UNKNOWN:
		break;
	}
	return put_aside(p, e, part, is_unknown, err);
}

bool places_add(struct places *p, const struct archive_entry *e, bool *is_unknown,
		struct error *err)
{
	return p->is_whole ? index_of_schemas(p, e, is_unknown, err)
			   : index_of_relations(p, e, is_unknown, err);
}

/*
 * One part of each two that harm each other: that with more of these, be it the one that
 * thousands depend on, or that depends on thousands. An archive without them has nothing
 * harmful; whatever depends on anything is to come from such a one.
 */
void places_settle(struct places *p)
{
	for (size_t i = 0; i < p->harm_count; i++) {
		struct split_part *one = p->harms[i].one, *other = p->harms[i].other;

		if (one->outcome != SPLIT_ASIDE && other->outcome != SPLIT_ASIDE)
			(one->harms > other->harms ? one : other)->outcome = SPLIT_ASIDE;
	}
	for (size_t i = 0; p->harm_count && i < p->part_count; i++) {
		struct split_part *part = &p->parts[i];

		if (part->is_tied && part->outcome == SPLIT_ABSENT)
			part->outcome = SPLIT_AGAIN;
	}
}

struct split_part *places_find(const struct places *p, uint32_t dump_id,
			       enum plain_pass pass)
{
	struct place place = find_place(p, dump_id);

	return place.pass == (unsigned)pass ? place.part : NULL;
}

void places_release(struct places *p)
{
	ids_release(&p->entries);
	free(p->harms);
}
