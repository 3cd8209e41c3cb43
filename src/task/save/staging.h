/* SPDX-License-Identifier: PostgreSQL */
/*
 * metamodel.new, where the save is built. It is created before the first dump and deleted
 * at the end of the run, unless it has become the save.
 */
#ifndef TASK_SAVE_STAGING_H
#define TASK_SAVE_STAGING_H

#include <sys/stat.h>

#include "task/save/state.h"

/*
 * Create it, with the marker that tells a later run what this one may have written there.
 * Errors: ERROR_SYSTEM; what exists by then is deleted at the end.
 */
MUST_CHECK bool save_staging_make(struct save *save, struct error *err);

/*
 * Create the file of an account for writing; it must not exist.
 * Ownership: the caller closes *fd.
 * Errors: ERROR_SYSTEM.
 */
MUST_CHECK bool save_staging_create(const struct save_account *account, int *fd,
				    struct error *err);

/* Open it for reading; otherwise as save_staging_create(). May be called on a worker
 * thread. */
MUST_CHECK bool save_staging_open(const struct save_account *account, int *fd,
				  struct error *err);

/* Replace it by a hard link to the file `from` of another save, if that still is the one
 * expected. False: it could not be, and all is as it was. */
MUST_CHECK bool save_staging_link(const struct save_account *account, int dir_fd,
				  const char *from, const struct stat *expected);

/* Delete the file of an account, if it exists. */
void save_staging_discard(const struct save_account *account);

/* Delete all of it, if it was created and has not become the save. Needs the lock. */
void save_staging_clean_up(struct save *save);

void save_staging_release(struct save *save);

#endif
