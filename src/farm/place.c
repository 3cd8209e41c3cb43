/* SPDX-License-Identifier: PostgreSQL */
/* On which node of a PgFarm is each account? Only the proxy is asked. */
#include "farm/internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "catalog/accounts.h"
#include "product/product.h"

/* Accounts in a query; and how long one of them may take at least. */
enum { PLACE_MOST = 200, PLACE_LEAST_MS = 100 };

/* One query of ours, however many the proxy makes of it. The function may give a value or
 * a set. */
static const char place_sql[] =
	"SELECT a.name, r.node FROM unnest($1::text[]) a (name)"
	" LEFT JOIN LATERAL registered(a.name, '') r (node) ON true";

static void place_next(struct farm *f);

bool farm_is_listed(const struct farm *f, const char *name)
{
	return (!strcmp(name, PRODUCT_GLOBAL) && !f->private->opts.names->count) ||
	       farm_is_registered(f, name);
}

bool farm_is_former(const struct farm *f, const char *name)
{
	return !f->private->opts.names->count && !farm_is_listed(f, name);
}

/* ---- what is still to be asked for ---- */

static void push(struct farm_private *p, size_t first, size_t count)
{
	p->ranges = xgrow(p->ranges, p->range_count, sizeof(*p->ranges));
	p->ranges[p->range_count++] = (struct farm_range){ first, count };
}

/* Leave no more in the topmost range than one query may ask for. */
static struct farm_range cut(struct farm_private *p)
{
	struct farm_range range = p->ranges[p->range_count - 1];
	size_t most = p->is_hurried ? 1 : PLACE_MOST;

	if (range.count <= most)
		return range;
	p->range_count--;
	push(p, range.first + most, range.count - most);
	push(p, range.first, most);
	return p->ranges[p->range_count - 1];
}

/* ---- when the proxy cannot say it ---- */

static void give_up(struct farm *f, struct farm_range range, const struct error *err)
{
	struct farm_account *a = farm_add_account(f, f->private->wanted.v[range.first]);

	a->is_registered = true; /* for all we know */
	a->is_unknown = true;
	a->problem = str_format("the proxy cannot say where it is: %s", err->text);
}

static void ask_in_time(struct farm *f)
{
	session_use_role_path(f->private->proxy, f->private->limit_ms);
	place_next(f);
}

/*
 * It asks a node that does not answer. Those of other nodes are found by asking for one
 * account after the other: with much patience at first, since the proxy may have to
 * connect to their node, and with ever less, since a silent node may have many.
 */
static void hurry(struct farm *f, struct farm_range range, const struct error *err)
{
	struct farm_private *p = f->private;

	if (p->is_hurried)
		give_up(f, range, err);
	else
		push(p, range.first, range.count);
	p->is_hurried = true;
	p->patience_ms -= p->limit_ms < p->patience_ms ? p->limit_ms : p->patience_ms;
	p->limit_ms =
		p->patience_ms / 4 > PLACE_LEAST_MS ? p->patience_ms / 4 : PLACE_LEAST_MS;
	ask_in_time(f);
}

/* It cannot say it of all of them, such as when their node is down: of which? */
static void narrow_down(struct farm *f, struct farm_range range, const struct error *err)
{
	struct farm_private *p = f->private;
	size_t half = range.count / 2;

	if (half) {
		push(p, range.first + half, range.count - half);
		push(p, range.first, half);
	} else {
		give_up(f, range, err);
	}
	place_next(f);
}

/* ---- */

static void take_place(struct farm *f, const char *name, const char *node)
{
	struct farm_account *a;

	if (!(node && *node) && farm_is_former(f, name))
		return;
	a = farm_add_account(f, name);
	if (node && *node)
		a->node = farm_require_node(f, node);
	a->is_registered =
		farm_is_listed(f, name) || (a->node && f->private->opts.names->count);
	if (!a->node && a->is_registered)
		a->problem = xstrdup("it is registered, but on no node");
}

static void on_placed(void *owner, const struct pg_result *result,
		      const struct error *err)
{
	struct farm *f = owner;
	struct farm_private *p = f->private;
	struct farm_range range;
	const char *sqlstate;

	if (p->is_closing) /* without the proxy */
		return;
	range = p->ranges[--p->range_count];
	sqlstate = pgconn_failure(session_conn(p->proxy))->sqlstate;
	if (err && !*sqlstate) {
		farm_list_failed(f, sqlstate, err); /* no answer at all */
	} else if (err &&
		   !strcmp(sqlstate, SQLSTATE_QUERY_CANCELED)) { /* it took too long */
		hurry(f, range, err);
	} else if (err) {
		narrow_down(f, range, err);
	} else {
		for (int i = 0; i < pgresult_rows(result); i++)
			take_place(f, pgresult_value(result, i, 0),
				   pgresult_value(result, i, 1));
		place_next(f);
	}
}

static void place_next(struct farm *f)
{
	struct farm_private *p = f->private;
	AUTO_STRVEC struct strvec names = { 0 };
	AUTO_FREE char *array = NULL;
	struct farm_range range;

	if (!p->range_count) {
		farm_placed(f);
		return;
	}
	range = cut(p);
	for (size_t i = 0; i < range.count; i++)
		strvec_push(&names, p->wanted.v[range.first + i]);
	array = catalog_format_array(&names);
	pgconn_query(session_conn(p->proxy), place_sql, (const char *const[]){ array }, 1,
		     on_placed, f);
}

void farm_place(struct farm *f)
{
	struct farm_private *p = f->private;

	p->patience_ms = pgconn_connect_timeout_ms(session_conn(p->proxy));
	p->limit_ms = p->patience_ms / 2;
	push(p, 0, p->wanted.count);
	ask_in_time(f);
}
