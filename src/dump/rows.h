/* SPDX-License-Identifier: PostgreSQL */
/*
 * The data lines of one COPY in a plain dump: counts them, finds their end as psql does,
 * and extracts one watched column. Part of dumpscan.
 */
#ifndef DUMP_ROWS_H
#define DUMP_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DUMPROWS_VALUE_MAX = 256 };

typedef void (*dumprows_value_fn)(void *owner, const char *value);

struct dumprows {
	dumprows_value_fn on_value; /* unset: no column is watched */
	void *owner;
	uint32_t wanted; /* the watched column, counted from 0 */
	uint64_t rows;
	uint64_t lines; /* the rows, and the line that ends them */
	bool is_done;   /* the "\." was read */
	bool has_cr;    /* a line ends in \r\n, which pg_dump never writes */

	/* The current line. */
	char head[4];
	uint32_t head_length; /* 4 stands for "long enough not to be the last" */
	char last;
	uint32_t column;
	bool is_escaped; /* the byte before was a backslash that escapes the next one */
	uint32_t value_length;
	char value[DUMPROWS_VALUE_MAX + 1]; /* as in the file */
};

/*
 * Begin with the line after "FROM stdin;". `on_value` gets the decoded value of column
 * `wanted` of each row, NULL for \N; it may be NULL. A longer value is cut at
 * DUMPROWS_VALUE_MAX bytes.
 */
void dumprows_start(struct dumprows *rows, uint32_t wanted, dumprows_value_fn on_value,
		    void *owner);

/* Process bytes, up to the end of the data or of a line that ends in \r\n. Returns their
 * number. */
size_t dumprows_feed(struct dumprows *rows, const char *data, size_t length);

#endif
