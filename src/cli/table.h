/* SPDX-License-Identifier: PostgreSQL */
/* A table for people: each column is as wide as its widest cell, in characters. */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stddef.h>

#include "base/strvec.h"

/* Initially all zero except `columns`. The cells are added row by row, the headings
 * first. */
struct table {
	size_t columns;
	struct strvec cells;
};

/* Add a cell: "-" for NULL. Control characters are made visible. */
void table_add(struct table *table, const char *cell);
void table_add_number(struct table *table, unsigned long long number);

/* Print it to standard output. */
void table_print(const struct table *table);
void table_release(struct table *table);

#endif
