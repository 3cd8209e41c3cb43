/* SPDX-License-Identifier: PostgreSQL */
#include "catalog/fingerprints.h"

#include <stdlib.h>

#include "base/auto.h"
#include "base/str.h"
#include "catalog/accounts.h"
#include "catalog/sql.h"

struct reading {
	void (*found)(void *owner, const char *schema, const char *fingerprint);
	void (*done)(void *owner, const struct error *err);
	void *owner;
};

static void on_read(void *owner, const struct pg_result *result, const struct error *err)
{
	struct reading *r = owner;

	for (int i = 0; !err && i < pgresult_rows(result); i++)
		r->found(r->owner, pgresult_value(result, i, 0),
			 pgresult_value(result, i, 1));
	r->done(r->owner, err);
	free(r);
}

void catalog_read_fingerprints(struct session *session, const struct strvec *names,
			       void (*found)(void *owner, const char *schema,
					     const char *fingerprint),
			       void (*done)(void *owner, const struct error *err),
			       void *owner)
{
	AUTO_FREE char *array = catalog_format_array(names);
	struct reading *r = xcalloc(1, sizeof(*r));

	*r = (struct reading){ .found = found, .done = done, .owner = owner };
	pgconn_query(session_conn(session), sql_fingerprints,
		     (const char *const[]){ array }, 1, on_read, r);
}
