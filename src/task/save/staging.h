/* SPDX-License-Identifier: PostgreSQL */
/*
 * metamodel.new, where the save is built: made when the dumping begins, and deleted at
 * the end of the run unless it has become the save.
 */
#ifndef TASK_SAVE_STAGING_H
#define TASK_SAVE_STAGING_H

#include <sys/stat.h>

#include "task/save/state.h"

/*
 * Make it, with the marker that tells a later run what this one may have written there.
 * Errors: ERROR_SYSTEM; what is there by then is deleted at the end.
 */
MUST_CHECK bool save_staging_make(struct save *save, struct error *err);

/*
 * Create the file of an account for writing; it must not be there.
 * Ownership: the caller closes *fd.
 * Errors: ERROR_SYSTEM.
 */
MUST_CHECK bool save_staging_create(const struct save_account *account, int *fd,
				    struct error *err);

/* Open it for reading; the same for the rest. May be called on a worker thread. */
MUST_CHECK bool save_staging_open(const struct save_account *account, int *fd,
				  struct error *err);

/* Replace it by a hard link to the file `from` of another save, if that still is the one
 * expected. False: it could not be, and all is as it was. */
MUST_CHECK bool save_staging_link(const struct save_account *account, int dir_fd,
				  const char *from, const struct stat *expected);

/* The file of an account is of no worth: delete it, if it is there. */
void save_staging_discard(const struct save_account *account);

/* Delete all of it, if it was made and is not the save by now. Needs the lock. */
void save_staging_clean_up(struct save *save);

void save_staging_release(struct save *save);

#endif
