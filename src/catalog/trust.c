/* SPDX-License-Identifier: PostgreSQL */
#include "catalog/trust.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "catalog/accounts.h"
#include "catalog/sql.h"

struct question {
	catalog_trust_fn *done;
	void *owner;
};

static void take_row(struct catalog_trust *t, const struct pg_result *result, int row)
{
	const char *kind = pgresult_value(result, row, 0);
	const char *name = pgresult_value(result, row, 1);

	if (!strcmp(kind, "me")) {
		t->me = xstrdup(name);
	} else if (!strcmp(kind, "owner")) {
		strvec_push(&t->owners, name);
	} else {
		const char *object = pgresult_value(result, row, 2);

		strvec_push(&t->accounts, name);
		strvec_push(&t->objects, object ? object : "something in its schema");
		strvec_push(&t->roles, pgresult_value(result, row, 3));
	}
}

static void on_answer(void *owner, const struct pg_result *result,
		      const struct error *err)
{
	struct question *q = owner;
	struct catalog_trust trust = { 0 };
	struct error named;

	for (int i = 0; !err && i < pgresult_rows(result); i++)
		take_row(&trust, result, i);
	strvec_sort(&trust.owners);
	if (err) {
		named = *err;
		error_prefix(&named, "find the owners of the accounts");
	}
	q->done(q->owner, &trust, err ? &named : NULL);
	free(q);
}

void catalog_ask_trust(struct session *session, const struct strvec *accounts,
		       const struct strvec *owners, catalog_trust_fn *done, void *owner)
{
	struct question *q = xcalloc(1, sizeof(*q));
	AUTO_FREE char *names = catalog_format_array(accounts);
	AUTO_FREE char *owner_array = catalog_format_array(owners);
	AUTO_FREE char *sql = sql_fill(
		sql_trust, (const char *const[]){ ":superuser", sql_superuser, NULL });
	const char *const params[] = { pgconn_user(session_conn(session)), names,
				       owner_array };

	*q = (struct question){ .done = done, .owner = owner };
	pgconn_query(session_conn(session), sql, params, 3, on_answer, q);
}

void catalog_trust_release(struct catalog_trust *t)
{
	free(t->me);
	strvec_release(&t->accounts);
	strvec_release(&t->objects);
	strvec_release(&t->roles);
	strvec_release(&t->owners);
	*t = (struct catalog_trust){ 0 };
}
