/* SPDX-License-Identifier: PostgreSQL */
/*
 * What the dump of a whole schema takes for granted or leaves out: the extensions that
 * its objects need, and large objects.
 */
#ifndef CATALOG_EXTENSIONS_H
#define CATALOG_EXTENSIONS_H

#include "base/error.h"
#include "base/strvec.h"
#include "pg/session.h"

/* One of a schema; they come in the order of the schemas' names. All lives as long as the
 * call. */
struct catalog_extension {
	const char *schema;
	/* An extension, or TABLE.COLUMN that may hold numbers of large objects. */
	const char *name;
	const char *version; /* NULL: it is such a column */
	const char *place;   /* the schema that the extension is in; NULL likewise */
};
typedef void catalog_extension_fn(void *owner, const struct catalog_extension *extension);

/* Under the snapshot. `found` for each, then `done` once. */
void catalog_list_extensions(struct session *session, const struct strvec *names,
			     catalog_extension_fn *found,
			     void (*done)(void *owner, const struct error *err),
			     void *owner);

#endif
