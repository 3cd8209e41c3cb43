/* SPDX-License-Identifier: PostgreSQL */
/*
 * Which rows only one of two dumps has. The rows of a table have no order, so they are
 * compared as sets, by numbers that represent them (dump/rowhash.h). If there are too
 * many for the memory, the dumps are read several times, each time for some of the
 * numbers.
 */
#ifndef TASK_DIFF_ROWS_H
#define TASK_DIFF_ROWS_H

#include "base/compiler.h"
#include "base/error.h"
#include "task/diff/objects.h"
#include "task/stored.h"

/* A row that only one dump has, as in the file; cut if it is very long. */
typedef void diff_row_fn(void *owner, enum diff_side side,
			 const struct diff_object *table, const char *data, size_t length,
			 bool is_cut);

/* What reading needs. */
struct diff_dumps {
	const struct stored_dump *dumps[DIFF_SIDES];
	bool is_whole[DIFF_SIDES]; /* dumps of whole schemas */
	struct diff_objects *objects;
	uint64_t most_rows; /* in memory at once; 0: a reasonable number */
};

/*
 * Fill the objects from both dumps, and compare everything except rows.
 * Errors: ERROR_SYSTEM; ERROR_DATA if there are too many definitions.
 */
MUST_CHECK bool rows_read(const struct diff_dumps *dumps, struct error *err);

/* Set `rows` of the objects whose rows differ. */
MUST_CHECK bool rows_compare(const struct diff_dumps *dumps, struct error *err);

/* After that: hand out these rows, first those of one dump, then those of the other,
 * perhaps in several rounds. */
MUST_CHECK bool rows_hand_out(const struct diff_dumps *dumps, diff_row_fn *on_row,
			      void *owner, struct error *err);

#endif
