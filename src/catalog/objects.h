/* SPDX-License-Identifier: PostgreSQL */
/* What dumps of a metamodel use but do not contain: types, functions, extensions and so
 * on. Which of them does a database lack, or not let the session use? */
#ifndef CATALOG_OBJECTS_H
#define CATALOG_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/strvec.h"
#include "pg/session.h"

struct catalog_object {
	const char *need;   /* as it was asked for */
	bool is_closed;     /* it exists, but the session may not use it */
	const char *what;   /* for messages: "type public.citext" */
	const char *remedy; /* a statement, or advice in words; NULL: none is known */
};

/* `objects` is sorted by `need` and valid only during the call; NULL on failure. */
typedef void catalog_objects_fn(void *owner, const struct catalog_object *objects,
				size_t count, const struct error *err);

/* Ask a node, in one query. `needs`: as dumpneeds_push() writes them, without duplicates,
 * with names in the encoding of the database. */
void catalog_ask_objects(struct session *session, const struct strvec *needs,
			 catalog_objects_fn *done, void *owner);

const struct catalog_object *catalog_find_object(const struct catalog_object *objects,
						 size_t count, const char *need);

#endif
