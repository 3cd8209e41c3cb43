/* SPDX-License-Identifier: PostgreSQL */
/*
 * Put a finished save in the place of the present one, which becomes the newest old
 * one. At every instant, also across kill -9 and power failure, the save's name leads to
 * one whole save.
 *
 *   metamodel        the save
 *   metamodel.old    the one before it; metamodel.old.2 and so on are older
 *   metamodel.new    a save that is being built: worth nothing until it is whole
 *   metamodel.swap   a whole save: the new one before step 2, the replaced one after it
 *   metamodel.drop   a directory of saves that are going to be deleted
 *
 * The steps of a commit:
 *
 *   1. metamodel.new -> metamodel.swap, once it is synced
 *   2. exchange metamodel.swap and metamodel (renameat2: one step)
 *   3. each old save that goes: metamodel.old.N -> metamodel.drop/N
 *   4. make room and close gaps: metamodel.old -> metamodel.old.2 and so on
 *   5. metamodel.swap -> metamodel.old; or -> metamodel.drop/0, if it goes as well
 *   6. delete metamodel.drop
 *
 * On a file system without exchange (NFS) steps 3 and 4 come before step 2, which is two
 * renames: metamodel -> metamodel.old (or metamodel.drop/0), metamodel.swap -> metamodel.
 * Between the two the save's name is missing.
 *
 * What a run that died leaves, and what rotate_recover() does about it:
 *
 *   found                              died             then
 *   ---------------------------------  ---------------  ---------------------------
 *   metamodel.new                      before step 1    delete it
 *   metamodel.swap, the newer save     before step 2    go on with step 2
 *   metamodel.swap, and no metamodel   between the two  the second rename, step 6
 *                                      renames (NFS)
 *   metamodel.swap, the replaced save  before step 5    go on with step 3
 *   metamodel.drop alone               before step 6    go on with step 6
 *
 * The serial numbers in the manifests tell the newer save from the replaced one. Which
 * saves go is in the manifest of the newer one (its plan); for N that is done once
 * metamodel.drop/N is there.
 *
 * What no run has made is never touched: see store/own.h. Only the holder of the lock file
 * may call any of this.
 *
 * Errors: ERROR_SYSTEM, and ERROR_DATA for what is in the way.
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
 * Finish what a dead run began, and delete what it left half-built. Nothing to do is no
 * error, and what no run has left is passed over.
 *
 *   *did_finish   a swap was finished
 *   *did_clean    leftovers were deleted
 *   *notes        what was left alone
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
 * Make the staging directory, whose files are synced, the save. *notes: what was not
 * deleted.
 * Errors: with *is_swapped set the new save is in place, but a later step failed; the
 * next rotate_recover() finishes it.
 */
MUST_CHECK bool rotate_commit(const struct layout *layout, const struct rotate_plan *plan,
			      bool *is_swapped, struct strvec *notes, struct error *err);

/* Delete the staging directory; not an error if it is not there. */
MUST_CHECK bool rotate_discard(const struct layout *layout, struct strvec *notes,
			       struct error *err);

#endif
