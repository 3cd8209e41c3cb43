/* SPDX-License-Identifier: PostgreSQL */
/* Backend Pg: the farm of one node. */
#include "model/farm_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "model/model.h"

static const char list_sql[] = "SELECT name FROM _global._accounts";

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
		farm_list_failed(owner, err);
	else
		add_former(owner, result);
}

/* Those that are not registered any more, but have a schema. */
static void find_former(struct farm *f)
{
	struct farm_private *p = f->private;
	AUTO_FREE char *array = NULL;

	for (size_t i = 0; p->opts.former && i < p->opts.former->count; i++)
		if (!farm_is_registered(f, p->opts.former->v[i]) &&
		    strcmp(p->opts.former->v[i], MODEL_GLOBAL) != 0)
			strvec_push(&p->former, p->opts.former->v[i]);
	if (!p->former.count) {
		farm_sort_accounts(f);
		farm_ready(f, NULL);
		return;
	}
	array = model_format_array(&p->former);
	pgconn_query(node_conn(f->nodes[0]->node), farm_schemas_sql,
		     (const char *const[]){ array }, 1, on_former, f);
}

static void on_listed(void *owner, const struct pg_result *result,
		      const struct error *err)
{
	struct farm *f = owner;
	const struct strvec *names = f->private->opts.names;

	if (err) {
		farm_list_failed(f, err);
		return;
	}
	for (int i = 0; i < pgresult_rows(result); i++)
		strvec_push(&f->registered, pgresult_value(result, i, 0));
	strvec_sort(&f->registered);
	if (!names->count) {
		farm_add_account(f, MODEL_GLOBAL);
		names = &f->registered;
	}
	for (size_t i = 0; i < names->count; i++)
		farm_add_account(f, names->v[i]);
	for (size_t i = 0; i < f->account_count; i++) {
		struct farm_account *a = &f->accounts[i];

		a->node = f->nodes[0];
		a->is_registered =
			!strcmp(a->name, MODEL_GLOBAL) || farm_is_registered(f, a->name);
	}
	if (f->private->opts.names->count) {
		farm_sort_accounts(f);
		farm_ready(f, NULL);
	} else {
		find_former(f);
	}
}

static void on_table_known(void *owner, const struct pg_result *result,
			   const struct error *err)
{
	struct farm *f = owner;

	if (err) {
		farm_list_failed(f, err);
		return;
	}
	f->has_accounts_table = pgresult_is_true(result, 0, 0);
	pgconn_query(node_conn(f->nodes[0]->node),
		     f->has_accounts_table ? list_sql : "SELECT 1 WHERE false", NULL, 0,
		     on_listed, f);
}

static void on_single_ready(void *owner, const struct error *err)
{
	struct farm_node *n = owner;

	if (err) {
		n->error = *err;
		farm_ready(n->farm, err);
		return;
	}
	free(n->name);
	n->name = xstrdup(node_facts(n->node)->dbname);
	pgconn_query(node_conn(n->node),
		     "SELECT to_regclass('_global._accounts') IS NOT NULL", NULL, 0,
		     on_table_known, n->farm);
}

void farm_start_single(struct farm *f)
{
	farm_connect_node(farm_require_node(f, ""), &f->private->info, on_single_ready);
}
