/* SPDX-License-Identifier: PostgreSQL */
/*
 * Versions of a metamodel, as _general.version holds them and files of migrations are
 * named: digits with at most one point. They compare as numbers: 0.006, .006 and 0.006000
 * are the same.
 */
#ifndef PRODUCT_VERSION_H
#define PRODUCT_VERSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

/* What stands behind the point, counted in the last place of version_parse(). */
enum { VERSION_DECIMALS = 9 };

/* What a regular expression of PostgreSQL has to say to the same end. */
#define VERSION_PATTERN "^([0-9]+[.]?[0-9]*|[.][0-9]+)$"

/*
 * Units: *out is in billionths, which holds whatever varchar(10) can; what is greater is
 * UINT64_MAX. False for what is no version, NULL among it.
 */
MUST_CHECK bool version_parse(const char *text, uint64_t *out);

/* A longer value of a dump is no version. It is as much as the scanner gives of a value
 * (DUMPROWS_VALUE_MAX), and restore_end.sql says the same. */
#define VERSION_TEXT_MAX 256

/*
 * Is version `a` newer than `b`? What is no version is older than any. Either may be
 * NULL.
 */
bool version_is_newer(const char *a, const char *b);

/*
 * Take a value of a dump's version column: if it is a version and newer than *newest
 * (NULL: none), it takes its place. The blanks that fill up a char(n) do not count.
 * Ownership: the caller frees *newest.
 */
bool version_take(const char *value, char **newest);

#endif
