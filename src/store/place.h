/* SPDX-License-Identifier: PostgreSQL */
/* Checks whether a save can be in this place, before anything is opened or created
 * there. */
#ifndef STORE_PLACE_H
#define STORE_PLACE_H

#include "base/compiler.h"
#include "base/error.h"
#include "store/layout.h"

/*
 * It must not be inside another save, where its lock file would remain. `name` is the
 * user's name for it.
 * Errors: ERROR_USAGE.
 */
MUST_CHECK bool place_check_outside(const struct layout *layout, const char *name,
				    struct error *err);

/*
 * Could a commit rename what is there? It must not be a mount point, and its parent
 * directory must be writable.
 * Errors: ERROR_SYSTEM.
 */
MUST_CHECK bool place_check_renames(const struct layout *layout, const char *name,
				    struct error *err);

#endif
