/* SPDX-License-Identifier: PostgreSQL */
/*
 * Versions of a metamodel, as in _general.version and in the file names of migrations:
 * digits with at most one point. They compare as numbers: 0.006, .006 and 0.006000 are
 * equal.
 */
#ifndef PRODUCT_VERSION_H
#define PRODUCT_VERSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

/* The number of decimals that version_parse() counts. */
enum { VERSION_DECIMALS = 9 };

/* The same as a regular expression for PostgreSQL. */
#define VERSION_PATTERN "^([0-9]+[.]?[0-9]*|[.][0-9]+)$"

/*
 * Parse a version. Returns false if `text` is not a version or is NULL.
 * Units: *out is in billionths, which is enough for varchar(10); larger values become
 * UINT64_MAX.
 */
MUST_CHECK bool version_parse(const char *text, uint64_t *out);

/* A longer value in a dump is not a version. This is the most that the scanner keeps of a
 * value (DUMPROWS_VALUE_MAX); restore_end.sql has the same limit. */
#define VERSION_TEXT_MAX 256

/*
 * Is version `a` newer than `b`? What is not a version is older than any version. Either
 * may be NULL.
 */
bool version_is_newer(const char *a, const char *b);

/*
 * Take a value of a dump's version column: if it is a version and newer than *newest
 * (NULL: none), it replaces it. The blanks that pad a char(n) are ignored.
 * Ownership: the caller frees *newest.
 */
bool version_take(const char *value, char **newest);

#endif
