/* SPDX-License-Identifier: PostgreSQL */
/* A text of the configuration, and where it stands: so that what is wrong with it is
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
	int line; /* where the text begins; each newline in it is one in the file */
	const char *key; /* a literal */
};

/* It is all zero then. */
void located_release(struct located *at);

/*
 * Put "PATH:LINE: KEY: " before the error, which becomes one of usage. `position`: of the
 * letter in the text that is wrong, from 1; 0: not known. Returns false.
 */
bool located_prefix(const struct located *at, uint64_t position, struct error *err);

#endif
