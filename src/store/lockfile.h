/* SPDX-License-Identifier: PostgreSQL */
/*
 * The lock next to a save: flock() on a file that is never unlinked (unlinking would let
 * two runs hold two files of the same name). It says who holds it, or who held it last.
 */
#ifndef STORE_LOCKFILE_H
#define STORE_LOCKFILE_H

#include "base/compiler.h"
#include "base/error.h"

/*
 * Take the lock without waiting. `holder` describes this run to others, in one line.
 * Ownership: the caller closes *fd, which releases the lock; so does the end of the
 * process.
 * Errors: ERROR_BUSY, with the description of the holder, if another process has it.
 */
MUST_CHECK bool lockfile_take(const char *path, const char *holder, int *fd,
			      struct error *err);

/* Did lockfile_take() create this file? Judged by its name and text. */
bool lockfile_is_ours(int dir_fd, const char *name);

/* Does the name still belong to the locked file? Somebody may have deleted it, so that
 * another run could start. */
bool lockfile_is_held(const char *path, int fd);

#endif
