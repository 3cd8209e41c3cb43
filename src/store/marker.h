/* SPDX-License-Identifier: PostgreSQL */
/*
 * The proof that a directory belongs to this program. A directory that a run creates
 * and may have to delete contains a file `.metamodel` from the first moment, which says
 * so and lists the files that the run will create there. A complete save needs none:
 * its manifest lists its files.
 */
#ifndef STORE_MARKER_H
#define STORE_MARKER_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/strvec.h"

#define MARKER_FILE ".metamodel"

/* Create and sync it in an open directory. `maker` describes the run, in one line. */
MUST_CHECK bool marker_write(int dir_fd, const char *maker, const struct strvec *files,
			     struct error *err);

/* It is not an error if there is none. */
MUST_CHECK bool marker_remove(int dir_fd, struct error *err);

/* Does the directory have a marker that a run wrote? */
bool marker_is_there(int dir_fd);

/* Add the files that it lists to *files, in no particular order. False: there is none. */
bool marker_read(int dir_fd, struct strvec *files);

/* Does manifest.json begin like one of this program, even if it is damaged later on? */
bool marker_is_manifest(int dir_fd);

#endif
