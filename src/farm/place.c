/* SPDX-License-Identifier: PostgreSQL */
#include "farm/place.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "catalog/accounts.h"
#include "farm/backend.h"
#include "product/product.h"

/* Accounts per query, and the least time for a query about one of them. */
enum { PLACE_MOST = 200, PLACE_LEAST_MS = 100 };

/* One query here, however many the proxy makes of it. The function may return a value or
 * a set. */
static const char place_sql[] =
	"SELECT a.name, r.node FROM unnest($1::text[]) a (name)"
	" LEFT JOIN LATERAL registered(a.name, '') r (node) ON true";

struct range {
	size_t first, count;
};

struct farm_place {
	struct farm *farm;
	struct session *proxy;
	farm_listed_fn *done;
	struct strvec wanted; /* names */
	/* a stack of ranges of `wanted` that are still to be placed */
	struct range *ranges;
	size_t range_count;
	/* the proxy did not answer in time: ask for one account at a time */
	bool is_hurried;
	uint64_t limit_ms;    /* time limit of a query */
	uint64_t patience_ms; /* time left for all queries that are not answered */
};

static void place_next(struct farm_place *place);

/* Is it among the accounts of the farm, as far as is known? */
static bool is_listed(const struct farm *f, const char *name)
{
	return (!strcmp(name, PRODUCT_GLOBAL) && !f->private->opts.names->count) ||
	       farm_is_registered(f, name);
}

bool farm_is_former(const struct farm *f, const char *name)
{
	return !f->private->opts.names->count && !is_listed(f, name);
}

/* ---- what is still to be asked for ---- */

static void push(struct farm_place *place, size_t first, size_t count)
{
	place->ranges = xgrow(place->ranges, place->range_count, sizeof(*place->ranges));
	place->ranges[place->range_count++] = (struct range){ first, count };
}

/* Cut the topmost range down to what one query may ask for. */
static struct range cut(struct farm_place *place)
{
	struct range range = place->ranges[place->range_count - 1];
	size_t most = place->is_hurried ? 1 : PLACE_MOST;

	if (range.count <= most)
		return range;
	place->range_count--;
	push(place, range.first + most, range.count - most);
	push(place, range.first, most);
	return place->ranges[place->range_count - 1];
}

/* ---- when the proxy fails ---- */

static void give_up(struct farm_place *place, struct range range, const struct error *err)
{
	const char *name = place->wanted.v[range.first];
	struct farm_account *account = farm_add_account(place->farm, name);

	account->is_registered = true; /* as far as is known */
	account->is_unknown = true;
	account->problem = str_format("the proxy cannot say where it is: %s", err->text);
}

static void ask_in_time(struct farm_place *place)
{
	session_use_role_path(place->proxy, place->limit_ms);
	place_next(place);
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/*
 * The proxy is waiting for a node that does not answer. Accounts on other nodes are found
 * by asking for one account at a time. The first queries get much time, since the proxy
 * may have to connect to a node, and later ones less and less, since a silent node may
 * have many accounts.
 */
static void hurry(struct farm_place *place, struct range range, const struct error *err)
{
	if (place->is_hurried)
		give_up(place, range, err);
	else
		push(place, range.first, range.count);
	place->is_hurried = true;
	place->patience_ms -= least(place->limit_ms, place->patience_ms);
	place->limit_ms = place->patience_ms / 4;
	if (place->limit_ms < PLACE_LEAST_MS)
		place->limit_ms = PLACE_LEAST_MS;
	ask_in_time(place);
}

/* The proxy fails for some of them, for example because their node is down: find out
 * which. */
static void narrow_down(struct farm_place *place, struct range range,
			const struct error *err)
{
	size_t half = range.count / 2;

	if (half) {
		push(place, range.first + half, range.count - half);
		push(place, range.first, half);
	} else {
		give_up(place, range, err);
	}
	place_next(place);
}

/* ---- its answers ---- */

static void take_place(struct farm_place *place, const char *name, const char *node)
{
	const struct farm_opts *opts = &place->farm->private->opts;
	struct farm_account *account;

	if (!(node && *node) && farm_is_former(place->farm, name))
		return;
	account = farm_add_account(place->farm, name);
	if (node && *node)
		account->node = farm_require_node(place->farm, node);
	account->is_registered =
		is_listed(place->farm, name) || (account->node && opts->names->count);
	if (!account->node && account->is_registered)
		account->problem = xstrdup("it is registered, but on no node");
}

static void fail(const struct farm_place *place, const struct error *err)
{
	struct error named = *err;

	farm_hint_list("", &named);
	place->done(place->farm, &named);
}

static void on_placed(void *owner, const struct pg_result *result,
		      const struct error *err)
{
	struct farm_place *place = owner;
	struct range range;
	const char *sqlstate;

	if (place->farm->private->is_closing) /* the proxy is closing */
		return;
	range = place->ranges[--place->range_count];
	sqlstate = pgconn_failure(session_conn(place->proxy))->sqlstate;
	if (err && !*sqlstate) { /* no answer at all */
		fail(place, err);
	} else if (err && !strcmp(sqlstate, SQLSTATE_QUERY_CANCELED)) { /* too slow */
		hurry(place, range, err);
	} else if (err) {
		narrow_down(place, range, err);
	} else {
		for (int i = 0; i < pgresult_rows(result); i++)
			take_place(place, pgresult_value(result, i, 0),
				   pgresult_value(result, i, 1));
		place_next(place);
	}
}

static void place_next(struct farm_place *place)
{
	AUTO_STRVEC struct strvec names = { 0 };
	AUTO_FREE char *array = NULL;
	struct range range;

	if (!place->range_count) {
		place->done(place->farm, NULL);
		return;
	}
	range = cut(place);
	for (size_t i = 0; i < range.count; i++)
		strvec_push(&names, place->wanted.v[range.first + i]);
	array = catalog_format_array(&names);
	pgconn_query(session_conn(place->proxy), place_sql,
		     (const char *const[]){ array }, 1, on_placed, place);
}

struct farm_place *farm_place_new(struct farm *farm, struct session *proxy,
				  farm_listed_fn *done)
{
	struct farm_place *place = xcalloc(1, sizeof(*place));

	place->farm = farm;
	place->proxy = proxy;
	place->done = done;
	return place;
}

void farm_place_add(struct farm_place *place, const char *name)
{
	strvec_push(&place->wanted, name);
}

void farm_place_start(struct farm_place *place)
{
	place->patience_ms = pgconn_connect_timeout_ms(session_conn(place->proxy));
	place->limit_ms = place->patience_ms / 2;
	push(place, 0, place->wanted.count);
	ask_in_time(place);
}

void farm_place_free(struct farm_place *place)
{
	if (!place)
		return;
	strvec_release(&place->wanted);
	free(place->ranges);
	free(place);
}
