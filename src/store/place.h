/* SPDX-License-Identifier: PostgreSQL */
/* Is this a place where a save can be? Looked at before anything is opened or made there.
 */
#ifndef STORE_PLACE_H
#define STORE_PLACE_H

#include "base/compiler.h"
#include "base/error.h"
#include "store/layout.h"

/*
 * It must not lie inside another save: its lock file would be left there. `name`: what
 * the user calls it. Errors: ERROR_USAGE.
 */
MUST_CHECK bool place_check_outside(const struct layout *layout, const char *name,
				    struct error *err);

/*
 * Could a commit rename what is there? Not a mount point, nor anything where the names
 * cannot be changed. Errors: ERROR_SYSTEM.
 */
MUST_CHECK bool place_check_renames(const struct layout *layout, const char *name,
				    struct error *err);

#endif
