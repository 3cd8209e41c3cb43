/* SPDX-License-Identifier: PostgreSQL */
#include "task/diff/objects.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"

enum { OBJECT_BYTES = sizeof(struct diff_object) + 64, TEXT_BYTES = 32 };

struct diff_object *objects_find(struct diff_objects *objects, const char *name)
{
	size_t low = 0, high = objects->count;
	struct diff_object *object;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(name, objects->list[middle]->name);

		if (!order)
			return objects->list[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	object = xcalloc(1, sizeof(*object));
	object->name = xstrdup(name);
	objects->list = xgrow(objects->list, objects->count, sizeof(object));
	memmove(objects->list + low + 1, objects->list + low,
		(objects->count++ - low) * sizeof(object));
	objects->list[low] = object;
	objects->size_bytes += OBJECT_BYTES;
	return object;
}

static void push(struct diff_objects *objects, struct strvec *list, const char *text,
		 size_t length)
{
	strvec_push_format(list, "%.*s", (int)length, text);
	objects->size_bytes += length + TEXT_BYTES;
}

/* ---- lists in parentheses ---- */

/* The first character after the quoted text that begins at `p`, or the end. */
static const char *skip_quoted(const char *p)
{
	const char *end = strchr(p + 1, *p);

	return end ? end + 1 : p + strlen(p);
}

/* The end of the element that begins at `p`: a comma, or the parenthesis that ends the
 * list. */
static const char *find_end(const char *p)
{
	size_t depth = 0;

	while (*p) {
		if (*p == '\'' || *p == '"') {
			p = skip_quoted(p);
			continue;
		}
		if (!depth && (*p == ',' || *p == ')'))
			break;
		depth += *p == '(' || *p == '[';
		depth -= depth && (*p == ')' || *p == ']');
		p++;
	}
	return p;
}

static size_t trim(const char **text, const char *end)
{
	while (*text < end && strchr(" \n", **text))
		++*text;
	while (end > *text && strchr(" \n", end[-1]))
		end--;
	return (size_t)(end - *text);
}

/* The elements of the first list in `text`. Returns what follows the list. */
static const char *split_list(struct diff_objects *objects, const char *text,
			      struct strvec *out)
{
	const char *p = text;

	while (*p && *p != '(')
		p = *p == '"' ? skip_quoted(p) : p + 1;
	while (*p && *p != ')') {
		const char *element = p + 1, *end = find_end(p + 1);
		size_t length = trim(&element, end);

		if (length)
			push(objects, out, element, length);
		p = end;
	}
	return *p ? p + 1 : p;
}

/* ---- what the dumps contain ---- */

void objects_add_table(struct diff_objects *objects, enum diff_side side,
		       const char *name, const char *text)
{
	struct diff_part *part = &objects_find(objects, name)->parts[side];
	const char *rest = split_list(objects, text, &part->columns);
	size_t length = trim(&rest, rest + strlen(rest));

	part->is_table = true;
	if (length > 1) /* more than its semicolon: INHERITS and the like */
		push(objects, &part->statements, rest, length);
}

void objects_add_statement(struct diff_objects *objects, enum diff_side side,
			   const char *name, const char *text)
{
	struct diff_object *object = objects_find(objects, name);
	size_t length = trim(&text, text + strlen(text));

	push(objects, &object->parts[side].statements, text, length);
}

struct diff_object *objects_add_copy(struct diff_objects *objects, enum diff_side side,
				     const char *name, const char *text)
{
	struct diff_object *object = objects_find(objects, name);

	strvec_release(&object->parts[side].copy_columns);
	split_list(objects, text, &object->parts[side].copy_columns);
	return object;
}

/* ---- comparing ---- */

/* Both lists are sorted. only[side] gets each text as many more times as that side has
 * it. */
static void find_only(const struct strvec *from, const struct strvec *to,
		      struct strvec only[DIFF_SIDES])
{
	size_t i = 0, k = 0;

	while (i < from->count || k < to->count) {
		int order = i == from->count ? 1
			    : k == to->count ? -1
					     : strcmp(from->v[i], to->v[k]);

		if (order < 0)
			strvec_push(&only[DIFF_FROM], from->v[i]);
		if (order > 0)
			strvec_push(&only[DIFF_TO], to->v[k]);
		i += order <= 0;
		k += order >= 0;
	}
}

static bool are_equal(const struct strvec *a, const struct strvec *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->v[i], b->v[i]) != 0)
			return false;
	return true;
}

static int find_column(const struct strvec *columns, const char *name)
{
	for (size_t i = 0; i < columns->count; i++)
		if (!strcmp(columns->v[i], name))
			return (int)i;
	return -1;
}

/* If the columns of a table differ, its rows are compared by the columns that both dumps
 * have. */
static void choose_columns(struct diff_object *object)
{
	const struct strvec *from = &object->parts[DIFF_FROM].copy_columns;
	const struct strvec *to = &object->parts[DIFF_TO].copy_columns;

	object->wanted[DIFF_FROM] = xcalloc(from->count + 1, sizeof(int));
	object->wanted[DIFF_TO] = xcalloc(to->count + 1, sizeof(int));
	for (size_t i = 0; i < from->count; i++)
		object->wanted[DIFF_FROM][i] =
			find_column(to, from->v[i]) < 0 ? -1 : (int)i;
	for (size_t i = 0; i < to->count; i++)
		object->wanted[DIFF_TO][i] = find_column(from, to->v[i]);
}

static void compare_object(struct diff_object *object)
{
	struct diff_part *from = &object->parts[DIFF_FROM], *to = &object->parts[DIFF_TO];
	bool has_same_columns = are_equal(&from->copy_columns, &to->copy_columns);

	for (int side = 0; side < DIFF_SIDES; side++) {
		strvec_sort(&object->parts[side].columns);
		strvec_sort(&object->parts[side].statements);
	}
	if (from->is_table && to->is_table)
		find_only(&from->columns, &to->columns, object->columns);
	find_only(&from->statements, &to->statements, object->statements);
	object->has_other_rows = (from->rows || to->rows) &&
				 (!has_same_columns || from->rows != to->rows ||
				  memcmp(&from->sum, &to->sum, sizeof(from->sum)) != 0);
	if (from->rows && to->rows && !has_same_columns)
		choose_columns(object);
}

void objects_compare(struct diff_objects *objects)
{
	for (size_t i = 0; i < objects->count; i++)
		compare_object(objects->list[i]);
}

bool diff_object_differs(const struct diff_object *object)
{
	for (int side = 0; side < DIFF_SIDES; side++)
		if (object->columns[side].count || object->statements[side].count ||
		    object->rows[side])
			return true;
	return object->parts[DIFF_FROM].is_table != object->parts[DIFF_TO].is_table;
}

static void release_object(struct diff_object *object)
{
	for (int side = 0; side < DIFF_SIDES; side++) {
		strvec_release(&object->parts[side].columns);
		strvec_release(&object->parts[side].statements);
		strvec_release(&object->parts[side].copy_columns);
		strvec_release(&object->columns[side]);
		strvec_release(&object->statements[side]);
		free(object->wanted[side]);
	}
	free(object->name);
	free(object);
}

void objects_release(struct diff_objects *objects)
{
	for (size_t i = 0; i < objects->count; i++)
		release_object(objects->list[i]);
	free(objects->list);
	*objects = (struct diff_objects){ 0 };
}
