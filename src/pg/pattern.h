/* SPDX-License-Identifier: PostgreSQL */
/*
 * Patterns of pg_dump's -n and -T: regular expressions outside of double quotes, literal
 * within.
 */
#ifndef PG_PATTERN_H
#define PG_PATTERN_H

#include <stddef.h>

#include "base/str.h"

/*
 * Add one pattern for all of these names, which are in the order of strcmp() and all
 * different. What begins alike is written once, as a tree: with 5,000 names the server
 * then needs a tenth of the time.
 */
void pattern_add_names(struct strbuf *out, const char *const *names, size_t count);

/* At most so many bytes does a name add to it. */
size_t pattern_bytes_max(const char *name);

#endif
