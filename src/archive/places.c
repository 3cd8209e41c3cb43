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
 * Where an entry is written: in which part's file, in which pass; NULL: nowhere. An entry
 * that is left out, such as a function, represents what it depends on for whatever
 * depends on it.
 */
struct place {
	struct split_part *part;
	unsigned pass;
	/* pg_dump knows what the entry depends on, even if it does not write it */
	bool is_known;
};

_Static_assert(LEFT_OUT < 4, "a pass fits two bits");

/* The place as one number; 0: nowhere. */
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

/* What an entry depends on, all of which precedes it. */
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
 * Does pg_dump know more about the entry when it writes it? That holds for defaults and
 * constraints, which may depend on anything, and for types, which it may have to write
 * twice.
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
 * pg_dump sorts by dependencies. If something depends on a thing in another part, that
 * may change the order in either file, and in those of the parts that these depend on.
 * The order is the same only if pg_dump knows of the dependency when it dumps one of the
 * parts alone. It always knows what relations, functions and so on depend on, and what
 * all of these depend on. But it knows defaults of tables, which it reads with the
 * tables, and constraints, indexes and so on only for the tables that it dumps. Foreign
 * keys come after everything else.
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
 * The same for an entry that is left out, but on which relations may depend. It can
 * represent only one of the parts that it depends on, so several count as harmful at
 * once.
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

/* Put the part aside for a pg_dump of its own, because of this entry. */
static bool put_aside(struct places *p, const struct archive_entry *e,
		      struct split_part *part, bool *is_unknown, struct error *err)
{
	if (!part)
		return unknown_entry(e, is_unknown, err);
	part->outcome = SPLIT_ASIDE;
	return leave_out(p, e, err);
}

/* Decide where an entry is written: nowhere, if a pg_dump of relations would not write
 * it. */
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
		/* about something else, such as a type; one about a schema has no schema
		 * itself */
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

/* The part of an entry without a schema, such as the privileges on a schema. */
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

/* A function may have to wait for a constraint, and with it whatever depends on the
 * function. */
static bool is_member_known(const struct places *p, const struct archive_entry *e)
{
	for (size_t i = 0; i < e->dependency_count; i++) {
		struct place place = find_place(p, e->dependencies[i]);

		if (place.part && !place.is_known)
			return false;
	}
	return true;
}

/* pg_dump writes statistics only with their table, which is in another part here. */
static bool is_orphan(const struct places *p, const struct archive_entry *e,
		      const struct split_part *part)
{
	const struct split_part *table;

	if (strcmp(e->desc, "STATISTICS") != 0)
		return false;
	table = part_by_origin(p, e);
	return table != part;
}

/* The same decision when each part is a whole schema. */
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
		if (!e->schema && !origin.is_written) /* about the database */
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
 * From each two parts that harm each other, put one aside: the one that is in more such
 * pairs, whether thousands depend on it or it depends on thousands. An archive without
 * these parts has nothing harmful. Whatever depends on anything must come from such an
 * archive.
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
