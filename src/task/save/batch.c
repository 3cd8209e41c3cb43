/* SPDX-License-Identifier: PostgreSQL */
/*
 * Each pg_dump reads the whole catalogue, so one pg_dump for many accounts is faster than
 * one for each. If it fails, nobody knows which account is at fault; halving the batch
 * finds out, and costs the others little.
 */
#include "task/save/batch.h"

#include <assert.h>
#include <stdlib.h>

#include "base/str.h"
#include "pg/pattern.h"
#include "task/save/batch_size.h"
#include "task/save/dump_end.h"

/* Log it if lock slots make the number of batches this many times as large. */
enum { FEW_LOCKS = 4 };

struct save_batch *save_batch_of(struct work_item *item)
{
	return (struct save_batch *)((char *)item - offsetof(struct save_batch, item));
}

static struct save_batch *add_batch(struct save *save, struct save_account **accounts,
				    size_t count)
{
	struct save_batches *batches = &save->batches;
	struct save_batch *batch = xcalloc(1, sizeof(*batch));

	batch->save = save;
	batch->node = accounts[0]->node;
	batch->accounts = accounts;
	batch->count = count;
	batch->item.group = &batch->node->group;
	for (size_t i = 0; i < count; i++)
		accounts[i]->batch = batch;
	batches->list = xgrow(batches->list, batches->count, sizeof(batches->list[0]));
	batches->list[batches->count++] = batch;
	return batch;
}

/* ---- before the first pg_dump ---- */

/* What all tenants of a product share would tie all of them together, so it is dumped
 * alone. It comes first. */
static bool must_be_alone(const struct save_account *account)
{
	return account->place->is_global && account->save->opts.conf->product.is_whole;
}

/* How many of these accounts fit into one batch. */
static size_t measure_batch(const struct batch_limits *limits,
			    struct save_account *const *accounts, size_t count)
{
	size_t pattern_bytes = 0;
	uint64_t locks = 0;
	size_t fitting = 0;

	for (; fitting < count && fitting < limits->accounts; fitting++) {
		const struct catalog_account *listed = accounts[fitting]->listed;

		if (fitting && must_be_alone(accounts[0]))
			break;
		locks += listed->relations;
		pattern_bytes += pattern_bytes_max(listed->raw_name);
		if (fitting &&
		    (locks > limits->locks || pattern_bytes > limits->pattern_bytes))
			break;
	}
	return fitting;
}

static void log_choice(const struct save_node *node, const struct batch_limits *limits,
		       size_t batches)
{
	const struct save *save = node->save;
	const struct capacity *capacity = &node->listing.capacity;
	const char *dbname = session_facts(node->farm_node->session)->dbname;
	const char *unit = save->opts.conf->batch ? "as told" : "auto";
	size_t count = node->queue.count;

	if (!capacity->relations) { /* not asked for with one account per pg_dump */
		log_debug(save->opts.log,
			  "database %s: %zu account%s, each with a pg_dump of its own",
			  dbname, count, count == 1 ? "" : "s");
		return;
	}
	log_debug(save->opts.log,
		  "database %s: %zu account%s in %zu batch%s of at most %zu (%s): %llu "
		  "relations in the catalogue, %llu free lock slots, of which each of %u "
		  "jobs takes at most %llu",
		  dbname, count, count == 1 ? "" : "s", batches, batches == 1 ? "" : "es",
		  limits->accounts, unit, (unsigned long long)capacity->relations,
		  (unsigned long long)capacity->free_locks, node->listing.jobs,
		  (unsigned long long)limits->locks);
}

/* Administrators want to know that a setting of the server costs time. */
static void log_few_locks(const struct save_node *node, const struct batch_facts *facts,
			  size_t batches)
{
	uint64_t locks = 0, good;
	size_t enough;

	for (size_t i = 0; i < node->queue.count; i++)
		locks += node->queue.accounts[i]->listed->relations;
	batch_wish(facts, locks, &enough, &good);
	if (batches >= FEW_LOCKS * enough && facts->free_locks < good)
		log_info(node->save->opts.log,
			 "database %s: %zu batches instead of %zu, which takes longer: "
			 "%llu lock slots are free, %llu would be enough "
			 "(max_locks_per_transaction)",
			 session_facts(node->farm_node->session)->dbname, batches, enough,
			 (unsigned long long)facts->free_locks, (unsigned long long)good);
}

static void divide_queue(const struct save_node *node)
{
	struct save *save = node->save;
	const struct save_queue *queue = &node->queue;
	const struct batch_facts facts = {
		.wanted = save->opts.conf->batch,
		.accounts = queue->count,
		.jobs = node->listing.jobs,
		.relations = node->listing.capacity.relations,
		.free_locks = node->listing.capacity.free_locks,
	};
	struct batch_limits limits;
	size_t before = save->batches.count;

	batch_choose(&facts, &limits);
	for (size_t i = 0; i < queue->count;) {
		size_t count =
			measure_batch(&limits, &queue->accounts[i], queue->count - i);

		add_batch(save, &queue->accounts[i], count);
		i += count;
	}
	log_choice(node, &limits, save->batches.count - before);
	log_few_locks(node, &facts, save->batches.count - before);
}

void save_batches_make(struct save *save)
{
	struct save_accounts *accounts = &save->accounts;
	size_t queued = 0;

	save->batches.queue = xcalloc(accounts->count, sizeof(struct save_account *));
	for (size_t i = 0; i < save->nodes.farm->node_count; i++) {
		struct save_node *node = &save->nodes.list[i];
		size_t first = queued;

		for (size_t k = 0; k < accounts->count; k++)
			if (accounts->list[k].node == node &&
			    accounts->list[k].state == ACCOUNT_PENDING)
				save->batches.queue[queued++] = &accounts->list[k];
		node->queue.accounts = &save->batches.queue[first];
		node->queue.count = queued - first;
		if (node->queue.count)
			divide_queue(node);
	}
}

/* ---- after a pg_dump has failed ---- */

static void start_batch(struct save *save, struct save_account **accounts, size_t count)
{
	struct save_batch *batch = add_batch(save, accounts, count);
	const struct farm_node *node = batch->node->farm_node;
	struct error err;

	if (worklist_add(save->dump.worklist, &batch->item))
		return;
	/* the node is lost, or the run is cancelled */
	error_set(&err, ERROR_CHILD, "pg_dump was stopped");
	for (size_t i = 0; i < count; i++)
		save_dump_end_failed(accounts[i], node->is_lost ? &node->error : &err);
}

/* What is added last is dumped first, so there is soon something that succeeds. */
void save_batch_divide(struct save_batch *batch)
{
	struct save *save = batch->save;
	size_t half = batch->count / 2;

	assert(half);
	if (batch->node->setbacks.has_unknown_archives) {
		for (size_t i = batch->count; i > 0; i--)
			start_batch(save, batch->accounts + i - 1, 1);
		return;
	}
	start_batch(save, batch->accounts + half, batch->count - half);
	start_batch(save, batch->accounts, half);
}

void save_batch_cut(struct save_batch *batch, size_t kept)
{
	size_t count = batch->count - kept;

	batch->count = kept;
	start_batch(batch->save, batch->accounts + kept, count);
}

void save_batch_single_out(struct save_account *account)
{
	struct save_batch *batch = account->batch;

	for (size_t i = 0; i < batch->count; i++)
		if (batch->accounts[i] == account)
			start_batch(account->save, batch->accounts + i, 1);
}

void save_batches_release(struct save *save)
{
	struct save_batches *batches = &save->batches;

	for (size_t i = 0; i < batches->count; i++) {
		assert(!batches->list[i]->stream && !batches->list[i]->item.pause);
		free(batches->list[i]);
	}
	free(batches->list);
	free(batches->queue);
}
