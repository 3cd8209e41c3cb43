/* SPDX-License-Identifier: PostgreSQL */
#include "catalog/columns.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"

void columns_release(struct columns *c)
{
	for (size_t i = 0; i < c->count; i++) {
		free(c->list[i].table);
		free(c->list[i].kind);
		free(c->list[i].name);
		free(c->list[i].type);
	}
	free(c->list);
	*c = (struct columns){ 0 };
}

static void add_difference(struct strvec *out, const struct column *c, const char *what)
{
	strvec_push_format(out, "%s.%s %s", c->table, c->name, what);
}

static const struct column *find(const struct columns *in, const char *table,
				 const char *name)
{
	for (size_t i = 0; i < in->count; i++)
		if (!strcmp(in->list[i].table, table) &&
		    (!name || !strcmp(in->list[i].name, name)))
			return &in->list[i];
	return NULL;
}

static void compare_column(const struct column *has, const struct column *should,
			   struct strvec *out)
{
	AUTO_FREE char *type = str_format("is %s, not %s", has->type, should->type);

	if (strcmp(has->type, should->type) != 0)
		add_difference(out, has, type);
	if (has->is_not_null != should->is_not_null)
		add_difference(out, has,
			       has->is_not_null ? "is NOT NULL" : "is not NOT NULL");
	if (has->has_default != should->has_default)
		add_difference(out, has,
			       has->has_default ? "has a default" : "has no default");
}

/* Is it the first column of its table? */
static bool is_first(const struct columns *in, size_t i)
{
	return !i || strcmp(in->list[i].table, in->list[i - 1].table) != 0;
}

/* Name what `one` has and `other` does not have. */
static void name_missing(const struct columns *one, const struct columns *other,
			 const char *what, struct strvec *out)
{
	for (size_t i = 0; i < one->count; i++) {
		const struct column *c = &one->list[i];

		if (find(other, c->table, NULL)) {
			if (!find(other, c->table, c->name))
				add_difference(out, c, what);
		} else if (is_first(one, i)) {
			strvec_push_format(out, "%s %s %s", c->kind, c->table, what);
		}
	}
}

void columns_compare(const struct columns *has, const struct columns *should,
		     struct strvec *out)
{
	name_missing(should, has, "is missing", out);
	for (size_t i = 0; i < should->count; i++) {
		const struct column *s = &should->list[i];
		const struct column *table = find(has, s->table, NULL);
		const struct column *h = find(has, s->table, s->name);

		if (table && is_first(should, i) && strcmp(table->kind, s->kind) != 0)
			strvec_push_format(out, "%s is a %s, not a %s", s->table,
					   table->kind, s->kind);
		if (h)
			compare_column(h, s, out);
	}
	name_missing(has, should, "is not of this version", out);
}

static char *copy(const struct pg_result *result, int row, int column)
{
	return xstrdup(pgresult_value(result, row, column));
}

int columns_take(const struct pg_result *result, int row, struct columns *out)
{
	const char *schema = pgresult_value(result, row, 0);
	int end = row;

	while (end < pgresult_rows(result) &&
	       !strcmp(pgresult_value(result, end, 0), schema))
		end++;
	out->list = xcalloc((size_t)(end - row), sizeof(*out->list));
	for (; row < end; row++)
		out->list[out->count++] = (struct column){
			.table = copy(result, row, 1),
			.kind = copy(result, row, 2),
			.name = copy(result, row, 3),
			.type = copy(result, row, 4),
			.is_not_null = pgresult_is_true(result, row, 5),
			.has_default = pgresult_is_true(result, row, 6),
		};
	return end;
}
