/* SPDX-License-Identifier: PostgreSQL */
/* Backend PgFarm: the proxy says which accounts there are, and on which node each is. */
#include "model/farm_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "model/model.h"

/* The database that the proxy is. */
#define PROXY "proxy"

static const char list_sql[] =
	"SELECT e->>0 FROM json_array_elements(xquery('" MODEL_GLOBAL
	"', 'select name from _global._accounts order by name', 0, 1)::json) e";

/*
 * Its functions are in the path that the role has there. They may ask a node that does
 * not answer: that must not take longer than it may to connect to one.
 */
static const char session_sql[] =
	"SELECT set_config('search_path', reset_val, false),"
	" set_config('statement_timeout', $1, false)"
	" FROM pg_catalog.pg_settings WHERE name = 'search_path'";

/* One query of ours, however many the proxy makes of it. The function may give a value or
 * a set. */
static const char place_sql[] =
	"SELECT a.name, r.node FROM unnest($1::text[]) a (name)"
	" LEFT JOIN LATERAL registered(a.name, '') r (node) ON true";

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
			str_format("%s%sthere is a schema of its name on node %s",
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
		if (strcmp(f->accounts[i].name, MODEL_GLOBAL) != 0)
			strvec_push(&names, f->accounts[i].name);
	array = model_format_array(&names);
	pgconn_query(node_conn(n->node), farm_schemas_sql, (const char *const[]){ array },
		     1, on_schemas, n);
}

/* The node's database is called like the node, and so is the beginning of its host. */
static void connect_all(struct farm *f, const struct conninfo *proxy)
{
	struct farm_private *p = f->private;

	p->connecting = f->node_count;
	for (size_t i = 0; i < f->node_count; i++) {
		struct farm_node *n = f->nodes[i];
		AUTO_FREE char *host = str_format("%s%s", n->name, p->opts.conf->suffix);
		struct conninfo info = { 0 };

		conninfo_copy(&info, proxy);
		conninfo_set(&info, "host", host);
		conninfo_set(&info, "hostaddr", "");
		conninfo_set(&info, "dbname", n->name);
		farm_connect_node(n, &info, on_node_ready);
		conninfo_release(&info);
	}
	if (!f->node_count)
		farm_ready(f, NULL);
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

static void connect_nodes(struct farm *f)
{
	struct farm_private *p = f->private;
	struct node *proxy = p->proxy;
	struct conninfo info;

	farm_sort_accounts(f);
	sort_nodes(f);
	node_conninfo(proxy, &info);
	p->proxy = NULL;
	node_free(proxy);
	connect_all(f, &info);
	conninfo_release(&info);
}

/* ---- placing ---- */

static void place_next(struct farm *f);

static void push(struct farm_private *p, size_t first, size_t count)
{
	p->ranges = xrealloc(p->ranges, (p->range_count + 1) * sizeof(*p->ranges));
	p->ranges[p->range_count++] = (struct farm_range){ first, count };
}

/* The proxy cannot say it of all of them, such as when it asks their node and that is
 * down: of which? */
static void narrow_down(struct farm *f, struct farm_range range, const struct error *err)
{
	struct farm_private *p = f->private;
	size_t half = range.count / 2;
	struct farm_account *a;

	if (half) {
		push(p, range.first + half, range.count - half);
		push(p, range.first, half);
		return;
	}
	a = farm_add_account(f, p->wanted.v[range.first]);
	a->is_registered = true; /* for all we know */
	a->is_unknown = true;
	a->problem = str_format("the proxy cannot say where it is: %s", err->text);
}

static bool is_listed(const struct farm *f, const char *name)
{
	return (!strcmp(name, MODEL_GLOBAL) && !f->private->opts.names->count) ||
	       farm_is_registered(f, name);
}

/* Wanted only if it is there. */
static bool is_former(const struct farm *f, const char *name)
{
	return !f->private->opts.names->count && !is_listed(f, name);
}

static void on_placed(void *owner, const struct pg_result *result,
		      const struct error *err)
{
	struct farm *f = owner;
	struct farm_private *p = f->private;
	struct farm_range range = p->ranges[--p->range_count];

	if (err && !pgconn_failure(node_conn(p->proxy))->sqlstate[0]) {
		farm_list_failed(f, err); /* no answer at all */
		return;
	}
	if (err)
		narrow_down(f, range, err);
	for (int i = 0; !err && i < pgresult_rows(result); i++) {
		const char *name = pgresult_value(result, i, 0);
		const char *node = pgresult_value(result, i, 1);
		struct farm_account *a;

		if (!(node && *node) && is_former(f, name))
			continue;
		a = farm_add_account(f, name);

		if (node && *node)
			a->node = farm_require_node(f, node);
		a->is_registered =
			is_listed(f, name) || (a->node && p->opts.names->count);
		if (!a->node && a->is_registered)
			a->problem = xstrdup("it is registered, but on no node");
	}
	place_next(f);
}

static void place_next(struct farm *f)
{
	struct farm_private *p = f->private;
	AUTO_STRVEC struct strvec names = { 0 };
	AUTO_FREE char *array = NULL;
	struct farm_range range;

	if (!p->range_count) {
		connect_nodes(f);
		return;
	}
	range = p->ranges[p->range_count - 1];
	for (size_t i = 0; i < range.count; i++)
		strvec_push(&names, p->wanted.v[range.first + i]);
	array = model_format_array(&names);
	pgconn_query(node_conn(p->proxy), place_sql, (const char *const[]){ array }, 1,
		     on_placed, f);
}

/* ---- listing ---- */

static void place_wanted(struct farm *f)
{
	struct farm_private *p = f->private;
	const struct strvec *names = p->opts.names;

	if (!names->count) {
		strvec_push(&p->wanted, MODEL_GLOBAL);
		for (size_t i = 0; p->opts.former && i < p->opts.former->count; i++)
			if (is_former(f, p->opts.former->v[i]))
				strvec_push(&p->wanted, p->opts.former->v[i]);
		names = &f->registered;
	}
	for (size_t i = 0; i < names->count; i++)
		strvec_push(&p->wanted, names->v[i]);
	push(p, 0, p->wanted.count);
	place_next(f);
}

/* Who is registered is good to know, but what was named can be done without. */
static void on_listed(void *owner, const struct pg_result *result,
		      const struct error *err)
{
	struct farm *f = owner;
	bool is_lost = err && !pgconn_failure(node_conn(f->private->proxy))->sqlstate[0];

	if (err && (is_lost || !f->private->opts.names->count)) {
		struct error named = *err;

		error_hint(&named, "the list is on the node of _global: is that up?");
		farm_list_failed(f, &named);
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

static void on_session_set(void *owner, const struct pg_result *result,
			   const struct error *err)
{
	struct farm *f = owner;
	struct farm_private *p = f->private;

	(void)result;
	if (err) {
		farm_ready(f, err);
	} else if (p->opts.names->count && !p->opts.has_registered) {
		f->has_accounts_table = true; /* for all we know */
		place_wanted(f);
	} else {
		pgconn_query(node_conn(p->proxy), list_sql, NULL, 0, on_listed, f);
	}
}

static void on_proxy_ready(void *owner, const struct error *err)
{
	struct farm *f = owner;
	struct error named;

	if (!err) {
		struct pgconn *conn = node_conn(f->private->proxy);
		AUTO_FREE char *timeout = str_format(
			"%llu", (unsigned long long)pgconn_connect_timeout_ms(conn));

		pgconn_query(conn, session_sql, (const char *const[]){ timeout }, 1,
			     on_session_set, f);
		return;
	}
	named = *err;
	error_prefix(&named, "the proxy");
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
	const struct node_opts opts = {
		.loop = p->opts.loop,
		.info = &p->info,
		.program = p->opts.program,
		.lock = NODE_LOCK_NONE,
		.lock_wait_ms = p->opts.conf->lock_wait_s * 1000,
		.ask_password = ask_proxy_password,
		.waiting = on_proxy_waiting,
		.ready = on_proxy_ready,
		.lost = on_proxy_lost,
		.owner = f,
	};

	conninfo_set(&p->info, "dbname", PROXY);
	p->proxy = node_start(&opts);
}
