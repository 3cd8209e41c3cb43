/* SPDX-License-Identifier: PostgreSQL */
#include "catalog/objects.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "catalog/accounts.h"
#include "catalog/sql.h"

struct question {
	catalog_objects_fn *done;
	void *owner;
};

static int compare(const void *a, const void *b)
{
	const struct catalog_object *left = a, *right = b;

	return strcmp(left->need, right->need);
}

const struct catalog_object *catalog_find_object(const struct catalog_object *objects,
						 size_t count, const char *need)
{
	const struct catalog_object key = { .need = need };

	return count ? bsearch(&key, objects, count, sizeof(*objects), compare) : NULL;
}

static void on_answer(void *owner, const struct pg_result *result,
		      const struct error *err)
{
	struct question *q = owner;
	size_t count = err ? 0 : (size_t)pgresult_rows(result);
	AUTO_FREE struct catalog_object *objects = xcalloc(count + 1, sizeof(*objects));

	for (size_t i = 0; i < count; i++)
		objects[i] = (struct catalog_object){
			.need = pgresult_value(result, (int)i, 0),
			.is_closed = pgresult_is_true(result, (int)i, 1),
			.what = pgresult_value(result, (int)i, 2),
			.remedy = pgresult_value(result, (int)i, 3),
		};
	if (count)
		qsort(objects, count, sizeof(*objects), compare);
	q->done(q->owner, err ? NULL : objects, count, err);
	free(q);
}

void catalog_ask_objects(struct session *session, const struct strvec *needs,
			 catalog_objects_fn *done, void *owner)
{
	struct question *q = xcalloc(1, sizeof(*q));
	AUTO_FREE char *array = catalog_format_array(needs);
	const char *const params[] = { array };

	*q = (struct question){ .done = done, .owner = owner };
	pgconn_query(session_conn(session), sql_restore_objects, params, 1, on_answer, q);
}
