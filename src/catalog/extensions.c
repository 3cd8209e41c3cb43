/* SPDX-License-Identifier: PostgreSQL */
#include "catalog/extensions.h"

#include <stdlib.h>

#include "base/auto.h"
#include "base/str.h"
#include "catalog/accounts.h"
#include "catalog/sql.h"

struct listing {
	catalog_extension_fn *found;
	void (*done)(void *owner, const struct error *err);
	void *owner;
};

static void on_listed(void *owner, const struct pg_result *result,
		      const struct error *err)
{
	struct listing *l = owner;
	struct error named;

	for (int i = 0; !err && i < pgresult_rows(result); i++)
		l->found(l->owner, &(struct catalog_extension){
					   .schema = pgresult_value(result, i, 0),
					   .name = pgresult_value(result, i, 1),
					   .version = pgresult_value(result, i, 2),
					   .place = pgresult_value(result, i, 3),
				   });
	if (err) {
		named = *err;
		error_prefix(&named, "list the extensions that are needed");
	}
	l->done(l->owner, err ? &named : NULL);
	free(l);
}

void catalog_list_extensions(struct session *session, const struct strvec *names,
			     catalog_extension_fn *found,
			     void (*done)(void *owner, const struct error *err),
			     void *owner)
{
	AUTO_FREE char *array = catalog_format_array(names);
	struct listing *l = xcalloc(1, sizeof(*l));

	*l = (struct listing){ .found = found, .done = done, .owner = owner };
	pgconn_query(session_conn(session), sql_extensions,
		     (const char *const[]){ array }, 1, on_listed, l);
}
