/* SPDX-License-Identifier: PostgreSQL */
/* Backend PgFarm: the proxy says which accounts there are, and on which node each is. */
#include "farm/internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "catalog/grants.h"
#include "catalog/accounts.h"
#include "pg/hosts.h"
#include "product/product.h"

/* The database that the proxy is. */
#define PROXY "proxy"

static const char list_sql[] =
	"SELECT e->>0 FROM json_array_elements(xquery('" PRODUCT_GLOBAL
	"', 'select " PRODUCT_ACCOUNTS_COLUMN " from " PRODUCT_ACCOUNTS
	" order by " PRODUCT_ACCOUNTS_COLUMN "', 0, 1)::json) e";

/* ---- the nodes ---- */

static void on_all_connected(struct farm *f)
{
	const struct error *first = NULL;

	for (size_t i = 0; i < f->node_count; i++) {
		if (f->nodes[i]->error.kind == ERROR_NONE) {
			farm_ready(f, NULL);
			return;
		}
		first = first ? first : &f->nodes[i]->error;
	}
	farm_ready(f, first);
}

static void node_settled(struct farm_node *n, const struct error *err)
{
	if (err)
		farm_node_failed(n, err);
	if (--n->farm->private->connecting == 0)
		on_all_connected(n->farm);
}

/* An account whose schema is on a node where it does not belong. */
static void on_schemas(void *owner, const struct pg_result *result,
		       const struct error *err)
{
	struct farm_node *n = owner;

	for (int i = 0; !err && i < pgresult_rows(result); i++) {
		struct farm_account *a = farm_find(n->farm, pgresult_value(result, i, 0));
		char *before;

		if (!a || a->node == n)
			continue;
		before = a->warning;
		a->warning =
			str_format("%s%sa schema of the same name is on node %s",
				   before ? before : "", before ? ", and " : "", n->name);
		free(before);
	}
	node_settled(n, err);
}

static void on_node_ready(void *owner, const struct error *err)
{
	struct farm_node *n = owner;
	struct farm *f = n->farm;
	AUTO_STRVEC struct strvec names = { 0 };
	AUTO_FREE char *array = NULL;

	if (err) {
		node_settled(n, err);
		return;
	}
	for (size_t i = 0; i < f->account_count; i++)
		if (strcmp(f->accounts[i].name, PRODUCT_GLOBAL) != 0)
			strvec_push(&names, f->accounts[i].name);
	array = catalog_format_array(&names);
	pgconn_query(session_conn(n->session), farm_schemas_sql,
		     (const char *const[]){ array }, 1, on_schemas, n);
}

/* The node's database is called like the node, and so is the beginning of its host. */
static void connect_node(struct farm_node *n, const struct conninfo *proxy,
			 bool is_told_address)
{
	AUTO_FREE char *host =
		str_format("%s%s", n->name, n->farm->private->opts.conf->suffix);
	struct conninfo info = { 0 };
	struct error err;

	conninfo_copy(&info, proxy);
	conninfo_set(&info, "host", host);
	conninfo_set(&info, "hostaddr", "");
	conninfo_set(&info, "dbname", n->name);
	if (is_told_address && !hosts_set(&info, host, &err))
		node_settled(n, &err); /* of the last one: the farm may be gone */
	else
		farm_connect_node(n, &info, on_node_ready);
	conninfo_release(&info);
}

static int compare_nodes(const void *a, const void *b)
{
	return strcmp((*(struct farm_node *const *)a)->name,
		      (*(struct farm_node *const *)b)->name);
}

static void sort_nodes(struct farm *f)
{
	if (f->node_count)
		qsort(f->nodes, f->node_count, sizeof(f->nodes[0]), compare_nodes);
	for (size_t i = 0; i < f->node_count; i++)
		f->nodes[i]->index = i;
}

void farm_placed(struct farm *f)
{
	struct farm_private *p = f->private;
	struct session *proxy = p->proxy;
	const size_t count = f->node_count;
	bool is_told_address = hosts_is_told_address(session_conn(proxy));
	struct conninfo info;

	farm_sort_accounts(f);
	sort_nodes(f);
	session_conninfo(proxy, &info);
	p->proxy = NULL;
	session_free(proxy);
	p->connecting = count;
	for (size_t i = 0; i < count; i++)
		connect_node(f->nodes[i], &info, is_told_address);
	conninfo_release(&info);
	if (!count)
		farm_ready(f, NULL);
}

/* ---- listing ---- */

static void place_wanted(struct farm *f)
{
	struct farm_private *p = f->private;
	const struct strvec *names = p->opts.names;

	if (!names->count) {
		strvec_push(&p->wanted, PRODUCT_GLOBAL);
		for (size_t i = 0; p->opts.former && i < p->opts.former->count; i++)
			if (farm_is_former(f, p->opts.former->v[i]))
				strvec_push(&p->wanted, p->opts.former->v[i]);
		names = &f->registered;
	}
	for (size_t i = 0; i < names->count; i++)
		strvec_push(&p->wanted, names->v[i]);
	farm_place(f);
}

/* Who is registered is good to know, but what was named can be done without. */
static void on_listed(void *owner, const struct pg_result *result,
		      const struct error *err)
{
	struct farm *f = owner;
	const char *sqlstate;
	bool is_lost;

	if (f->private->is_closing) /* without the proxy */
		return;
	sqlstate = pgconn_failure(session_conn(f->private->proxy))->sqlstate;
	is_lost = err && !sqlstate[0];
	if (err && (is_lost || !f->private->opts.names->count)) {
		struct error named = *err;

		if (!strcmp(sqlstate, CATALOG_FORBIDDEN))
			error_hint(&named, "connect to the proxy as the role that the "
					   "server itself uses ([backend], -U)");
		else
			error_hint(&named,
				   "the list is on the node of " PRODUCT_GLOBAL ": check "
				   "that it is up");
		farm_list_failed(f, sqlstate, &named);
		return;
	}
	for (int i = 0; !err && i < pgresult_rows(result); i++)
		strvec_push(&f->registered, pgresult_value(result, i, 0));
	strvec_sort(&f->registered);
	f->has_accounts_table = !err;
	if (err)
		f->registered_error = *err;
	place_wanted(f);
}

static void begin_listing(struct farm *f)
{
	struct farm_private *p = f->private;

	if (p->opts.names->count && !p->opts.has_registered) {
		f->has_accounts_table = true; /* for all we know */
		place_wanted(f);
	} else {
		pgconn_query(session_conn(p->proxy), list_sql, NULL, 0, on_listed, f);
	}
}

/*
 * Its functions are in the path that the role has there. They may ask a node that does
 * not answer: that must not take longer than it may to connect to one.
 */
static void on_proxy_ready(void *owner, const struct error *err)
{
	struct farm *f = owner;
	struct error named;

	if (!err) {
		struct session *proxy = f->private->proxy;

		session_use_role_path(proxy,
				      pgconn_connect_timeout_ms(session_conn(proxy)));
		begin_listing(f);
		return;
	}
	named = *err;
	error_prefix(&named, "the proxy");
	farm_hint_place(f, &named);
	farm_ready(f, &named);
}

static bool ask_proxy_password(void *owner, char **out)
{
	const struct farm_private *p = ((struct farm *)owner)->private;

	return p->opts.ask_password(p->opts.person, out);
}

static void on_proxy_waiting(void *owner, const struct error *why, uint64_t pause_ms)
{
	const struct farm_private *p = ((struct farm *)owner)->private;

	if (p->opts.waiting)
		p->opts.waiting(p->opts.person, why, pause_ms);
}

/* A query is always under way, and says it. */
static void on_proxy_lost(void *owner, const struct error *err)
{
	(void)owner;
	(void)err;
}

void farm_start_proxy(struct farm *f)
{
	struct farm_private *p = f->private;
	const struct session_opts opts = {
		.loop = p->opts.loop,
		.info = &p->info,
		.timeout_s = FARM_TIMEOUT_S,
		.answer_ms = farm_answer_ms(f),
		.program = p->opts.program,
		.lock = SESSION_LOCK_NONE,
		.lock_wait_ms = conf_lock_wait_ms(p->opts.conf),
		.ask_password = ask_proxy_password,
		.waiting = on_proxy_waiting,
		.ready = on_proxy_ready,
		.lost = on_proxy_lost,
		.owner = f,
	};

	conninfo_set(&p->info, "dbname", PROXY);
	p->proxy = session_start(&opts);
}
