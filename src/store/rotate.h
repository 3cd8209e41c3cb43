/* SPDX-License-Identifier: PostgreSQL */
/*
 * Make a save that was built aside the save, and what was there the old one. At every
 * instant, also across kill -9 and power failure, the save's name leads to one whole
 * save.
 *
 *   metamodel.new    is being built; of no worth until it is whole
 *   metamodel.swap   whole. Before the exchange the new save, after it the replaced one
 *   metamodel.drop   a directory for the saves that go, until they are deleted
 *
 *   1. metamodel.new -> metamodel.swap, once it is synced
 *   2. exchange metamodel.swap and metamodel (renameat2; one step)
 *   3. each save that goes: metamodel.old.N -> metamodel.drop/N
 *   4. make room, close gaps: metamodel.old -> metamodel.old.2 and so on
 *   5. metamodel.swap -> metamodel.old; or metamodel.drop/0, if it goes, too
 *   6. delete metamodel.drop
 *
 * Where the file system knows no exchange (NFS), 3 and 4 come first, then metamodel ->
 * metamodel.old and metamodel.swap -> metamodel. Between these two the name is missing;
 * rotate_recover() mends that.
 *
 * A run that died left one of these states, and rotate_recover() finishes what it began:
 * the plan stands in the new save's manifest, and step 3 is done for N once
 * metamodel.drop/N is there. Whether metamodel.swap was exchanged already is told by the
 * serial numbers in the manifests: the replaced save has the smaller one.
 *
 * What no run has made is never touched: see store/own.h. All of it is for who holds the
 * lock file. Errors: ERROR_SYSTEM, and ERROR_DATA for what is in the way.
 */
#ifndef STORE_ROTATE_H
#define STORE_ROTATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/strvec.h"
#include "store/layout.h"

/* What a commit does with the old saves. */
struct rotate_plan {
	unsigned window; /* gaps in the names up to here are not the end of them */
	const uint64_t *dropped; /* metamodel.old.N that go; 0 is the replaced save */
	size_t count;
};

/* Is there anything that a dead run may have left? Changes nothing, needs no lock. */
bool rotate_is_unfinished(const struct layout *layout);

/*
 * Finish what a dead run began, and delete what it left half-built. *did_finish: a swap
 * was finished; *did_clean: leftovers were deleted. *notes: what was left alone. What no
 * run left is passed over; nothing to do is no error.
 */
MUST_CHECK bool rotate_recover(const struct layout *layout, bool *did_finish,
			       bool *did_clean, struct strvec *notes, struct error *err);

/* How many names of old saves there are, with the gaps between them. */
unsigned rotate_count(const struct layout *layout, unsigned window);

/*
 * Would a commit be possible: is none of the names taken by something that is not ours?
 * Strangers inside saves are only added to *strangers.
 */
MUST_CHECK bool rotate_check(const struct layout *layout, unsigned window,
			     struct strvec *strangers, struct error *err);

/*
 * Swap the staging directory, whose files are synced, in. *notes: what was not deleted.
 * Errors: with *is_swapped set, the new save is in place, but what follows failed; the
 * next rotate_recover() finishes it.
 */
MUST_CHECK bool rotate_commit(const struct layout *layout, const struct rotate_plan *plan,
			      bool *is_swapped, struct strvec *notes, struct error *err);

/* Delete the staging directory; not an error if it is not there. */
MUST_CHECK bool rotate_discard(const struct layout *layout, struct strvec *notes,
			       struct error *err);

#endif
