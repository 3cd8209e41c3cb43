/* SPDX-License-Identifier: PostgreSQL */
/*
 * What is proven to be ours, and may be deleted. The files that a marker or a manifest
 * lists; where neither can be read, each dump of the account that its name says. All else
 * is somebody's: it is named, and stays.
 */
#ifndef STORE_OWN_H
#define STORE_OWN_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/strvec.h"
#include "store/savedir.h"

/* Divide what is in a directory; links, pipes and directories are always strangers. */
void own_divide(const struct savedir *save, struct strvec *ours,
		struct strvec *strangers);

/*
 * May the directory be renamed as a save? A save, an empty directory, or one of an old
 * script: every file in it a dump of an account. Nothing there is fine, too. Strangers in
 * a save are no reason against it, and are added to *strangers as "PATH/NAME".
 * Errors: ERROR_DATA, naming what is in the way.
 */
MUST_CHECK bool own_check_save(const char *path, struct strvec *strangers,
			       struct error *err);

/*
 * Delete what is ours of a directory that is. With strangers in it, they stay in it, and
 * it is renamed to BASE.kept.TIME, which *notes tells. Nothing there is no error.
 */
MUST_CHECK bool own_delete(const char *path, const char *base, struct strvec *notes,
			   struct error *err);

bool own_is_empty(const char *path);

#endif
