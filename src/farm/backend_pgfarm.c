/* SPDX-License-Identifier: PostgreSQL */
#include "farm/backend_pgfarm.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "catalog/accounts.h"
#include "catalog/grants.h"
#include "farm/backend.h"
#include "farm/nodes.h"
#include "farm/place.h"
#include "pg/hosts.h"
#include "product/product.h"

/* The name of the proxy's database. */
#define PROXY "proxy"

struct farm_pgfarm {
	struct farm *farm;
	farm_listed_fn *listed;
	struct session *session; /* while accounts are listed and placed */
	struct farm_place *place;
	size_t connecting; /* nodes that are neither ready nor given up */
};

static const char list_sql[] =
	"SELECT e->>0 FROM json_array_elements(xquery('" PRODUCT_GLOBAL
	"', 'select " PRODUCT_ACCOUNTS_COLUMN " from " PRODUCT_ACCOUNTS
	" order by " PRODUCT_ACCOUNTS_COLUMN "', 0, 1)::json) e";

/* ---- the nodes ---- */

static void on_all_connected(const struct farm_pgfarm *proxy)
{
	struct farm *farm = proxy->farm;
	const struct error *first = NULL;

	for (size_t i = 0; i < farm->node_count; i++) {
		if (farm->nodes[i]->error.kind == ERROR_NONE) {
			proxy->listed(farm, NULL);
			return;
		}
		first = first ? first : &farm->nodes[i]->error;
	}
	proxy->listed(farm, first);
}

static void node_settled(struct farm_node *node, const struct error *err)
{
	struct farm_pgfarm *proxy = node->farm->private->proxy;

	if (err)
		farm_node_failed(node, err);
	if (--proxy->connecting == 0)
		on_all_connected(proxy);
}

/* Warn about accounts whose schema is also on a node where it does not belong. */
static void on_schemas(void *owner, const struct pg_result *result,
		       const struct error *err)
{
	struct farm_node *node = owner;

	for (int i = 0; !err && i < pgresult_rows(result); i++) {
		struct farm_account *account =
			farm_find(node->farm, pgresult_value(result, i, 0));
		char *before;

		if (!account || account->node == node)
			continue;
		before = account->warning;
		account->warning = str_format(
			"%s%sa schema of the same name is on node %s",
			before ? before : "", before ? ", and " : "", node->name);
		free(before);
	}
	node_settled(node, err);
}

static void on_node_ready(void *owner, const struct error *err)
{
	struct farm_node *node = owner;
	const struct farm *farm = node->farm;
	AUTO_STRVEC struct strvec names = { 0 };
	AUTO_FREE char *array = NULL;

	if (err) {
		node_settled(node, err);
		return;
	}
	for (size_t i = 0; i < farm->account_count; i++)
		if (strcmp(farm->accounts[i].name, PRODUCT_GLOBAL) != 0)
			strvec_push(&names, farm->accounts[i].name);
	array = catalog_format_array(&names);
	pgconn_query(session_conn(node->session), farm_schemas_sql,
		     (const char *const[]){ array }, 1, on_schemas, node);
}

/* The node's database has the name of the node, and so does the beginning of its host
 * name. */
static void connect_node(struct farm_node *node, const struct conninfo *proxy,
			 bool is_told_address)
{
	AUTO_FREE char *host =
		str_format("%s%s", node->name, node->farm->private->opts.conf->suffix);
	struct conninfo info = { 0 };
	struct error err;

	conninfo_copy(&info, proxy);
	conninfo_set(&info, "host", host);
	conninfo_set(&info, "hostaddr", "");
	conninfo_set(&info, "dbname", node->name);
	if (is_told_address && !hosts_set(&info, host, &err))
		node_settled(node, &err); /* may be the last one: the farm may be gone */
	else
		farm_connect_node(node, &info, on_node_ready);
	conninfo_release(&info);
}

struct session *farm_pgfarm_give_session(struct farm_pgfarm *proxy)
{
	struct session *session = proxy ? proxy->session : NULL;

	if (proxy)
		proxy->session = NULL;
	return session;
}

static void on_placed(struct farm *farm, const struct error *err)
{
	struct farm_pgfarm *proxy = farm->private->proxy;
	const size_t count = farm->node_count;
	struct conninfo info;
	bool is_told_address;

	if (err) {
		proxy->listed(farm, err);
		return;
	}
	is_told_address = hosts_is_told_address(session_conn(proxy->session));
	farm_sort_accounts(farm);
	farm_sort_nodes(farm);
	session_conninfo(proxy->session, &info);
	session_free(farm_pgfarm_give_session(proxy));
	proxy->connecting = count;
	for (size_t i = 0; i < count; i++)
		connect_node(farm->nodes[i], &info, is_told_address);
	conninfo_release(&info);
	if (!count)
		proxy->listed(farm, NULL);
}

/* ---- listing ---- */

static void place_wanted(struct farm_pgfarm *proxy)
{
	const struct farm *farm = proxy->farm;
	const struct strvec *names = farm->private->opts.names;
	const struct strvec *former = farm->private->opts.former;

	proxy->place = farm_place_new(proxy->farm, proxy->session, on_placed);
	if (!names->count) {
		farm_place_add(proxy->place, PRODUCT_GLOBAL);
		for (size_t i = 0; former && i < former->count; i++)
			if (farm_is_former(farm, former->v[i]))
				farm_place_add(proxy->place, former->v[i]);
		names = &farm->registered;
	}
	for (size_t i = 0; i < names->count; i++)
		farm_place_add(proxy->place, names->v[i]);
	farm_place_start(proxy->place);
}

static void list_failed(const struct farm_pgfarm *proxy, const char *sqlstate,
			const struct error *err)
{
	struct error hinted = *err;

	if (!strcmp(sqlstate, CATALOG_FORBIDDEN))
		error_hint(&hinted, "connect to the proxy as the role that the server "
				    "itself uses ([backend], -U)");
	else
		error_hint(&hinted, "the list is on the node of " PRODUCT_GLOBAL
				    ": check that it is up");
	farm_hint_list(sqlstate, &hinted);
	proxy->listed(proxy->farm, &hinted);
}

/* If all accounts are wanted, an error is fatal; named accounts can be handled without
 * knowing which are registered. */
static void on_listed(void *owner, const struct pg_result *result,
		      const struct error *err)
{
	struct farm_pgfarm *proxy = owner;
	struct farm *farm = proxy->farm;
	const char *sqlstate;

	if (farm->private->is_closing) /* the proxy is closing */
		return;
	sqlstate = pgconn_failure(session_conn(proxy->session))->sqlstate;
	if (err && (!sqlstate[0] || !farm->private->opts.names->count)) {
		list_failed(proxy, sqlstate, err);
		return;
	}
	for (int i = 0; !err && i < pgresult_rows(result); i++)
		strvec_push(&farm->registered, pgresult_value(result, i, 0));
	strvec_sort(&farm->registered);
	farm->has_accounts_table = !err;
	if (err)
		farm->registered_error = *err;
	place_wanted(proxy);
}

static void begin_listing(struct farm_pgfarm *proxy)
{
	const struct farm_opts *opts = &proxy->farm->private->opts;

	if (opts->names->count && !opts->has_registered) {
		proxy->farm->has_accounts_table = true; /* as far as is known */
		place_wanted(proxy);
	} else {
		pgconn_query(session_conn(proxy->session), list_sql, NULL, 0, on_listed,
			     proxy);
	}
}

/*
 * The proxy's functions are found by the search_path of its role. They may ask a node
 * that does not answer, which must not take longer than connecting to one.
 */
static void on_ready(void *owner, const struct error *err)
{
	struct farm_pgfarm *proxy = owner;
	struct session *session = proxy->session;
	struct error named;

	if (!err) {
		session_use_role_path(session,
				      pgconn_connect_timeout_ms(session_conn(session)));
		begin_listing(proxy);
		return;
	}
	named = *err;
	error_prefix(&named, "the proxy");
	farm_hint_place(proxy->farm->private->opts.conf, &named);
	proxy->listed(proxy->farm, &named);
}

static bool ask_password(void *owner, char **out)
{
	const struct farm_pgfarm *proxy = owner;
	const struct farm_opts *opts = &proxy->farm->private->opts;

	return opts->ask_password(opts->person, out);
}

static void on_waiting(void *owner, const struct error *why, uint64_t pause_ms)
{
	const struct farm_pgfarm *proxy = owner;
	const struct farm_opts *opts = &proxy->farm->private->opts;

	if (opts->waiting)
		opts->waiting(opts->person, why, pause_ms);
}

/* Nothing to do: a query is always running, and reports the error. */
static void on_lost(void *owner, const struct error *err)
{
	(void)owner;
	(void)err;
}

struct farm_pgfarm *farm_pgfarm_start(struct farm *farm, farm_listed_fn *listed)
{
	struct farm_pgfarm *proxy = xcalloc(1, sizeof(*proxy));
	struct farm_private *private = farm->private;
	const struct session_opts opts = {
		.loop = private->opts.loop,
		.info = &private->info,
		.timeout_s = FARM_TIMEOUT_S,
		.answer_ms = farm_answer_ms(farm),
		.program = private->opts.program,
		.lock = SESSION_LOCK_NONE,
		.lock_wait_ms = conf_lock_wait_ms(private->opts.conf),
		.ask_password = ask_password,
		.waiting = on_waiting,
		.ready = on_ready,
		.lost = on_lost,
		.owner = proxy,
	};

	proxy->farm = farm;
	proxy->listed = listed;
	conninfo_set(&private->info, "dbname", PROXY);
	proxy->session = session_start(&opts);
	return proxy;
}

void farm_pgfarm_free(struct farm_pgfarm *proxy)
{
	if (!proxy)
		return;
	farm_place_free(proxy->place);
	free(proxy);
}
