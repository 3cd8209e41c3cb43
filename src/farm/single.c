/* SPDX-License-Identifier: PostgreSQL */
/* Backend Pg: the farm of one node. */
#include "farm/internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "catalog/grants.h"
#include "catalog/accounts.h"
#include "catalog/tenants.h"
#include "product/product.h"

/*
 * Is there a table of accounts; is it an ordinary one, of which COPY runs nothing of its
 * owner's; and if not, who is that, if he is no superuser and we are one?
 */
static const char table_sql[] =
	"SELECT c.oid IS NOT NULL, c.relkind = 'r' AND NOT c.relrowsecurity,"
	" CASE WHEN c.oid IS NOT NULL AND NOT o.rolsuper AND EXISTS"
	"  (SELECT FROM pg_roles s, pg_roles m WHERE s.rolsuper"
	"   AND m.rolname IN (current_user, session_user)"
	"   AND pg_has_role(m.oid, s.oid, 'MEMBER')"
	"   AND NOT pg_has_role(o.oid, s.oid, 'MEMBER')) THEN o.rolname END"
	" FROM (SELECT to_regclass('" PRODUCT_ACCOUNTS "') AS oid) t"
	" LEFT JOIN pg_class c ON c.oid = t.oid LEFT JOIN pg_roles o ON o.oid = "
	"c.relowner";

static const char copy_sql[] =
	"SET TRANSACTION READ ONLY; SET LOCAL row_security = off;"
	" COPY " PRODUCT_ACCOUNTS " (" PRODUCT_ACCOUNTS_COLUMN ") TO STDOUT";
static const char select_sql[] =
	"SELECT " PRODUCT_ACCOUNTS_COLUMN " FROM " PRODUCT_ACCOUNTS;

static void list_failed(struct farm *f, const struct error *err)
{
	const struct session *session = f->nodes[0]->session;
	struct error hinted = *err;
	const char *sqlstate;

	if (f->private->is_closing) /* without its nodes */
		return;
	sqlstate = pgconn_failure(session_conn(session))->sqlstate;
	if (!strcmp(sqlstate, CATALOG_FORBIDDEN))
		grants_hint_accounts(session, &hinted);
	farm_list_failed(f, sqlstate, &hinted);
}

static void add_former(struct farm *f, const struct pg_result *result)
{
	for (int i = 0; i < pgresult_rows(result); i++)
		farm_add_account(f, pgresult_value(result, i, 0))->node = f->nodes[0];
	farm_sort_accounts(f);
	farm_ready(f, NULL);
}

static void on_former(void *owner, const struct pg_result *result,
		      const struct error *err)
{
	if (err)
		list_failed(owner, err);
	else
		add_former(owner, result);
}

/* Those that are no longer registered, but have a schema. */
static void find_former(struct farm *f)
{
	struct farm_private *p = f->private;
	AUTO_FREE char *array = NULL;

	for (size_t i = 0; p->opts.former && i < p->opts.former->count; i++)
		if (!farm_is_registered(f, p->opts.former->v[i]) &&
		    strcmp(p->opts.former->v[i], p->opts.conf->product.global) != 0)
			strvec_push(&p->former, p->opts.former->v[i]);
	if (!p->former.count) {
		farm_sort_accounts(f);
		farm_ready(f, NULL);
		return;
	}
	array = catalog_format_array(&p->former);
	pgconn_query(session_conn(f->nodes[0]->session), farm_schemas_sql,
		     (const char *const[]){ array }, 1, on_former, f);
}

/* The farm knows who is registered: these are its accounts, or those that are named. */
static void take_registered(struct farm *f)
{
	const struct strvec *names = f->private->opts.names;
	const char *global = f->private->opts.conf->product.global;
	bool has_names = names->count;

	strvec_sort(&f->registered);
	if (!has_names) {
		if (*global)
			farm_add_account(f, global);
		names = &f->registered;
	}
	for (size_t i = 0; i < names->count; i++)
		farm_add_account(f, names->v[i]);
	for (size_t i = 0; i < f->account_count; i++) {
		struct farm_account *a = &f->accounts[i];

		a->node = f->nodes[0];
		a->is_registered = a->is_global || farm_is_registered(f, a->name);
	}
	if (has_names) {
		farm_sort_accounts(f);
		farm_ready(f, NULL);
	} else {
		find_former(f);
	}
}

static void on_listed(void *owner, const struct pg_result *result,
		      const struct error *err)
{
	struct farm *f = owner;

	if (err) {
		list_failed(f, err);
		return;
	}
	for (int i = 0; result && i < pgresult_rows(result); i++)
		strvec_push(&f->registered, pgresult_value(result, i, 0));
	take_registered(f);
}

static void on_tenants(void *owner, const struct strvec *names, const struct error *err)
{
	struct farm *f = owner;

	if (err && f->private->is_closing) /* without its nodes */
		return;
	if (err) {
		farm_ready(f, err);
		return;
	}
	for (size_t i = 0; i < names->count; i++)
		strvec_push(&f->registered, names->v[i]);
	f->has_accounts_table = true;
	take_registered(f);
}

static bool on_name(void *owner, size_t copy, const char *line, size_t length)
{
	struct farm *f = owner;
	AUTO_FREE char *name = line ? catalog_decode_copy(line, length) : NULL;

	(void)copy;
	if (name)
		strvec_push(&f->registered, name);
	return line;
}

static void refuse(struct farm *f, const char *role)
{
	AUTO_STRBUF struct strbuf quoted = { 0 };
	struct error err;

	strbuf_add_identifier(&quoted, role, strlen(role));
	error_set(&err, ERROR_DATA,
		  PRODUCT_ACCOUNTS " is not an ordinary table, or has row-level "
				   "security: what "
				   "its owner %s defined would run as a superuser",
		  quoted.buf);
	error_hint(&err, "run as the owner (-U), or as a role that is not a superuser");
	farm_list_failed(f, "", &err);
}

static void on_table_known(void *owner, const struct pg_result *result,
			   const struct error *err)
{
	struct farm *f = owner;
	struct pgconn *conn;

	if (err) {
		list_failed(f, err);
		return;
	}
	conn = session_conn(f->nodes[0]->session);
	f->has_accounts_table = pgresult_is_true(result, 0, 0);
	if (pgresult_is_true(result, 0, 1))
		pgconn_copy(conn, copy_sql, on_name, on_listed, f);
	else if (pgresult_value(result, 0, 2))
		refuse(f, pgresult_value(result, 0, 2));
	else
		pgconn_query(conn,
			     f->has_accounts_table ? select_sql : "SELECT 1 WHERE false",
			     NULL, 0, on_listed, f);
}

static void on_single_ready(void *owner, const struct error *err)
{
	struct farm_node *n = owner;
	const struct conf *conf = n->farm->private->opts.conf;

	if (err) {
		n->error = *err;
		farm_hint_place(n->farm, &n->error);
		farm_ready(n->farm, &n->error);
		return;
	}
	free(n->name);
	n->name = xstrdup(session_facts(n->session)->dbname);
	if (conf->product.is_model)
		catalog_list_tenants(n->session, &conf->product,
				     n->farm->private->opts.runs_applied,
				     conf->as_superuser, on_tenants, n->farm);
	else
		pgconn_query(session_conn(n->session), table_sql, NULL, 0, on_table_known,
			     n->farm);
}

void farm_start_single(struct farm *f)
{
	farm_connect_node(farm_require_node(f, ""), &f->private->info, on_single_ready);
}
