/* SPDX-License-Identifier: PostgreSQL */
/* The columns of the tables of one schema, and how two such lists differ. Part of
 * structure. */
#ifndef CATALOG_COLUMNS_H
#define CATALOG_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strvec.h"
#include "pg/pgconn.h"

struct column {
	char *table, *kind, *name, *type;
	bool is_not_null, has_default;
};

struct columns {
	struct column *list;
	size_t count;
};

/*
 * Take the rows of structure_columns.sql, from `row` on, that belong to one schema.
 * Returns the first row after them. Ownership: the caller releases *out.
 */
int columns_take(const struct pg_result *result, int row, struct columns *out);
void columns_release(struct columns *columns);

/* Describe how `has` differs from `should`, one difference per line. The order of columns
 * does not matter. */
void columns_compare(const struct columns *has, const struct columns *should,
		     struct strvec *out);

#endif
