/* SPDX-License-Identifier: PostgreSQL */
/*
 * Make a save that was built aside the save, and what was there the old one. At every
 * instant, also across kill -9 and power failure, the save's name leads to one whole
 * save.
 *
 *   metamodel.new    is being built; of no worth until it is whole
 *   metamodel.swap   whole. Before the exchange it is the new save, after it the replaced
 * one metamodel.drop   the generation that has gone beyond --keep; being deleted
 *
 *   1. metamodel.new -> metamodel.swap, once it is synced
 *   2. exchange metamodel.swap and metamodel (renameat2; one step)
 *   3. make room: metamodel.old -> metamodel.old.2 and so on, the last one ->
 * metamodel.drop
 *   4. metamodel.swap -> metamodel.old
 *   5. delete metamodel.drop
 *
 * Where the file system knows no exchange (NFS), 3 comes first, then metamodel ->
 * metamodel.old and metamodel.swap -> metamodel. Between these two the name is missing;
 * rotate_recover() mends that.
 *
 * A run that died left one of these states, and rotate_recover() finishes what it began.
 * Whether metamodel.swap was exchanged already is told by the serial numbers in the
 * manifests: the replaced save has the smaller one.
 *
 * All of it is for who holds the lock file. Errors: ERROR_SYSTEM, and ERROR_DATA for a
 * directory in the way that is no save, which is never touched.
 */
#ifndef TREE_ROTATE_H
#define TREE_ROTATE_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/error.h"
#include "tree/layout.h"

/* Is there anything that a dead run left behind? Changes nothing, needs no lock. */
bool rotate_is_unfinished(const struct layout *layout);

/*
 * Finish what a dead run began, with the --keep of that run (its manifest tells), and
 * delete what it left half-built. *did_finish: a swap was finished; *did_clean: leftovers
 * were deleted. Nothing to do is no error.
 */
MUST_CHECK bool rotate_recover(const struct layout *layout, bool *did_finish,
			       bool *did_clean, struct error *err);

/* Would a commit be possible: is none of the names taken by something that is no save? */
MUST_CHECK bool rotate_check(const struct layout *layout, unsigned keep,
			     struct error *err);

/*
 * Swap the staging directory, whose files are synced, in. `keep`: how many old saves
 * stay, >= 1. Errors: with *is_swapped set, the new save is in place, but what follows
 * failed; the next rotate_recover() finishes it.
 */
MUST_CHECK bool rotate_commit(const struct layout *layout, unsigned keep,
			      bool *is_swapped, struct error *err);

/* Delete a directory with the files of a save in it; not an error if it is not there. */
MUST_CHECK bool rotate_delete(const char *path, struct error *err);

#endif
