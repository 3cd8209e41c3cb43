/* SPDX-License-Identifier: PostgreSQL */
/* A text from the configuration, and where it is, so that a mistake in it can be
 * found. */
#ifndef BASE_LOCATED_H
#define BASE_LOCATED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* All zero: it was not given. */
struct located {
	char *text;
	char *path;
	int line;        /* where the text begins; a newline in it is one in the file */
	const char *key; /* a literal */
};

/* Free the text and make it all zero. */
void located_release(struct located *at);

/*
 * Put "PATH:LINE: KEY: " before the error and make it ERROR_USAGE. `position`: the
 * number, from 1, of the wrong character in the text; 0: not known. Returns false.
 */
bool located_prefix(const struct located *at, uint64_t position, struct error *err);

#endif
