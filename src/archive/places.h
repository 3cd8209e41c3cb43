/* SPDX-License-Identifier: PostgreSQL */
/*
 * Where each entry of an archive is written: in the file of a part, in a pass, or
 * nowhere; and which parts cannot be written, by what depends on what. Part of split.
 */
#ifndef ARCHIVE_PLACES_H
#define ARCHIVE_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "archive/archive.h"
#include "archive/ids.h"
#include "archive/part.h"
#include "base/compiler.h"
#include "base/error.h"

struct place_harm;

/* All zero but for the first three at first. */
struct places {
	struct split_part *parts; /* in the order of strcmp() by their schemas */
	size_t part_count;
	bool is_whole; /* each part is all of its schema, not its relations alone */

	bool has_pass[PLAIN_PASS_COUNT]; /* something is written in it */

	/* The rest is places' own. */
	struct ids entries;
	struct place_harm *harms;
	size_t harm_count;
	struct split_part *last; /* that was found */
};

/*
 * Take the next entry. It adds to the part's entries_left, or sets its outcome.
 * Errors: ERROR_DATA when its dump id was there before, and, with *is_unknown, when
 * nobody knows where it belongs.
 */
MUST_CHECK bool places_add(struct places *places, const struct archive_entry *entry,
			   bool *is_unknown, struct error *err);

/* After the last entry: set the outcome of the parts that are tied to others. */
void places_settle(struct places *places);

/* The part in whose file the entry is written in this pass; NULL: none. */
struct split_part *places_find(const struct places *places, uint32_t dump_id,
			       enum plain_pass pass);

void places_release(struct places *places);

#endif
