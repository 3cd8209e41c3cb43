/* SPDX-License-Identifier: PostgreSQL */
#include "catalog/tenants.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "catalog/accounts.h"
#include "catalog/grants.h"
#include "catalog/sql.h"

enum { MOST_TENANTS = 100000, MOST_NAME_BYTES = 1000 };

#define CHECK "SELECT * FROM " TENANTS_QUERY_BEGIN
#define COPY "COPY " TENANTS_QUERY_BEGIN

struct listing {
	struct session *session, *reader;
	const struct product *product;
	bool is_trusted; /* otherwise no query of the operator is run */
	struct strvec rows;
	struct error bad_row;
	catalog_tenants_fn *done;
	void *owner;
};

/* ---- the end ---- */

static void end(struct listing *l, const struct error *err)
{
	session_end_reader(l->session);
	l->done(l->owner, &l->rows, err);
	strvec_release(&l->rows);
	free(l);
}

void tenants_describe_failure(const struct located *query, size_t offset,
			      const struct pg_failure *failure, struct error *err)
{
	uint64_t position = failure->position;

	if (!failure->sqlstate[0])
		return; /* the connection was lost */
	if (!strcmp(failure->sqlstate, CATALOG_FORBIDDEN) ||
	    !strcmp(failure->sqlstate, CATALOG_LOCKED)) { /* the query may be right */
		error_prefix(err, "%s:%d: %s", query->path, query->line, query->key);
		if (!strcmp(failure->sqlstate, CATALOG_FORBIDDEN))
			error_hint(err, "connect as the owner (-U), or let the role read "
					"it: GRANT USAGE ON SCHEMA ..., GRANT SELECT ON "
					"...");
		return;
	}
	located_prefix(query, position > offset ? position - offset : 0, err);
}

static void query_failed(struct listing *l, const struct located *query, size_t offset,
			 const struct error *err)
{
	struct error named = *err;

	tenants_describe_failure(query, offset, pgconn_failure(session_conn(l->reader)),
				 &named);
	end(l, &named);
}

/* ---- the rows ---- */

static bool refuse_row(struct listing *l, size_t number, const char *what)
{
	error_set(&l->bad_row, ERROR_USAGE, "row %zu %s", number, what);
	return located_prefix(l->product->tenants, 0, &l->bad_row);
}

static bool take_name(struct listing *l, const char *name)
{
	size_t number = l->rows.count + 1;
	AUTO_FREE char *what = NULL;

	if (!name)
		return refuse_row(l, number, "is NULL: each must name a schema");
	if (!*name)
		return refuse_row(l, number, "is empty: each must name a schema");
	what = str_format("is '%s', a schema of the server's own", name);
	if (str_has_prefix(name, "pg_") || !strcmp(name, "information_schema"))
		return refuse_row(l, number, what);
	strvec_push(&l->rows, name);
	return true;
}

static bool on_row(void *owner, size_t copy, const char *line, size_t length)
{
	struct listing *l = owner;
	AUTO_FREE char *name = NULL;

	(void)copy;
	if (l->rows.count == MOST_TENANTS)
		return refuse_row(l, l->rows.count + 1, "is one too many");
	if (!line || length > MOST_NAME_BYTES)
		return refuse_row(l, l->rows.count + 1, "is too long for a name");
	name = catalog_decode_copy(line, length);
	return take_name(l, name);
}

/* The first name that occurs twice; NULL if there is none. */
static const char *find_double(const struct strvec *rows)
{
	AUTO_STRVEC struct strvec sorted = { 0 };

	for (size_t i = 0; i < rows->count; i++)
		strvec_push(&sorted, rows->v[i]);
	strvec_sort(&sorted);
	for (size_t i = 1; i < sorted.count; i++)
		if (!strcmp(sorted.v[i - 1], sorted.v[i]))
			for (size_t k = 0; k < rows->count; k++)
				if (!strcmp(rows->v[k], sorted.v[i]))
					return rows->v[k];
	return NULL;
}

static bool check_rows(struct listing *l)
{
	const char *name = find_double(&l->rows);
	size_t first = 0, second;
	AUTO_FREE char *what = NULL;

	if (!name)
		return true;
	while (strcmp(l->rows.v[first], name) != 0)
		first++;
	for (second = first + 1; strcmp(l->rows.v[second], name) != 0;)
		second++;
	what = str_format("is '%s', as is row %zu", name, first + 1);
	return refuse_row(l, second + 1, what);
}

/* ---- by a query ---- */

static void take_list(struct listing *l)
{
	struct strvec rows = l->rows;

	if (!check_rows(l)) {
		end(l, &l->bad_row);
		return;
	}
	l->rows = (struct strvec){ 0 };
	for (size_t i = 0; i < rows.count; i++)
		if (strcmp(rows.v[i], l->product->global) != 0)
			strvec_push(&l->rows, rows.v[i]);
	strvec_release(&rows);
	end(l, NULL);
}

static void on_copied(void *owner, const struct pg_result *result,
		      const struct error *err)
{
	struct listing *l = owner;

	(void)result;
	if (l->bad_row.kind != ERROR_NONE)
		end(l, &l->bad_row);
	else if (err)
		query_failed(l, l->product->tenants, strlen(COPY), err);
	else
		take_list(l);
}

static void on_checked(void *owner, const struct pg_result *result,
		       const struct error *err)
{
	struct listing *l = owner;
	const struct located *query = l->product->tenants;
	AUTO_FREE char *sql = NULL;
	struct error wrong;

	if (err) {
		query_failed(l, query, strlen(CHECK), err);
		return;
	}
	if (pgresult_columns(result) != 1 || !pgresult_is_text(result, 0)) {
		error_set(&wrong, ERROR_USAGE,
			  "it must have one column, of type text, varchar or name, with "
			  "the names of schemas");
		located_prefix(query, 0, &wrong);
		end(l, &wrong);
		return;
	}
	sql = str_format(COPY "%s" TENANTS_QUERY_END " TO STDOUT", query->text);
	pgconn_copy(session_conn(l->reader), sql, on_row, on_copied, l);
}

/* Prepare the query: that allows one statement only, and does not run it. */
static void check_query(struct listing *l)
{
	AUTO_FREE char *sql = str_format(CHECK "%s" TENANTS_QUERY_END " tenants LIMIT 0",
					 l->product->tenants->text);

	pgconn_query(session_conn(l->reader), sql, NULL, 0, on_checked, l);
}

/* ---- by regular expressions ---- */

static void on_matched(void *owner, const struct pg_result *result,
		       const struct error *err)
{
	struct listing *l = owner;

	if (err) {
		query_failed(l, l->product->schemas, SIZE_MAX, err);
		return;
	}
	for (int i = 0; i < pgresult_rows(result); i++)
		strvec_push(&l->rows, pgresult_value(result, i, 0));
	end(l, NULL);
}

static void match(struct listing *l)
{
	const struct product *p = l->product;
	const char *const params[] = { p->schemas->text,
				       p->exclude ? p->exclude->text : NULL, p->global };

	pgconn_query(session_conn(l->reader), sql_tenants, params, 3, on_matched, l);
}

static void on_exclude_checked(void *owner, const struct pg_result *result,
			       const struct error *err)
{
	struct listing *l = owner;

	(void)result;
	if (err)
		query_failed(l, l->product->exclude, SIZE_MAX, err);
	else
		match(l);
}

/* Alone, so that an error is known to be its own. */
static void check_exclude(struct listing *l)
{
	const struct located *exclude = l->product->exclude;

	if (exclude)
		pgconn_query(session_conn(l->reader), "SELECT '' ~ $1::text",
			     (const char *const[]){ exclude->text }, 1,
			     on_exclude_checked, l);
	else
		match(l);
}

/* ---- the beginning ---- */

static void on_begun(void *owner, const struct pg_result *result, const struct error *err)
{
	struct listing *l = owner;

	(void)result;
	if (err)
		end(l, err);
	else if (l->product->tenants)
		check_query(l);
	else
		check_exclude(l);
}

static void refuse_superuser(struct listing *l, const struct pg_result *result)
{
	const struct product *p = l->product;
	const struct located *query = p->tenants ? p->tenants : p->applied;
	struct error err;

	error_set(&err, ERROR_DATA,
		  "%s:%d: %s: %s belongs to role %s, and this query may run what that "
		  "role defined, with the privileges of %s",
		  query->path, query->line, query->key, pgresult_value(result, 0, 1),
		  pgresult_value(result, 0, 2), pgresult_value(result, 0, 0));
	error_hint(&err, "connect as the owner (-U), or as a role that may only read; "
			 "use --as-superuser only if you trust that role");
	end(l, &err);
}

static void begin(struct listing *l)
{
	pgconn_script(session_conn(l->reader), "BEGIN READ ONLY; " TENANTS_LIMITS,
		      on_begun, l);
}

static void on_trust(void *owner, const struct pg_result *result, const struct error *err)
{
	struct listing *l = owner;

	if (err)
		end(l, err);
	else if (pgresult_rows(result))
		refuse_superuser(l, result);
	else
		begin(l);
}

static void ask_trust(struct listing *l)
{
	struct pgconn *conn = session_conn(l->reader);
	const char *user = pgconn_user(conn);
	AUTO_FREE char *sql =
		sql_fill(sql_tenants_trust,
			 (const char *const[]){ ":superuser", sql_superuser, NULL });

	pgconn_query(conn, sql, &user, 1, on_trust, l);
}

static void on_reader_ready(void *owner, const struct error *err)
{
	struct listing *l = owner;

	if (err)
		end(l, err);
	else if (l->is_trusted)
		begin(l);
	else
		ask_trust(l);
}

void catalog_list_tenants(struct session *session, const struct product *product,
			  bool runs_applied, bool as_superuser, catalog_tenants_fn *done,
			  void *owner)
{
	struct listing *l = xcalloc(1, sizeof(*l));

	*l = (struct listing){ .session = session,
			       .product = product,
			       .is_trusted = as_superuser ||
					     (!product->tenants && !runs_applied),
			       .done = done,
			       .owner = owner };
	l->reader = session_start_reader(session, on_reader_ready, l);
}
