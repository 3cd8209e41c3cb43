/* SPDX-License-Identifier: PostgreSQL */
/*
 * What the dump of a whole schema needs but does not contain: the extensions that its
 * objects use, and large objects.
 */
#ifndef CATALOG_EXTENSIONS_H
#define CATALOG_EXTENSIONS_H

#include "base/error.h"
#include "base/strvec.h"
#include "pg/session.h"

/* One extension, or one such column, of a schema; they are listed in the order of the
 * schemas' names. Everything is valid only during the call. */
struct catalog_extension {
	const char *schema;
	/* An extension, or TABLE.COLUMN for a column that may hold numbers of large
	 * objects. */
	const char *name;
	const char *version; /* NULL: it is a column */
	const char *place;   /* the schema of the extension; NULL for a column */
};
typedef void catalog_extension_fn(void *owner, const struct catalog_extension *extension);

/* List them, under the snapshot: `found` is called for each, then `done` once. */
void catalog_list_extensions(struct session *session, const struct strvec *names,
			     catalog_extension_fn *found,
			     void (*done)(void *owner, const struct error *err),
			     void *owner);

#endif
