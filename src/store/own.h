/* SPDX-License-Identifier: PostgreSQL */
/*
 * Which files provably belong to this program and may be deleted: those that a marker
 * or a manifest lists; if neither can be read, each file that is a dump of the account
 * that it is named after. Everything else is foreign: it is reported and kept.
 */
#ifndef STORE_OWN_H
#define STORE_OWN_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/strvec.h"
#include "store/savedir.h"

/* Divide the contents of a directory; links, pipes and directories are always
 * strangers. */
void own_divide(const struct savedir *save, struct strvec *ours,
		struct strvec *strangers);

/*
 * May the directory be renamed as a save? It must be a save, be empty, or be made by an
 * old script: every file in it is a dump of an account. It need not exist. Strangers in
 * a save are permitted, and are added to *strangers as "PATH/NAME".
 * Errors: ERROR_DATA, naming what is in the way.
 */
MUST_CHECK bool own_check_save(const char *path, struct strvec *strangers,
			       struct error *err);

/*
 * Delete this program's files in a directory, and the directory. If there are strangers,
 * they are kept, and the directory is renamed to BASE.kept.TIME, which *notes says. It is
 * not an error if the directory does not exist.
 */
MUST_CHECK bool own_delete(const char *path, const char *base, struct strvec *notes,
			   struct error *err);

bool own_is_empty(const char *path);

#endif
