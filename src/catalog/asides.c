/* SPDX-License-Identifier: PostgreSQL */
#include "catalog/asides.h"

#include <stdlib.h>

#include "base/auto.h"
#include "base/str.h"
#include "catalog/sql.h"

struct listing {
	catalog_aside_fn *found;
	catalog_aside_done_fn *done;
	void *owner;
};

struct dropping {
	catalog_aside_done_fn *done;
	void *owner;
};

static void on_asides(void *owner, const struct pg_result *result,
		      const struct error *err)
{
	struct listing *l = owner;

	for (int i = 0; !err && i < pgresult_rows(result); i++) {
		struct catalog_aside aside = { .tenant = pgresult_value(result, i, 1),
					       .former = pgresult_value(result, i, 2) };

		if (str_parse_uint(pgresult_value(result, i, 0), 0, UINT64_MAX,
				   &aside.oid))
			l->found(l->owner, &aside);
	}
	l->done(l->owner, err);
	free(l);
}

void catalog_list_asides(struct session *session, catalog_aside_fn *found,
			 catalog_aside_done_fn *done, void *owner)
{
	struct listing *l = xcalloc(1, sizeof(*l));
	AUTO_FREE char *sql =
		sql_fill(sql_asides, (const char *const[]){ CATALOG_ASIDE_WORDS, NULL });

	*l = (struct listing){ .found = found, .done = done, .owner = owner };
	pgconn_query(session_conn(session), sql, NULL, 0, on_asides, l);
}

static void on_dropped(void *owner, const struct pg_result *result,
		       const struct error *err)
{
	struct dropping *d = owner;

	(void)result;
	d->done(d->owner, err);
	free(d);
}

void catalog_drop_aside(struct session *session, uint64_t oid, const char *outsiders,
			uint64_t lock_wait_ms, catalog_aside_done_fn *done, void *owner)
{
	struct dropping *d = xcalloc(1, sizeof(*d));
	AUTO_FREE char *number = str_format("%llu", (unsigned long long)oid);
	AUTO_FREE char *wait = str_format("%llu", (unsigned long long)lock_wait_ms);
	AUTO_FREE char *accounts = str_format("SELECT '" CATALOG_ASIDE "%s'", number);
	AUTO_FREE char *closure = sql_fill(
		sql_schema_closure, (const char *const[]){ ":accounts", accounts, NULL });
	const char *const words[] = { ":oid",     number,          ":outsiders",
				      outsiders,  ":lock_wait_ms", wait,
				      ":closure", closure,         CATALOG_ASIDE_WORDS,
				      NULL };
	AUTO_FREE char *sql = sql_fill(sql_aside_drop, words);

	*d = (struct dropping){ .done = done, .owner = owner };
	pgconn_query(session_conn(session), sql, NULL, 0, on_dropped, d);
}
