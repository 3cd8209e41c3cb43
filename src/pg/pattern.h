/* SPDX-License-Identifier: PostgreSQL */
/*
 * Patterns for pg_dump's -n and -T: regular expressions outside double quotes, literal
 * inside.
 */
#ifndef PG_PATTERN_H
#define PG_PATTERN_H

#include <stddef.h>

#include "base/str.h"

/*
 * Add one pattern for all of these names, which are unique and in the order of strcmp().
 * Common beginnings are written once, as a tree: with 5,000 names the server then needs a
 * tenth of the time.
 */
void pattern_add_names(struct strbuf *out, const char *const *names, size_t count);

/* The maximum number of bytes that a name adds to it. */
size_t pattern_bytes_max(const char *name);

#endif
