/* SPDX-License-Identifier: PostgreSQL */
#include "catalog/needs.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "catalog/accounts.h"
#include "catalog/sql.h"

enum { SET_OPTION_MAJOR = 16 }; /* the first in which a member may be denied SET ROLE */

struct question {
	catalog_needs_fn *done;
	void *owner;
};

static int compare_locks(const void *a, const void *b)
{
	const struct catalog_locks *left = a, *right = b;

	return strcmp(left->account, right->account);
}

static void take_locks(struct catalog_needs *n, const char *account, const char *text)
{
	struct catalog_locks *l;
	char *end;

	n->locks = xgrow(n->locks, n->lock_count, sizeof(*n->locks));
	l = &n->locks[n->lock_count++];
	l->account = xstrdup(account);
	l->dropped = strtoull(text, &end, 10);
	l->relations = strtoull(end, &end, 10);
	l->tables = strtoull(end, &end, 10);
}

uint64_t catalog_count_locks(const struct catalog_needs *n, const char *account,
			     uint64_t tables)
{
	const struct catalog_locks key = { .account = (char *)account };
	const struct catalog_locks *l = n->lock_count
						? bsearch(&key, n->locks, n->lock_count,
							  sizeof(key), compare_locks)
						: NULL;

	if (!l)
		return tables;
	return l->dropped + (l->tables ? l->relations * tables / l->tables : tables);
}

static void take_row(struct catalog_needs *n, const char *kind, const char *name,
		     const char *text)
{
	if (!strcmp(kind, "me"))
		n->me = xstrdup(name);
	else if (!strcmp(kind, "role"))
		strvec_push(&n->missing_roles, name);
	else if (!strcmp(kind, "owner"))
		strvec_push(&n->closed_roles, name);
	else if (!strcmp(kind, "schema"))
		strvec_push(&n->closed_schemas, name);
	else if (!strcmp(kind, "database")) {
		strvec_push(&n->absent_schemas, name);
		free(n->dbname);
		n->dbname = xstrdup(text);
	} else if (!strcmp(kind, "relation")) {
		strvec_push(&n->strangers, name);
		strvec_push(&n->stranger_texts, text);
	} else if (!strcmp(kind, "superuser")) {
		n->is_superuser = true;
	} else if (!strcmp(kind, "locks")) {
		take_locks(n, name, text);
	} else if (!strcmp(kind, "held")) {
		n->foreign_locks = strtoull(text, NULL, 10);
	} else {
		n->lock_slots = strtoull(text, NULL, 10);
	}
}

static void release(struct catalog_needs *n)
{
	free(n->me);
	free(n->dbname);
	strvec_release(&n->missing_roles);
	strvec_release(&n->closed_roles);
	strvec_release(&n->closed_schemas);
	strvec_release(&n->absent_schemas);
	strvec_release(&n->strangers);
	strvec_release(&n->stranger_texts);
	for (size_t i = 0; i < n->lock_count; i++)
		free(n->locks[i].account);
	free(n->locks);
}

static void on_answer(void *owner, const struct pg_result *result,
		      const struct error *err)
{
	struct question *q = owner;
	struct catalog_needs needs = { 0 };

	for (int i = 0; !err && i < pgresult_rows(result); i++)
		take_row(&needs, pgresult_value(result, i, 0),
			 pgresult_value(result, i, 1), pgresult_value(result, i, 2));
	if (needs.lock_count)
		qsort(needs.locks, needs.lock_count, sizeof(*needs.locks), compare_locks);
	strvec_sort(&needs.missing_roles);
	strvec_sort(&needs.closed_roles);
	strvec_sort(&needs.closed_schemas);
	strvec_sort(&needs.absent_schemas);
	q->done(q->owner, err ? NULL : &needs, err);
	release(&needs);
	free(q);
}

void catalog_ask_needs(struct session *session, const struct strvec *accounts,
		       const struct strvec *roles, const struct strvec *owners,
		       catalog_needs_fn *done, void *owner)
{
	struct question *q = xcalloc(1, sizeof(*q));
	AUTO_FREE char *names = catalog_format_array(accounts);
	AUTO_FREE char *role_array = catalog_format_array(roles);
	AUTO_FREE char *owner_array = catalog_format_array(owners);
	bool has_set = session_server_major(session) >= SET_OPTION_MAJOR;
	const char *const params[] = { names, role_array, owner_array,
				       has_set ? "SET" : "MEMBER" };

	*q = (struct question){ .done = done, .owner = owner };
	pgconn_query(session_conn(session), sql_restore_needs, params, 4, on_answer, q);
}
