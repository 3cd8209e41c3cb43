/* SPDX-License-Identifier: PostgreSQL */
/*
 * The proof that something is ours. What a run makes and may have to delete has a file
 * `.metamodel` in it from the first moment, which says so and lists the files that the
 * run will make there. A whole save needs none: its manifest lists its files.
 */
#ifndef STORE_MARKER_H
#define STORE_MARKER_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/strvec.h"

#define MARKER_FILE ".metamodel"

/* Make it in an open directory, synced. `maker` describes the run: one line. */
MUST_CHECK bool marker_write(int dir_fd, const char *maker, const struct strvec *files,
			     struct error *err);

/* Not an error if there is none. */
MUST_CHECK bool marker_remove(int dir_fd, struct error *err);

/* Is there one that a run wrote? */
bool marker_is_there(int dir_fd);

/* The files it lists are added to *files, in no order. False: there is none. */
bool marker_read(int dir_fd, struct strvec *files);

/* Does manifest.json begin as one of ours does, even if it is damaged further down? */
bool marker_is_manifest(int dir_fd);

#endif
