/* SPDX-License-Identifier: PostgreSQL */
#include "catalog/recheck.h"

#include <stdlib.h>

#include "base/auto.h"
#include "base/str.h"
#include "catalog/sql.h"

struct recheck {
	struct session *session;
	bool is_whole;
	char *changed; /* the result of recheck_then.sql */
	recheck_found_fn *found;
	void (*done)(void *owner, const struct error *err);
	void *owner;
};

static void end(struct recheck *r, const struct error *err)
{
	r->done(r->owner, err);
	free(r->changed);
	free(r);
}

static void on_compared(void *owner, const struct pg_result *result,
			const struct error *err)
{
	struct recheck *r = owner;

	for (int i = 0; !err && i < pgresult_rows(result); i++)
		r->found(r->owner, pgresult_value(result, i, 0),
			 pgresult_value(result, i, 1));
	end(r, err);
}

static void on_ended(void *owner, const struct pg_result *result, const struct error *err)
{
	struct recheck *r = owner;
	AUTO_FREE char *sql = sql_fill_ours(sql_recheck_now, r->is_whole);

	(void)result;
	if (err)
		end(r, err);
	else
		pgconn_query(session_conn(r->session), sql,
			     (const char *const[]){ r->changed }, 1, on_compared, r);
}

static void on_changed(void *owner, const struct pg_result *result,
		       const struct error *err)
{
	struct recheck *r = owner;
	const char *changed = err ? NULL : pgresult_value(result, 0, 0);

	if (!changed) {
		end(r, err);
		return;
	}
	r->changed = xstrdup(changed);
	/* the snapshot is not needed any more, and hides the present */
	pgconn_query(session_conn(r->session), "COMMIT", NULL, 0, on_ended, r);
}

void recheck_start(struct session *session, bool is_whole, recheck_found_fn *found,
		   void (*done)(void *owner, const struct error *err), void *owner)
{
	AUTO_FREE char *sql = sql_fill_ours(sql_recheck_then, is_whole);
	struct recheck *r = xcalloc(1, sizeof(*r));

	*r = (struct recheck){ .session = session,
			       .is_whole = is_whole,
			       .found = found,
			       .done = done,
			       .owner = owner };
	pgconn_query(session_conn(session), sql, NULL, 0, on_changed, r);
}
