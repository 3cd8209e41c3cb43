/* SPDX-License-Identifier: PostgreSQL */
/*
 * If an account's dump needs relations of another account, they must be loaded first, and
 * they cannot be dropped while the first account exists. So both are restored in one
 * transaction.
 */
#include "task/restore/units.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "catalog/accounts.h"
#include "product/product.h"
#include "task/restore/account.h"

enum { MOST_NAMES = 5 }; /* in a list in a message */

/* The dump of account `from` needs that of another one to be loaded first. */
struct need {
	size_t from;
	size_t to;
};

/* Accounts are numbers here: indexes into the list of the restore. */
struct ties {
	struct restore *restore;
	/* those with a plan, sorted by node and raw name */
	struct restore_account **by_name;
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

static void sort_names(struct ties *ties)
{
	struct restore *restore = ties->restore;

	for (size_t i = 0; i < restore->accounts.count; i++)
		if (restore->accounts.list[i].plan)
			ties->by_name[ties->named++] = &restore->accounts.list[i];
	qsort(ties->by_name, ties->named, sizeof(*ties->by_name), compare_names);
}

/* The account of this name on the same node as `near`; NULL if there is none. */
static struct restore_account *
find(const struct ties *ties, const struct restore_account *near, const char *raw_name)
{
	struct catalog_plan plan = { .raw_name = (char *)raw_name };
	struct restore_account account = { .node = near->node, .plan = &plan };
	struct restore_account *key = &account, **found;

	found = bsearch(&key, ties->by_name, ties->named, sizeof(*ties->by_name),
			compare_names);
	return found ? *found : NULL;
}

static size_t find_leader(struct ties *ties, size_t i)
{
	while (ties->leader[i] != i)
		i = ties->leader[i] = ties->leader[ties->leader[i]];
	return i;
}

/* The unit's account with the lowest number is its leader. */
static void unite(struct ties *ties, size_t a, size_t b)
{
	size_t left = find_leader(ties, a), right = find_leader(ties, b);

	ties->leader[left > right ? left : right] = left > right ? right : left;
}

/* Ties in the present database, from pg_depend. */
static void unite_present(struct ties *ties, size_t index)
{
	const struct restore_account *account = &ties->restore->accounts.list[index];
	const char *hex = account->plan->tied_hex;

	while (*hex) {
		size_t length = strcspn(hex, ",");
		AUTO_FREE char *digits = xstrndup(hex, length);
		AUTO_FREE char *name = catalog_decode_hex(digits);
		const struct restore_account *other = find(ties, account, name);

		hex += length + (hex[length] == ',');
		if (other)
			unite(ties, index,
			      (size_t)(other - ties->restore->accounts.list));
	}
}

/* Ties in the dumps that will be loaded. A bad dump ties nothing. */
static void unite_saved(struct ties *ties, size_t index)
{
	const struct restore_account *account = &ties->restore->accounts.list[index];
	const struct strvec *names = &account->dump.references;

	if (account->error)
		return;
	for (size_t i = 0; i < names->count; i++) {
		const struct restore_account *other = find(ties, account, names->v[i]);
		struct need need = { .from = index };

		if (!other || other == account || other->error)
			continue;
		need.to = (size_t)(other - ties->restore->accounts.list);
		ties->needs =
			xgrow(ties->needs, ties->need_count, sizeof(ties->needs[0]));
		ties->needs[ties->need_count++] = need;
		if (strcmp(other->plan->name, PRODUCT_GLOBAL) != 0)
			unite(ties, index, need.to);
	}
}

/* ---- the order within a unit ---- */

enum { NOT_SEEN, SEEN, PLACED };

/* Place first what the account needs, then the account. `needs` is sorted by `from`. */
static void place(struct ties *ties, unsigned char *seen, size_t index)
{
	struct restore_account *account = &ties->restore->accounts.list[index];
	struct restore_unit *unit = account->unit;
	size_t low = 0, high = ties->need_count;

	seen[index] = SEEN;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ties->needs[middle].from < index)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < ties->need_count && ties->needs[low].from == index; low++) {
		size_t to = ties->needs[low].to;

		if (ties->restore->accounts.list[to].unit != unit)
			continue;
		if (seen[to] == SEEN)
			unit->is_circular = true;
		else if (seen[to] == NOT_SEEN)
			place(ties, seen, to);
	}
	seen[index] = PLACED;
	unit->accounts[unit->count++] = account;
}

static void begin_units(struct ties *ties)
{
	struct restore *restore = ties->restore;
	AUTO_FREE size_t *sizes = xcalloc(restore->accounts.count + 1, sizeof(*sizes));

	for (size_t i = 0; i < restore->accounts.count; i++)
		if (restore->accounts.list[i].plan)
			sizes[find_leader(ties, i)]++;
	restore->units.list =
		xcalloc(restore->accounts.count + 1, sizeof(*restore->units.list));
	for (size_t i = 0; i < restore->accounts.count; i++) {
		struct restore_account *account = &restore->accounts.list[i];
		size_t leader = find_leader(ties, i);
		struct restore_unit *unit;

		if (!account->plan)
			continue;
		if (leader == i) {
			unit = &restore->units.list[restore->units.count++];
			*unit = (struct restore_unit){ .restore = restore,
						       .node = account->node };
			unit->accounts = xcalloc(sizes[i], sizeof(*unit->accounts));
			account->unit = unit;
		}
		account->unit = restore->accounts.list[leader].unit;
		account->unit->has_global |= !strcmp(account->plan->name, PRODUCT_GLOBAL);
	}
}

void restore_units_make(struct restore *restore)
{
	size_t count = restore->accounts.count;
	AUTO_FREE struct restore_account **by_name = xcalloc(count + 1, sizeof(*by_name));
	AUTO_FREE size_t *leader = xcalloc(count + 1, sizeof(*leader));
	AUTO_FREE unsigned char *seen = xcalloc(count + 1, 1);
	struct ties ties = { .restore = restore, .by_name = by_name, .leader = leader };

	sort_names(&ties);
	for (size_t i = 0; i < count; i++)
		leader[i] = i;
	for (size_t i = 0; i < count; i++) {
		if (!restore->accounts.list[i].plan)
			continue;
		unite_present(&ties, i);
		unite_saved(&ties, i);
	}
	begin_units(&ties);
	for (size_t i = 0; i < count; i++)
		if (restore->accounts.list[i].plan && seen[i] == NOT_SEEN)
			place(&ties, seen, i);
	free(ties.needs);
}

/* ---- accounts that fail with their unit ---- */

static const struct restore_account *find_failed(const struct restore_unit *unit)
{
	for (size_t i = 0; i < unit->count; i++)
		if (unit->accounts[i]->error)
			return unit->accounts[i];
	return NULL;
}

void restore_units_fail(struct restore *restore)
{
	for (size_t i = 0; i < restore->units.count; i++) {
		const struct restore_unit *unit = &restore->units.list[i];
		const struct restore_account *failed = find_failed(unit);
		struct error err;

		if (!failed)
			continue;
		error_set(&err, ERROR_DATA,
			  "it is restored together with account %s or not at all, and "
			  "that one cannot be restored",
			  failed->plan->name);
		for (size_t k = 0; k < unit->count; k++)
			restore_account_fail(unit->accounts[k], "plan", &err);
	}
}

char *restore_unit_list(const struct restore_unit *unit)
{
	struct strbuf out = { 0 };

	for (size_t i = 0; i < unit->count && i < MOST_NAMES; i++)
		strbuf_add_format(&out, "%s%s",
				  !i                     ? ""
				  : i == unit->count - 1 ? " and "
							 : ", ",
				  unit->accounts[i]->plan->name);
	if (unit->count > MOST_NAMES)
		strbuf_add_format(&out, " and %zu more", unit->count - MOST_NAMES);
	return strbuf_detach(&out);
}

void restore_units_release(struct restore *restore)
{
	for (size_t i = 0; i < restore->units.count; i++) {
		free(restore->units.list[i].transaction);
		free(restore->units.list[i].accounts);
	}
	free(restore->units.list);
}
