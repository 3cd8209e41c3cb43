/* SPDX-License-Identifier: PostgreSQL */
/* Are there lock slots enough? One transaction needs those of all its accounts, and
 * several run at once. */
#include "task/restore/internal.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/str.h"

/* A server has some room more than it promises: at least, and at most. */
enum { SURE_LOCKS = 300, SPARE_LOCKS = 2000 };

static bool is_to_run(const struct restore_unit *u)
{
	for (size_t i = 0; i < u->count; i++)
		if (u->accounts[i]->error)
			return false;
	return u->count > 0;
}

static uint64_t count_locks(const struct restore_unit *u)
{
	uint64_t locks = 0;

	for (size_t i = 0; i < u->count; i++)
		locks += u->accounts[i]->locks;
	return locks;
}

static uint64_t free_slots(const struct restore_node *n)
{
	uint64_t slots = n->lock_slots + SURE_LOCKS;

	return slots > n->foreign_locks ? slots - n->foreign_locks : 0;
}

/* It needs more than there is, whatever others do. */
static void fail_unit(struct restore_unit *u, uint64_t needed)
{
	uint64_t slots = u->node->lock_slots;
	AUTO_FREE char *names = restore_list_unit(u);
	struct error err;

	error_set(&err, ERROR_DATA,
		  "its transaction%s%s%s needs %" PRIu64
		  " locks or more, and the server has room for %" PRIu64,
		  u->count > 1 ? ", of accounts " : "", u->count > 1 ? names : "",
		  u->count > 1 ? "," : "", needed, slots);
	error_hint(&err,
		   "raise max_locks_per_transaction in the server's configuration to "
		   "%" PRIu64 " times what it is, and restart it",
		   2 * needed / slots + 1);
	restore_account_failed(u->accounts[0], "plan", &err);
}

/* Returns what it needs if it is to be tried, else 0. */
static uint64_t check_unit(struct restore_unit *u)
{
	const struct restore_node *n = u->node;
	uint64_t needed = count_locks(u);

	if (!is_to_run(u) || !n->lock_slots)
		return 0;
	if (needed > n->lock_slots + n->lock_slots / 4 + SPARE_LOCKS) {
		fail_unit(u, needed);
		return 0;
	}
	if (needed > free_slots(n))
		log_warning(u->restore->opts.log,
			    "account %s%s needs %" PRIu64
			    " locks at once or more, and of %" PRIu64
			    " that the server promises others have %" PRIu64
			    ": if restoring it fails, raise max_locks_per_transaction",
			    u->accounts[0]->plan->name,
			    u->count > 1 ? " with those tied to it" : "", needed,
			    n->lock_slots, n->foreign_locks);
	return needed;
}

static int compare_descending(const void *a, const void *b)
{
	const uint64_t *left = a, *right = b;

	return (*left < *right) - (*left > *right);
}

/* At worst the largest run side by side. */
static void check_jobs(const struct restore_node *n, uint64_t *needed, size_t count)
{
	uint64_t sum = 0, room = free_slots(n);
	size_t jobs = n->group.jobs < count ? n->group.jobs : count, fit = 0;

	if (count)
		qsort(needed, count, sizeof(*needed), compare_descending);
	for (size_t i = 0; i < jobs; i++) {
		sum += needed[i];
		fit += sum <= room;
	}
	if (sum > room && fit > 0)
		log_warning(n->restore->opts.log,
			    "%zu restores at once may need %" PRIu64
			    " locks or more, and the server has room for %" PRIu64
			    ": if some fail, use --jobs=%zu, or raise "
			    "max_locks_per_transaction",
			    jobs, sum, room, fit);
}

void restore_check_locks(struct restore *r)
{
	AUTO_FREE uint64_t *needed = xcalloc(r->unit_count + 1, sizeof(*needed));

	for (size_t i = 0; i < r->farm->node_count; i++) {
		const struct restore_node *n = &r->nodes[i];
		size_t count = 0;

		for (size_t k = 0; k < r->unit_count; k++) {
			uint64_t locks =
				r->units[k].node == n ? check_unit(&r->units[k]) : 0;

			if (locks && !r->units[k].has_global) /* which comes alone */
				needed[count++] = locks;
		}
		check_jobs(n, needed, count);
	}
}
