/* SPDX-License-Identifier: PostgreSQL */
/* The rows of all options and keys. Part of conf. */
#ifndef CONF_OPTIONS_H
#define CONF_OPTIONS_H

#include "conf/setting.h"
#include "conf/values.h"

/* What the rows fill: more than the caller gets to see. */
struct values {
	struct conf conf; /* its `config` holds only [metamodel] until settle() */
	struct conf_connection backend;
};

/* The section of the files that is ours. */
#define OPTIONS_SECTION "metamodel"

extern const struct setting option_rows[];

/* "36h" and the like, and "0". On failure *seconds is untouched. */
bool options_parse_age(const char *text, uint64_t *seconds);

#endif
