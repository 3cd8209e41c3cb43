/* SPDX-License-Identifier: PostgreSQL */
/* The rows of all options and keys. Part of conf. */
#ifndef CONF_OPTIONS_H
#define CONF_OPTIONS_H

#include "conf/setting.h"
#include "conf/values.h"

/* What the rows fill; the caller of conf_load() gets only a part of it. */
struct values {
	struct conf conf; /* its `config` holds only [metamodel] until settle() */
	struct conf_connection backend;
};

/* This program's own section of the files. */
#define OPTIONS_SECTION "metamodel"

extern const struct setting option_rows[];

/* Parse an age such as "36h", or "0". On failure *seconds is untouched. */
bool options_parse_age(const char *text, uint64_t *seconds);

#endif
