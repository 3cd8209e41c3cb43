/* SPDX-License-Identifier: PostgreSQL */
#include "pg/capacity.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"

static const char capacity_sql[] =
	"SELECT greatest(0, current_setting('max_locks_per_transaction')::bigint"
	"  * (current_setting('max_connections')::bigint"
	"   + current_setting('max_prepared_transactions')::bigint)"
	"  - (SELECT count(*) FROM pg_catalog.pg_locks WHERE NOT fastpath)),"
	" (SELECT count(*) FROM pg_catalog.pg_class),"
	" (SELECT string_agg(word, ' ') FROM pg_catalog.pg_get_keywords()"
	"  WHERE catcode <> 'U')";

struct question {
	capacity_fn *done;
	void *owner;
};

static void on_answer(void *owner, const struct pg_result *result,
		      const struct error *err)
{
	struct question *q = owner;

	if (err) {
		struct error named = *err;

		error_prefix(&named, "query the free lock slots");
		q->done(q->owner, NULL, &named);
	} else {
		AUTO_FREE char *words = xstrdup(pgresult_value(result, 0, 2));
		struct capacity c = { .free_locks = pgresult_uint(result, 0, 0),
				      .relations = pgresult_uint(result, 0, 1) };
		char *rest = words, *word;

		while ((word = strsep(&rest, " ")))
			strvec_push(&c.keywords, word);
		strvec_sort(&c.keywords);
		q->done(q->owner, &c, NULL);
	}
	free(q);
}

void capacity_ask(struct pgconn *conn, capacity_fn *done, void *owner)
{
	struct question *q = xcalloc(1, sizeof(*q));

	*q = (struct question){ .done = done, .owner = owner };
	pgconn_query(conn, capacity_sql, NULL, 0, on_answer, q);
}

void capacity_release(struct capacity *c)
{
	strvec_release(&c->keywords);
}
