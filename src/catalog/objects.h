/* SPDX-License-Identifier: PostgreSQL */
/* What dumps take for granted: types, functions, extensions and so on that no dump of a
 * metamodel holds. Which of them does a database lack, or keep from the session? */
#ifndef CATALOG_OBJECTS_H
#define CATALOG_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/strvec.h"
#include "pg/session.h"

struct catalog_object {
	const char *need;   /* as it was asked for */
	bool is_closed;     /* it is there, but the session may not use it */
	const char *what;   /* for people: "type public.citext" */
	const char *remedy; /* a statement, or words for people; NULL: none is known */
};

/* `objects` is sorted by `need`, and lives as long as the call; NULL on failure. */
typedef void catalog_objects_fn(void *owner, const struct catalog_object *objects,
				size_t count, const struct error *err);

/* One query for a node. `needs`: as dumpneeds_push() writes them, each once; their names
 * are in the encoding of the database. */
void catalog_ask_objects(struct session *session, const struct strvec *needs,
			 catalog_objects_fn *done, void *owner);

const struct catalog_object *catalog_find_object(const struct catalog_object *objects,
						 size_t count, const char *need);

#endif
