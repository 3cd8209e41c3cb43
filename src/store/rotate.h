/* SPDX-License-Identifier: PostgreSQL */
/*
 * Replace the present save with a finished one; the present save becomes the newest old
 * one. At every instant, also across kill -9 and power failure, the save's name leads
 * to a complete save.
 *
 *   metamodel        the save
 *   metamodel.old    the one before it; metamodel.old.2 and so on are older
 *   metamodel.new    a save under construction: worthless until it is complete
 *   metamodel.swap   a complete save: before step 2 the new one, then the replaced one
 *   metamodel.drop   a directory of saves to be deleted
 *
 * The steps of a commit:
 *
 *   1. metamodel.new -> metamodel.swap, once it is synced
 *   2. exchange metamodel.swap and metamodel (renameat2: one step)
 *   3. each old save to be deleted: metamodel.old.N -> metamodel.drop/N
 *   4. make room and close gaps: metamodel.old -> metamodel.old.2 and so on
 *   5. metamodel.swap -> metamodel.old; or -> metamodel.drop/0, if that is to be deleted
 *   6. delete metamodel.drop
 *
 * On a file system without exchange (NFS) steps 3 and 4 come before step 2, which is two
 * renames: metamodel -> metamodel.old (or metamodel.drop/0), metamodel.swap -> metamodel.
 * Between the two the save's name is missing.
 *
 * What a run that died leaves behind, and what rotate_recover() does about it:
 *
 *   found                              died             then
 *   ---------------------------------  ---------------  ---------------------------
 *   metamodel.new                      before step 1    delete it
 *   metamodel.swap, the newer save     before step 2    continue with step 2
 *   metamodel.swap, and no metamodel   between the two  the second rename, step 6
 *                                      renames (NFS)
 *   metamodel.swap, the replaced save  before step 5    continue with step 3
 *   metamodel.drop alone               before step 6    continue with step 6
 *
 * The serial numbers in the manifests distinguish the newer save from the replaced one.
 * The manifest of the newer one lists the saves to be deleted (its plan); for N this is
 * done once metamodel.drop/N exists.
 *
 * Nothing is touched that no run has created: see store/own.h. Only the holder of the
 * lock file may call these functions.
 *
 * Errors: ERROR_SYSTEM; ERROR_DATA if something is in the way.
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
	unsigned window; /* gaps in the names up to this number do not end the list */
	const uint64_t *dropped; /* delete metamodel.old.N; 0 is the replaced save */
	size_t count;
};

/* Could a dead run have left anything behind? Changes nothing, needs no lock. */
bool rotate_is_unfinished(const struct layout *layout);

/*
 * Complete what a dead run began, and delete what it left unfinished. It is not an
 * error if there is nothing to do. What no run has left behind is ignored.
 *
 *   *did_finish   a swap was completed
 *   *did_clean    leftovers were deleted
 *   *notes        what was left alone
 */
MUST_CHECK bool rotate_recover(const struct layout *layout, bool *did_finish,
			       bool *did_clean, struct strvec *notes, struct error *err);

/* The number of names of old saves, including gaps. */
unsigned rotate_count(const struct layout *layout, unsigned window);

/*
 * Would a commit be possible: is no name taken by something foreign? Strangers inside
 * saves are only added to *strangers.
 */
MUST_CHECK bool rotate_check(const struct layout *layout, unsigned window,
			     struct strvec *strangers, struct error *err);

/*
 * Make the staging directory, whose files are synced, the save. *notes: what was not
 * deleted.
 * Errors: if *is_swapped is set, the new save is in place, but a later step failed; the
 * next rotate_recover() completes it.
 */
MUST_CHECK bool rotate_commit(const struct layout *layout, const struct rotate_plan *plan,
			      bool *is_swapped, struct strvec *notes, struct error *err);

/* Delete the staging directory. It is not an error if there is none. */
MUST_CHECK bool rotate_discard(const struct layout *layout, struct strvec *notes,
			       struct error *err);

#endif
