/* SPDX-License-Identifier: PostgreSQL */
/*
 * The lock beside a save: flock() on a file that is never unlinked (unlinking would let
 * two runs hold two files of one name). It says who holds it, or who held it last.
 */
#ifndef STORE_LOCKFILE_H
#define STORE_LOCKFILE_H

#include "base/compiler.h"
#include "base/error.h"

/*
 * Take it at once or not at all. `holder` describes us for others: one line.
 * Ownership: the caller closes *fd, which ends the lock; the death of the process does,
 * too. Errors: ERROR_BUSY, with the words of the holder, when another process has it.
 */
MUST_CHECK bool lockfile_take(const char *path, const char *holder, int *fd,
			      struct error *err);

/* Is this file in an open directory one that lockfile_take() made? By its name and text.
 */
bool lockfile_is_ours(int dir_fd, const char *name);

/* Is the name still that of the file we hold? Somebody may have deleted it, and others
 * then run. */
bool lockfile_is_held(const char *path, int fd);

#endif
