/* SPDX-License-Identifier: PostgreSQL */
/* When a server runs out of lock slots, the next session that needs one fails, whoever it
 * is. The plan and the dumps tell beforehand how many slots a restore takes. */
#include "task/restore/lock_slots.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/str.h"
#include "task/restore/account.h"
#include "task/restore/units.h"

/* Beyond its configured lock slots a server has room for some more: at least, and at
 * most. */
enum { SURE_LOCKS = 300, SPARE_LOCKS = 2000 };

static bool is_to_run(const struct restore_unit *unit)
{
	for (size_t i = 0; i < unit->count; i++)
		if (unit->accounts[i]->error)
			return false;
	return unit->count > 0;
}

static uint64_t count_locks(const struct restore_unit *unit)
{
	uint64_t locks = 0;

	for (size_t i = 0; i < unit->count; i++)
		locks += unit->accounts[i]->locks;
	return locks;
}

static uint64_t free_slots(const struct restore_node *node)
{
	uint64_t slots = node->lock_slots + SURE_LOCKS;

	return slots > node->foreign_locks ? slots - node->foreign_locks : 0;
}

/* The unit needs more slots than the server has, even when nobody else uses any. */
static void fail_unit(struct restore_unit *unit, uint64_t needed)
{
	uint64_t slots = unit->node->lock_slots;
	AUTO_FREE char *names = restore_unit_list(unit);
	struct error err;

	error_set(&err, ERROR_DATA,
		  "its transaction%s%s%s needs %" PRIu64
		  " locks or more, and the server has room for %" PRIu64,
		  unit->count > 1 ? ", of accounts " : "", unit->count > 1 ? names : "",
		  unit->count > 1 ? "," : "", needed, slots);
	error_hint(&err,
		   "raise max_locks_per_transaction in the server's configuration to "
		   "%" PRIu64 " times its value, and restart the server",
		   2 * needed / slots + 1);
	restore_account_fail(unit->accounts[0], "plan", &err);
}

/* Returns how many slots it needs, 0 if it is not to be loaded. */
static uint64_t check_unit(struct restore_unit *unit)
{
	const struct restore_node *node = unit->node;
	uint64_t needed = count_locks(unit);

	if (!is_to_run(unit) || !node->lock_slots)
		return 0;
	if (needed > node->lock_slots + node->lock_slots / 4 + SPARE_LOCKS) {
		fail_unit(unit, needed);
		return 0;
	}
	if (needed > free_slots(node))
		log_warning(unit->restore->opts.log,
			    "account %s%s needs %" PRIu64
			    " locks or more at once; of the %" PRIu64
			    " that the server guarantees, others hold %" PRIu64
			    ": if restoring it fails, raise max_locks_per_transaction",
			    unit->accounts[0]->plan->name,
			    unit->count > 1 ? " with the accounts tied to it" : "",
			    needed, node->lock_slots, node->foreign_locks);
	return needed;
}

static int compare_descending(const void *a, const void *b)
{
	const uint64_t *left = a, *right = b;

	return (*left < *right) - (*left > *right);
}

/* In the worst case the largest units run at the same time. */
static void check_jobs(const struct restore_node *node, uint64_t *needed, size_t count)
{
	uint64_t sum = 0, room = free_slots(node);
	size_t jobs = node->jobs < count ? node->jobs : count, fit = 0;

	if (count)
		qsort(needed, count, sizeof(*needed), compare_descending);
	for (size_t i = 0; i < jobs; i++) {
		sum += needed[i];
		fit += sum <= room;
	}
	if (sum > room && fit > 0)
		log_warning(node->restore->opts.log,
			    "%zu concurrent restores may need %" PRIu64
			    " locks or more, and the server has room for %" PRIu64
			    ": if some fail, use --jobs=%zu, or raise "
			    "max_locks_per_transaction",
			    jobs, sum, room, fit);
}

void restore_locks_check(struct restore *restore)
{
	AUTO_FREE uint64_t *needed = xcalloc(restore->units.count + 1, sizeof(*needed));

	for (size_t i = 0; i < restore->nodes.count; i++) {
		const struct restore_node *node = &restore->nodes.list[i];
		size_t count = 0;

		for (size_t k = 0; k < restore->units.count; k++) {
			uint64_t locks = restore->units.list[k].node == node
						 ? check_unit(&restore->units.list[k])
						 : 0;

			if (locks &&
			    !restore->units.list[k].has_global) /* it is loaded alone */
				needed[count++] = locks;
		}
		check_jobs(node, needed, count);
	}
}
