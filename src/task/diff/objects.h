/* SPDX-License-Identifier: PostgreSQL */
/*
 * What two dumps of an account define: their tables and other objects, by name. Filled
 * from both dumps, then compared.
 */
#ifndef TASK_DIFF_OBJECTS_H
#define TASK_DIFF_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strvec.h"
#include "dump/rowhash.h"

enum diff_side { DIFF_FROM, DIFF_TO, DIFF_SIDES };

/* One object, in one of the dumps. */
struct diff_part {
	bool is_table;              /* the dump creates a table of this name */
	struct strvec columns;      /* what its CREATE TABLE lists */
	struct strvec statements;   /* other statements about it */
	struct strvec copy_columns; /* in the order of its rows */
	uint64_t rows;
	struct rowhash_value sum; /* of its rows, in any order */
};

struct diff_object {
	char *name;
	struct diff_part parts[DIFF_SIDES];

	/* What only one dump has; set by objects_compare(), the rows by
	 * rows_compare(). */
	struct strvec columns[DIFF_SIDES];
	struct strvec statements[DIFF_SIDES];
	uint64_t rows[DIFF_SIDES];
	bool has_other_rows;     /* its rows have to be compared, */
	int *wanted[DIFF_SIDES]; /* by these columns; NULL: as whole rows */
};

struct diff_objects {
	struct diff_object **list; /* by name */
	size_t count;
	uint64_t size_bytes; /* approximately, of what was added */
};

/* Find an object, or add it. The pointer stays valid. */
struct diff_object *objects_find(struct diff_objects *objects, const char *name);

void objects_add_table(struct diff_objects *objects, enum diff_side side,
		       const char *name, const char *text);
void objects_add_statement(struct diff_objects *objects, enum diff_side side,
			   const char *name, const char *text);

/* "COPY ... FROM stdin;". Returns the table. */
struct diff_object *objects_add_copy(struct diff_objects *objects, enum diff_side side,
				     const char *name, const char *text);

/* Call this after both dumps were read. */
void objects_compare(struct diff_objects *objects);

/* Does anything differ? */
bool diff_object_differs(const struct diff_object *object);
void objects_release(struct diff_objects *objects);

#endif
