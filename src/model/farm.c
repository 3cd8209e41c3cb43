/* SPDX-License-Identifier: PostgreSQL */
#include "model/farm.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "model/model.h"

/* The database that a PgFarm's proxy is. */
#define PROXY "proxy"

struct farm_private {
	struct farm_opts opts;
	struct conninfo info;
	struct node *proxy; /* PgFarm: while the accounts are listed */
	struct timer *later;
	bool is_closing;
	size_t connecting;    /* nodes that are not ready and not given up */
	struct strvec former; /* those that are not registered */
};

static const char list_sql[] = "SELECT name, NULL FROM _global._accounts";

/*
 * The proxy's functions as PgFarm has them; registered() may give no row. What is asked
 * of them is one query of ours, however many the proxy makes of it. $1: names, also those
 * that are listed no more but still placed.
 */
static const char proxy_list_sql[] =
	"SELECT name, node, is_listed FROM (SELECT name, bool_or(is_listed) AS is_listed"
	" FROM (SELECT '" MODEL_GLOBAL "' AS name, true AS is_listed"
	"  UNION ALL SELECT unnest($1::text[]), false"
	"  UNION ALL SELECT e->>0, true FROM json_array_elements(xquery('" MODEL_GLOBAL
	"', 'select name from _global._accounts order by name', 0, 1)::json) e) b"
	" GROUP BY name) a LEFT JOIN LATERAL registered(name, '') r (node) ON true"
	" WHERE is_listed OR node <> ''";
static const char proxy_named_sql[] =
	"SELECT name, node, true FROM unnest($1::text[]) a (name)"
	" LEFT JOIN LATERAL registered(name, '') r (node) ON true";
/* Who is registered, wherever. */
static const char proxy_names_sql[] =
	"SELECT e->>0 FROM json_array_elements(xquery('" MODEL_GLOBAL
	"', 'select name from _global._accounts order by name', 0, 1)::json) e";

static const char schemas_sql[] =
	"SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname = ANY ($1::text[])";

static void ready(struct farm *f, const struct error *err)
{
	struct farm_private *p = f->private;

	if (!p->is_closing)
		p->opts.ready(p->opts.owner, err);
}

/* ---- accounts ---- */

static int compare_names(const char *a, const char *b)
{
	bool is_a_global = !strcmp(a, MODEL_GLOBAL),
	     is_b_global = !strcmp(b, MODEL_GLOBAL);

	return is_a_global || is_b_global ? is_b_global - is_a_global : strcmp(a, b);
}

static int compare_accounts(const void *a, const void *b)
{
	return compare_names(((const struct farm_account *)a)->name,
			     ((const struct farm_account *)b)->name);
}

struct farm_account *farm_find(const struct farm *f, const char *name)
{
	const struct farm_account key = { .name = (char *)name };

	return f->account_count ? bsearch(&key, f->accounts, f->account_count,
					  sizeof(key), compare_accounts)
				: NULL;
}

bool farm_is_registered(const struct farm *f, const char *name)
{
	return strvec_has(&f->registered, name);
}

struct farm_node *farm_node_of(const struct farm *f, const char *name)
{
	const struct farm_account *a = farm_find(f, name);

	if (a)
		return a->node;
	return f->private->opts.conf->backend == CONF_PG ? f->nodes[0] : NULL;
}

void farm_name_error(const struct farm_node *n, struct error *err)
{
	if (n->farm->private->opts.conf->backend == CONF_PGFARM)
		error_prefix(err, "node %s", n->name);
}

void farm_list(const struct farm *f, const struct farm_node *node, struct strvec *out)
{
	for (size_t i = 0; i < f->account_count; i++)
		if (f->accounts[i].node == node)
			strvec_push(out, f->accounts[i].name);
}

static struct farm_account *add_account(struct farm *f, const char *name)
{
	if (!(f->account_count & (f->account_count - 1))) /* full at each power of two */
		f->accounts = xrealloc(f->accounts,
				       (f->account_count ? f->account_count * 2 : 1) *
					       sizeof(*f->accounts));
	f->accounts[f->account_count] = (struct farm_account){ .name = xstrdup(name) };
	return &f->accounts[f->account_count++];
}

/* Sorted, each once. */
static void sort_accounts(struct farm *f)
{
	size_t kept = 0;

	if (f->account_count)
		qsort(f->accounts, f->account_count, sizeof(*f->accounts),
		      compare_accounts);
	for (size_t i = 0; i < f->account_count; i++) {
		if (kept && !strcmp(f->accounts[kept - 1].name, f->accounts[i].name))
			free(f->accounts[i].name);
		else
			f->accounts[kept++] = f->accounts[i];
	}
	f->account_count = kept;
}

/* ---- nodes ---- */

static struct farm_node *require_node(struct farm *f, const char *name)
{
	struct farm_node *n;

	for (size_t i = 0; i < f->node_count; i++)
		if (!strcmp(f->nodes[i]->name, name))
			return f->nodes[i];
	n = xcalloc(1, sizeof(*n));
	n->farm = f;
	n->index = f->node_count;
	n->name = xstrdup(name);
	f->nodes = xrealloc(f->nodes, (f->node_count + 1) * sizeof(struct farm_node *));
	return f->nodes[f->node_count++] = n;
}

static void on_waiting(void *owner, const struct error *why, uint64_t pause_ms)
{
	struct farm_node *n = owner;
	struct farm_private *p = n->farm->private;

	if (p->opts.waiting)
		p->opts.waiting(p->opts.person, why, pause_ms);
}

static bool ask_password(void *owner, char **out)
{
	struct farm_node *n = owner;
	struct farm_private *p = n->farm->private;

	return p->opts.ask_password(p->opts.person, out);
}

void farm_node_failed(struct farm_node *n, const struct error *err)
{
	n->error = *err;
	farm_name_error(n, &n->error);
}

void farm_node_disconnect(struct farm_node *n)
{
	struct node *node = n->node;

	n->node = NULL;
	node_free(node);
}

static void on_lost(void *owner, const struct error *err)
{
	struct farm_node *n = owner;
	struct farm_private *p = n->farm->private;

	n->is_lost = true;
	farm_node_failed(n, err);
	p->opts.lost(p->opts.owner, n, &n->error);
}

/* Connect to a node as the caller wants its sessions. */
static void connect_node(struct farm_node *n, const struct conninfo *info,
			 void (*on_ready)(void *owner, const struct error *err))
{
	struct farm_private *p = n->farm->private;
	const struct node_opts opts = {
		.loop = p->opts.loop,
		.info = info,
		.program = p->opts.program,
		.lock = p->opts.lock,
		.has_snapshot = p->opts.has_snapshot,
		.lock_wait_ms = p->opts.conf->lock_wait_s * 1000,
		.ask_password = ask_password,
		.waiting = on_waiting,
		.ready = on_ready,
		.lost = on_lost,
		.owner = n,
	};

	n->node = node_start(&opts);
}

/* The list of all accounts cannot be had. */
static void list_failed(struct farm *f, const struct error *err)
{
	struct error named = *err;

	error_prefix(&named, "list the accounts");
	if (strstr(err->text, "lock timeout"))
		error_hint(&named,
			   "another session holds a lock on _global._accounts (see "
			   "pg_locks): raise --lock-wait, or try at another time");
	ready(f, &named);
}

/* ---- backend Pg: the farm of one node ---- */

static void add_former(struct farm *f, const struct pg_result *result)
{
	for (int i = 0; i < pgresult_rows(result); i++)
		add_account(f, pgresult_value(result, i, 0))->node = f->nodes[0];
	sort_accounts(f);
	ready(f, NULL);
}

static void on_former(void *owner, const struct pg_result *result,
		      const struct error *err)
{
	if (err)
		list_failed(owner, err);
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
		sort_accounts(f);
		ready(f, NULL);
		return;
	}
	array = model_format_array(&p->former);
	pgconn_query(node_conn(f->nodes[0]->node), schemas_sql,
		     (const char *const[]){ array }, 1, on_former, f);
}

static void on_listed(void *owner, const struct pg_result *result,
		      const struct error *err)
{
	struct farm *f = owner;
	const struct strvec *names = f->private->opts.names;

	if (err) {
		list_failed(f, err);
		return;
	}
	for (int i = 0; i < pgresult_rows(result); i++)
		strvec_push(&f->registered, pgresult_value(result, i, 0));
	strvec_sort(&f->registered);
	if (!names->count) {
		add_account(f, MODEL_GLOBAL);
		names = &f->registered;
	}
	for (size_t i = 0; i < names->count; i++)
		add_account(f, names->v[i]);
	for (size_t i = 0; i < f->account_count; i++) {
		struct farm_account *a = &f->accounts[i];

		a->node = f->nodes[0];
		a->is_registered =
			!strcmp(a->name, MODEL_GLOBAL) || farm_is_registered(f, a->name);
	}
	if (f->private->opts.names->count) {
		sort_accounts(f);
		ready(f, NULL);
	} else {
		find_former(f);
	}
}

static void on_table_known(void *owner, const struct pg_result *result,
			   const struct error *err)
{
	struct farm *f = owner;

	if (err) {
		list_failed(f, err);
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
		ready(n->farm, err);
		return;
	}
	free(n->name);
	n->name = xstrdup(node_facts(n->node)->dbname);
	pgconn_query(node_conn(n->node),
		     "SELECT to_regclass('_global._accounts') IS NOT NULL", NULL, 0,
		     on_table_known, n->farm);
}

/* ---- backend PgFarm ---- */

static void on_all_connected(struct farm *f)
{
	const struct error *first = NULL;

	for (size_t i = 0; i < f->node_count; i++) {
		if (f->nodes[i]->error.kind == ERROR_NONE) {
			ready(f, NULL);
			return;
		}
		first = first ? first : &f->nodes[i]->error;
	}
	ready(f, first);
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
	pgconn_query(node_conn(n->node), schemas_sql, (const char *const[]){ array }, 1,
		     on_schemas, n);
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

		for (size_t k = 0; k < proxy->keywords.count; k++)
			conninfo_set(&info, proxy->keywords.v[k], proxy->values.v[k]);
		conninfo_set(&info, "host", host);
		conninfo_set(&info, "hostaddr", "");
		conninfo_set(&info, "dbname", n->name);
		connect_node(n, &info, on_node_ready);
		conninfo_release(&info);
	}
	if (!f->node_count)
		ready(f, NULL);
}

static void place_all(struct farm *f)
{
	struct farm_private *p = f->private;
	struct node *proxy = p->proxy;
	struct conninfo info;

	node_conninfo(proxy, &info);
	p->proxy = NULL;
	node_free(proxy);
	connect_all(f, &info);
	conninfo_release(&info);
}

/* Who is registered is good to know, but what was asked for can be done without. */
static void on_registered(void *owner, const struct pg_result *result,
			  const struct error *err)
{
	struct farm *f = owner;

	for (int i = 0; !err && i < pgresult_rows(result); i++)
		strvec_push(&f->registered, pgresult_value(result, i, 0));
	strvec_sort(&f->registered);
	f->has_accounts_table = !err;
	if (err)
		f->registered_error = *err;
	place_all(f);
}

static void on_placed(void *owner, const struct pg_result *result,
		      const struct error *err)
{
	struct farm *f = owner;
	struct farm_private *p = f->private;

	if (err) {
		struct error named = *err;

		error_prefix(&named, "list the accounts");
		if (!p->opts.names->count)
			error_hint(&named,
				   "the list is on the node of _global: is that up?");
		ready(f, &named);
		return;
	}
	for (int i = 0; i < pgresult_rows(result); i++) {
		const char *node = pgresult_value(result, i, 1);
		bool is_listed = pgresult_is_true(result, i, 2);
		struct farm_account *a = add_account(f, pgresult_value(result, i, 0));

		a->node = node && *node ? require_node(f, node) : NULL;
		a->is_registered = a->node && is_listed;
		if (!p->opts.names->count && is_listed &&
		    strcmp(a->name, MODEL_GLOBAL) != 0)
			strvec_push(&f->registered, a->name);
	}
	strvec_sort(&f->registered);
	sort_accounts(f);
	f->has_accounts_table = true;
	if (p->opts.names->count && p->opts.has_registered)
		pgconn_query(node_conn(p->proxy), proxy_names_sql, NULL, 0, on_registered,
			     f);
	else
		place_all(f);
}

static void on_path_reset(void *owner, const struct pg_result *result,
			  const struct error *err)
{
	struct farm *f = owner;
	const struct farm_opts *opts = &f->private->opts;
	struct pgconn *conn = node_conn(f->private->proxy);
	bool has_names = opts->names->count;
	const struct strvec *names = has_names ? opts->names : opts->former;
	AUTO_FREE char *array = names ? model_format_array(names) : NULL;

	if (err)
		on_placed(f, result, err);
	else
		pgconn_query(conn, has_names ? proxy_named_sql : proxy_list_sql,
			     (const char *const[]){ array }, 1, on_placed, f);
}

/* The proxy's functions are wherever its clients find them. */
static void on_proxy_ready(void *owner, const struct error *err)
{
	struct farm *f = owner;

	if (err) {
		struct error named = *err;

		error_prefix(&named, "the proxy");
		ready(f, &named);
		return;
	}
	pgconn_query(node_conn(f->private->proxy), "RESET search_path", NULL, 0,
		     on_path_reset, f);
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

static void connect_proxy(struct farm *f)
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

/* ---- */

static void on_start(void *owner)
{
	struct farm *f = owner;
	struct farm_private *p = f->private;
	struct error err;

	p->later = NULL;
	if (!conninfo_from_conf(p->opts.conf, &p->info, &err))
		ready(f, &err);
	else if (p->opts.conf->backend == CONF_PGFARM)
		connect_proxy(f);
	else
		connect_node(require_node(f, ""), &p->info, on_single_ready);
}

struct farm *farm_start(const struct farm_opts *opts)
{
	struct farm *f = xcalloc(1, sizeof(*f));

	f->private = xcalloc(1, sizeof(*f->private));
	f->private->opts = *opts;
	f->backend = opts->conf->backend == CONF_PGFARM ? "PgFarm" : "Pg";
	f->has_all_nodes = opts->conf->backend == CONF_PG || !opts->names->count;
	f->private->later = timer_start(opts->loop, 0, on_start, f);
	return f;
}

void farm_disconnect(struct farm *f)
{
	struct farm_private *p = f->private;
	size_t count = f->node_count;
	AUTO_FREE struct node **nodes = xcalloc(count + 1, sizeof(struct node *));

	p->is_closing = true;
	if (p->later)
		timer_cancel(p->later);
	p->later = NULL;
	nodes[count] = p->proxy;
	p->proxy = NULL;
	for (size_t i = 0; i < count; i++) {
		nodes[i] = f->nodes[i]->node;
		f->nodes[i]->node = NULL;
	}
	for (size_t i = 0; i <= count; i++)
		node_free(nodes[i]); /* the last of them may free the farm */
}

void farm_free(struct farm *f)
{
	if (!f)
		return;
	farm_disconnect(f);
	for (size_t i = 0; i < f->node_count; i++) {
		free(f->nodes[i]->name);
		free(f->nodes[i]);
	}
	for (size_t i = 0; i < f->account_count; i++) {
		free(f->accounts[i].name);
		free(f->accounts[i].warning);
	}
	free(f->nodes);
	free(f->accounts);
	strvec_release(&f->registered);
	strvec_release(&f->private->former);
	conninfo_release(&f->private->info);
	free(f->private);
	free(f);
}
