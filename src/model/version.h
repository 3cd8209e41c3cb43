/* SPDX-License-Identifier: PostgreSQL */
/*
 * Versions of a metamodel, as _general.version holds them and files of migrations are
 * named: digits with at most one point. They compare as numbers: 0.006, .006 and 0.006000
 * are the same.
 */
#ifndef MODEL_VERSION_H
#define MODEL_VERSION_H

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

/*
 * Is version `a` newer than `b`? What is no version is older than any. Either may be
 * NULL.
 */
bool version_is_newer(const char *a, const char *b);

#endif
