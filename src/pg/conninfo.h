/* SPDX-License-Identifier: PostgreSQL */
/*
 * How to reach a server: an ordered list of libpq's connection keywords.
 *
 * Order of precedence: command line, then libpq's environment, then the config files.
 * libpq itself adds its environment, so a value from a config file is used only if the
 * environment has none, and not at all if a service is named, which describes the
 * server by itself.
 */
#ifndef PG_CONNINFO_H
#define PG_CONNINFO_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/strvec.h"
#include "conf/conf.h"

struct conninfo {
	struct strvec keywords;
	struct strvec values;
};

/*
 * Ownership: the caller releases *out, also after a failure.
 * Errors: ERROR_USAGE for a -d that libpq cannot parse.
 */
MUST_CHECK bool conninfo_from_conf(const struct conf *conf, struct conninfo *out,
				   struct error *err);

/* Add a keyword, or replace its value. */
void conninfo_set(struct conninfo *info, const char *keyword, const char *value);

/* Set all keywords that `from` has. */
void conninfo_copy(struct conninfo *to, const struct conninfo *from);

/* NULL if it is not set. */
const char *conninfo_get(const struct conninfo *info, const char *keyword);

/* As a connection string, including any password. Ownership: the caller frees. */
char *conninfo_format(const struct conninfo *info);

void conninfo_release(struct conninfo *info);

#endif
