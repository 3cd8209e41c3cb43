/* SPDX-License-Identifier: PostgreSQL */
#include "cli/table.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/str.h"

void table_add(struct table *table, const char *cell)
{
	AUTO_STRBUF struct strbuf printable = { 0 };

	strbuf_add(&printable, "", 0);
	strbuf_add_printable(&printable, cell ? cell : "-");
	strvec_push(&table->cells, printable.buf);
}

void table_add_number(struct table *table, unsigned long long number)
{
	strvec_push_format(&table->cells, "%llu", number);
}

/* The width in characters, not bytes. */
static int width_of(const char *text)
{
	int width = 0;

	for (; *text; text++)
		width += (*text & 0xC0) != 0x80;
	return width;
}

void table_print(const struct table *table)
{
	AUTO_FREE int *widths = xcalloc(table->columns, sizeof(int));

	for (size_t i = 0; i < table->cells.count; i++)
		if (width_of(table->cells.v[i]) > widths[i % table->columns])
			widths[i % table->columns] = width_of(table->cells.v[i]);
	for (size_t i = 0; i < table->cells.count; i++) {
		const char *cell = table->cells.v[i];
		size_t column = i % table->columns;

		if (column + 1 < table->columns)
			printf("%s%*s", cell, widths[column] - width_of(cell) + 2, "");
		else
			puts(cell);
	}
}

void table_release(struct table *table)
{
	strvec_release(&table->cells);
}
