/* SPDX-License-Identifier: PostgreSQL */
/*
 * Which accounts come back together. Two are tied when something of the one's metamodel
 * would go with the other's, as the database is now, or when the dump of one, if both are
 * in order, names relations of the other. _global alone is no reason: it is restored
 * before.
 */
#include "task/restore/internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "catalog/accounts.h"
#include "product/product.h"

enum { MOST_NAMES = 5 }; /* in a list for people */

/* The dump of an account needs another one's to be loaded before. */
struct need {
	size_t from;
	size_t to;
};

/* Accounts are numbers: their places in the restore. */
struct ties {
	struct restore *restore;
	struct restore_account **by_name; /* those that have a plan: by node, raw name */
	size_t named;
	size_t *leader; /* of each account's unit: see find_leader() */
	struct need *needs;
	size_t need_count;
};

static int compare_names(const void *a, const void *b)
{
	const struct restore_account *left = *(struct restore_account *const *)a;
	const struct restore_account *right = *(struct restore_account *const *)b;

	if (left->node != right->node)
		return left->node < right->node ? -1 : 1;
	return strcmp(left->plan->raw_name, right->plan->raw_name);
}

static void sort_names(struct ties *t)
{
	struct restore *r = t->restore;

	for (size_t i = 0; i < r->account_count; i++)
		if (r->accounts[i].plan)
			t->by_name[t->named++] = &r->accounts[i];
	qsort(t->by_name, t->named, sizeof(*t->by_name), compare_names);
}

/* The account of this name on the node of another one; NULL: there is none. */
static struct restore_account *
find(const struct ties *t, const struct restore_account *near, const char *raw_name)
{
	struct catalog_plan plan = { .raw_name = (char *)raw_name };
	struct restore_account account = { .node = near->node, .plan = &plan };
	struct restore_account *key = &account, **found;

	found = bsearch(&key, t->by_name, t->named, sizeof(*t->by_name), compare_names);
	return found ? *found : NULL;
}

static size_t find_leader(struct ties *t, size_t i)
{
	while (t->leader[i] != i)
		i = t->leader[i] = t->leader[t->leader[i]];
	return i;
}

/* The first account of a unit leads it. */
static void unite(struct ties *t, size_t a, size_t b)
{
	size_t left = find_leader(t, a), right = find_leader(t, b);

	t->leader[left > right ? left : right] = left > right ? right : left;
}

/* As pg_depend says. */
static void unite_present(struct ties *t, size_t index)
{
	const struct restore_account *a = &t->restore->accounts[index];
	const char *hex = a->plan->tied_hex;

	while (*hex) {
		size_t length = strcspn(hex, ",");
		AUTO_FREE char *digits = xstrndup(hex, length);
		AUTO_FREE char *name = catalog_decode_hex(digits);
		const struct restore_account *other = find(t, a, name);

		hex += length + (hex[length] == ',');
		if (other)
			unite(t, index, (size_t)(other - t->restore->accounts));
	}
}

/* As the dumps say: those that will be loaded. What a bad one names ties nobody to it. */
static void unite_saved(struct ties *t, size_t index)
{
	const struct restore_account *a = &t->restore->accounts[index];
	const struct strvec *names = &a->dump.references;

	if (a->error)
		return;
	for (size_t i = 0; i < names->count; i++) {
		const struct restore_account *other = find(t, a, names->v[i]);
		struct need need = { .from = index };

		if (!other || other == a || other->error)
			continue;
		need.to = (size_t)(other - t->restore->accounts);
		t->needs = xgrow(t->needs, t->need_count, sizeof(t->needs[0]));
		t->needs[t->need_count++] = need;
		if (strcmp(other->plan->name, PRODUCT_GLOBAL) != 0)
			unite(t, index, need.to);
	}
}

/* ---- the order within a unit ---- */

enum { NOT_SEEN, SEEN, PLACED };

/* What it needs first, then the account. `needs` are in the order of their `from`. */
static void place(struct ties *t, unsigned char *seen, size_t index)
{
	struct restore_account *a = &t->restore->accounts[index];
	struct restore_unit *u = a->unit;
	size_t low = 0, high = t->need_count;

	seen[index] = SEEN;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (t->needs[middle].from < index)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < t->need_count && t->needs[low].from == index; low++) {
		size_t to = t->needs[low].to;

		if (t->restore->accounts[to].unit != u)
			continue;
		if (seen[to] == SEEN)
			u->is_circular = true;
		else if (seen[to] == NOT_SEEN)
			place(t, seen, to);
	}
	seen[index] = PLACED;
	u->accounts[u->count++] = a;
}

static void begin_units(struct ties *t)
{
	struct restore *r = t->restore;
	AUTO_FREE size_t *sizes = xcalloc(r->account_count + 1, sizeof(*sizes));

	for (size_t i = 0; i < r->account_count; i++)
		if (r->accounts[i].plan)
			sizes[find_leader(t, i)]++;
	r->units = xcalloc(r->account_count + 1, sizeof(*r->units));
	for (size_t i = 0; i < r->account_count; i++) {
		struct restore_account *a = &r->accounts[i];
		size_t leader = find_leader(t, i);
		struct restore_unit *u;

		if (!a->plan)
			continue;
		if (leader == i) {
			u = &r->units[r->unit_count++];
			*u = (struct restore_unit){ .restore = r, .node = a->node };
			u->accounts = xcalloc(sizes[i], sizeof(*u->accounts));
			a->unit = u;
		}
		a->unit = r->accounts[leader].unit;
		a->unit->has_global |= !strcmp(a->plan->name, PRODUCT_GLOBAL);
	}
}

void restore_make_units(struct restore *r)
{
	size_t count = r->account_count;
	AUTO_FREE struct restore_account **by_name = xcalloc(count + 1, sizeof(*by_name));
	AUTO_FREE size_t *leader = xcalloc(count + 1, sizeof(*leader));
	AUTO_FREE unsigned char *seen = xcalloc(count + 1, 1);
	struct ties t = { .restore = r, .by_name = by_name, .leader = leader };

	sort_names(&t);
	for (size_t i = 0; i < count; i++)
		leader[i] = i;
	for (size_t i = 0; i < count; i++) {
		if (!r->accounts[i].plan)
			continue;
		unite_present(&t, i);
		unite_saved(&t, i);
	}
	begin_units(&t);
	for (size_t i = 0; i < count; i++)
		if (r->accounts[i].plan && seen[i] == NOT_SEEN)
			place(&t, seen, i);
	free(t.needs);
}

/* ---- what becomes of a unit ---- */

static const struct restore_account *find_failed(const struct restore_unit *u)
{
	for (size_t i = 0; i < u->count; i++)
		if (u->accounts[i]->error)
			return u->accounts[i];
	return NULL;
}

void restore_fail_units(struct restore *r)
{
	for (size_t i = 0; i < r->unit_count; i++) {
		const struct restore_unit *u = &r->units[i];
		const struct restore_account *failed = find_failed(u);
		struct error err;

		if (!failed)
			continue;
		error_set(&err, ERROR_DATA,
			  "it comes back together with account %s or not at all, and "
			  "that cannot be restored",
			  failed->plan->name);
		for (size_t k = 0; k < u->count; k++)
			restore_account_failed(u->accounts[k], "plan", &err);
	}
}

char *restore_list_unit(const struct restore_unit *u)
{
	struct strbuf out = { 0 };

	for (size_t i = 0; i < u->count && i < MOST_NAMES; i++)
		strbuf_add_format(&out, "%s%s",
				  !i                  ? ""
				  : i == u->count - 1 ? " and "
						      : ", ",
				  u->accounts[i]->plan->name);
	if (u->count > MOST_NAMES)
		strbuf_add_format(&out, " and %zu more", u->count - MOST_NAMES);
	return strbuf_detach(&out);
}

void restore_free_units(struct restore *r)
{
	for (size_t i = 0; i < r->unit_count; i++) {
		free(r->units[i].transaction);
		free(r->units[i].accounts);
	}
	free(r->units);
}
