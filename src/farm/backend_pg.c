/* SPDX-License-Identifier: PostgreSQL */
#include "farm/backend_pg.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "catalog/accounts.h"
#include "catalog/grants.h"
#include "catalog/tenants.h"
#include "farm/backend.h"
#include "farm/nodes.h"
#include "product/product.h"

struct farm_pg {
	struct farm *farm;
	farm_listed_fn *listed;
	struct strvec former; /* wanted only if they have a schema */
};

/*
 * Is there a table of accounts? Is it an ordinary one, so that COPY runs no code of its
 * owner? If not, who is the owner, in case the session is a superuser's and the owner is
 * not?
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

static struct session *session_of(const struct farm_pg *single)
{
	return single->farm->nodes[0]->session;
}

static void list_failed(const struct farm_pg *single, const struct error *err)
{
	struct error hinted = *err;
	const char *sqlstate;

	if (single->farm->private->is_closing) /* its nodes are closing */
		return;
	sqlstate = pgconn_failure(session_conn(session_of(single)))->sqlstate;
	if (!strcmp(sqlstate, CATALOG_FORBIDDEN))
		grants_hint_accounts(session_of(single), &hinted);
	farm_hint_list(sqlstate, &hinted);
	single->listed(single->farm, &hinted);
}

static void succeed(const struct farm_pg *single)
{
	farm_sort_accounts(single->farm);
	single->listed(single->farm, NULL);
}

static void on_former(void *owner, const struct pg_result *result,
		      const struct error *err)
{
	const struct farm_pg *single = owner;
	struct farm *farm = single->farm;

	if (err) {
		list_failed(single, err);
		return;
	}
	for (int i = 0; i < pgresult_rows(result); i++)
		farm_add_account(farm, pgresult_value(result, i, 0))->node =
			farm->nodes[0];
	succeed(single);
}

/* Find those that are no longer registered but have a schema. */
static void find_former(struct farm_pg *single)
{
	const struct farm *farm = single->farm;
	const struct strvec *former = farm->private->opts.former;
	AUTO_FREE char *array = NULL;

	for (size_t i = 0; former && i < former->count; i++)
		if (!farm_is_registered(farm, former->v[i]) &&
		    strcmp(former->v[i], farm->global) != 0)
			strvec_push(&single->former, former->v[i]);
	if (!single->former.count) {
		succeed(single);
		return;
	}
	array = catalog_format_array(&single->former);
	pgconn_query(session_conn(session_of(single)), farm_schemas_sql,
		     (const char *const[]){ array }, 1, on_former, single);
}

static void add_accounts(struct farm *farm, const struct strvec *names)
{
	for (size_t i = 0; i < names->count; i++) {
		struct farm_account *account = farm_add_account(farm, names->v[i]);

		account->node = farm->nodes[0];
		account->is_registered =
			account->is_global || farm_is_registered(farm, account->name);
	}
}

/* The registered names are known. Unless accounts were named, these are the farm's
 * accounts. */
static void take_registered(struct farm_pg *single)
{
	struct farm *farm = single->farm;
	const struct strvec *names = farm->private->opts.names;
	struct farm_account *global;

	strvec_sort(&farm->registered);
	if (names->count) {
		add_accounts(farm, names);
		succeed(single);
		return;
	}
	if (*farm->global) {
		global = farm_add_account(farm, farm->global);
		global->node = farm->nodes[0];
		global->is_registered = true;
	}
	add_accounts(farm, &farm->registered);
	find_former(single);
}

static void on_listed(void *owner, const struct pg_result *result,
		      const struct error *err)
{
	struct farm_pg *single = owner;

	if (err) {
		list_failed(single, err);
		return;
	}
	for (int i = 0; result && i < pgresult_rows(result); i++)
		strvec_push(&single->farm->registered, pgresult_value(result, i, 0));
	take_registered(single);
}

static void on_tenants(void *owner, const struct strvec *names, const struct error *err)
{
	struct farm_pg *single = owner;
	struct farm *farm = single->farm;

	if (err && farm->private->is_closing) /* its nodes are closing */
		return;
	if (err) {
		single->listed(farm, err);
		return;
	}
	for (size_t i = 0; i < names->count; i++)
		strvec_push(&farm->registered, names->v[i]);
	farm->has_accounts_table = true;
	take_registered(single);
}

static bool on_name(void *owner, size_t copy, const char *line, size_t length)
{
	const struct farm_pg *single = owner;
	AUTO_FREE char *name = line ? catalog_decode_copy(line, length) : NULL;

	(void)copy;
	if (name)
		strvec_push(&single->farm->registered, name);
	return line;
}

static void refuse(const struct farm_pg *single, const char *role)
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
	farm_hint_list("", &err);
	single->listed(single->farm, &err);
}

static void on_table_known(void *owner, const struct pg_result *result,
			   const struct error *err)
{
	struct farm_pg *single = owner;
	struct farm *farm = single->farm;
	struct pgconn *conn;

	if (err) {
		list_failed(single, err);
		return;
	}
	conn = session_conn(session_of(single));
	farm->has_accounts_table = pgresult_is_true(result, 0, 0);
	if (pgresult_is_true(result, 0, 1))
		pgconn_copy(conn, copy_sql, on_name, on_listed, single);
	else if (pgresult_value(result, 0, 2))
		refuse(single, pgresult_value(result, 0, 2));
	else
		pgconn_query(conn,
			     farm->has_accounts_table ? select_sql
						      : "SELECT 1 WHERE false",
			     NULL, 0, on_listed, single);
}

static void on_ready(void *owner, const struct error *err)
{
	struct farm_node *node = owner;
	struct farm *farm = node->farm;
	const struct conf *conf = farm->private->opts.conf;
	struct farm_pg *single = farm->private->single;

	if (err) {
		node->error = *err;
		farm_hint_place(conf, &node->error);
		single->listed(farm, &node->error);
		return;
	}
	free(node->name);
	node->name = xstrdup(session_facts(node->session)->dbname);
	if (conf->product.is_model)
		catalog_list_tenants(node->session, &conf->product,
				     farm->private->opts.runs_applied, conf->as_superuser,
				     on_tenants, single);
	else
		pgconn_query(session_conn(node->session), table_sql, NULL, 0,
			     on_table_known, single);
}

struct farm_pg *farm_pg_start(struct farm *farm, farm_listed_fn *listed)
{
	struct farm_pg *single = xcalloc(1, sizeof(*single));

	single->farm = farm;
	single->listed = listed;
	farm_connect_node(farm_require_node(farm, ""), &farm->private->info, on_ready);
	return single;
}

void farm_pg_free(struct farm_pg *single)
{
	if (!single)
		return;
	strvec_release(&single->former);
	free(single);
}
