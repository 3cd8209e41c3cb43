/* SPDX-License-Identifier: PostgreSQL */
/* Which accounts are dumped together, and what becomes of those whose batch failed. */
#include "task/save/internal.h"

#include <assert.h>
#include <stdlib.h>

#include "base/str.h"
#include "pg/pattern.h"
#include "task/save/batch_size.h"

/* So many times as many batches as there could be are worth a word. */
enum { FEW_LOCKS = 4 };

static struct save_batch *add_batch(struct save *s, struct save_account **accounts,
				    size_t count)
{
	struct save_batch *b = xcalloc(1, sizeof(*b));

	*b = (struct save_batch){
		.save = s, .node = accounts[0]->node, .accounts = accounts, .count = count
	};
	b->item.group = &b->node->group;
	for (size_t i = 0; i < count; i++)
		accounts[i]->batch = b;
	s->batches = xgrow(s->batches, s->batch_count, sizeof(s->batches[0]));
	s->batches[s->batch_count++] = b;
	return b;
}

/* As many of these accounts as one batch may have. */
static size_t measure_batch(const struct batch_limits *limits,
			    struct save_account *const *accounts, size_t count)
{
	size_t pattern_bytes = 0;
	uint64_t locks = 0;
	size_t n = 0;

	for (; n < count && n < limits->accounts; n++) {
		locks += accounts[n]->model->relations;
		pattern_bytes += pattern_bytes_max(accounts[n]->model->raw_name);
		if (n && (locks > limits->locks || pattern_bytes > limits->pattern_bytes))
			break;
	}
	return n;
}

static void log_choice(const struct save_node *n, const struct batch_limits *limits,
		       size_t batches)
{
	const struct save *s = n->save;
	const char *unit = s->opts.conf->batch ? "as told" : "auto";

	if (!n->capacity.relations) { /* with one to a pg_dump nobody asks */
		log_debug(s->opts.log,
			  "database %s: %zu account%s, each with a pg_dump of its own",
			  session_facts(n->farm_node->session)->dbname, n->undumped,
			  n->undumped == 1 ? "" : "s");
		return;
	}
	log_debug(s->opts.log,
		  "database %s: %zu account%s in %zu batch%s of at most %zu (%s): %llu "
		  "relations in the catalogue, %llu free lock slots, of which each of %u "
		  "jobs takes at most %llu",
		  session_facts(n->farm_node->session)->dbname, n->undumped,
		  n->undumped == 1 ? "" : "s", batches, batches == 1 ? "" : "es",
		  limits->accounts, unit, (unsigned long long)n->capacity.relations,
		  (unsigned long long)n->capacity.free_locks, n->group.jobs,
		  (unsigned long long)limits->locks);
}

/* What an administrator would want to know: that a setting of the server costs time. */
static void log_few_locks(const struct save_node *n, const struct batch_facts *facts,
			  struct save_account *const *accounts, size_t batches)
{
	uint64_t locks = 0, good;
	size_t enough;

	for (size_t i = 0; i < n->undumped; i++)
		locks += accounts[i]->model->relations;
	batch_wish(facts, locks, &enough, &good);
	if (batches >= FEW_LOCKS * enough && facts->free_locks < good)
		log_info(n->save->opts.log,
			 "database %s: %zu batches instead of %zu, which takes longer: "
			 "%llu lock slots are free, %llu would be enough "
			 "(max_locks_per_transaction)",
			 session_facts(n->farm_node->session)->dbname, batches, enough,
			 (unsigned long long)facts->free_locks, (unsigned long long)good);
}

static void make_batches(struct save_node *n, struct save_account **accounts)
{
	struct save *s = n->save;
	const struct batch_facts facts = {
		.wanted = s->opts.conf->batch,
		.accounts = n->undumped,
		.jobs = n->group.jobs,
		.relations = n->capacity.relations,
		.free_locks = n->capacity.free_locks,
	};
	struct batch_limits limits;
	size_t before = s->batch_count;

	batch_choose(&facts, &limits);
	for (size_t i = 0; i < n->undumped;) {
		size_t count = measure_batch(&limits, &accounts[i], n->undumped - i);

		add_batch(s, &accounts[i], count);
		i += count;
	}
	log_choice(n, &limits, s->batch_count - before);
	log_few_locks(n, &facts, accounts, s->batch_count - before);
}

void save_make_batches(struct save *s)
{
	size_t first = 0;

	s->queue = xcalloc(s->account_count, sizeof(struct save_account *));
	for (size_t i = 0; i < s->farm->node_count; i++) {
		struct save_node *n = &s->nodes[i];

		for (size_t k = 0; k < s->account_count; k++)
			if (s->accounts[k].node == n && !s->accounts[k].error)
				s->queue[first + n->undumped++] = &s->accounts[k];
		if (n->undumped)
			make_batches(n, &s->queue[first]);
		first += n->undumped;
	}
}

static void start_batch(struct save *s, struct save_account **accounts, size_t count)
{
	struct save_batch *b = add_batch(s, accounts, count);
	const struct farm_node *node = b->node->farm_node;
	struct error err;

	if (worklist_add(s->worklist, &b->item))
		return;
	/* the node is lost, or somebody wants us to stop */
	error_set(&err, ERROR_CHILD, "pg_dump was stopped");
	for (size_t i = 0; i < count; i++)
		save_dump_failed(accounts[i], node->is_lost ? &node->error : &err);
}

/* What is added last comes first: soon there is something that succeeds. */
void save_divide_batch(struct save_batch *b)
{
	size_t half = b->count / 2;

	assert(half);
	if (b->node->has_no_batches) {
		for (size_t i = b->count; i > 0; i--)
			start_batch(b->save, b->accounts + i - 1, 1);
		return;
	}
	start_batch(b->save, b->accounts + half, b->count - half);
	start_batch(b->save, b->accounts, half);
}

void save_cut_batch(struct save_batch *b, size_t kept)
{
	size_t count = b->count - kept;

	b->count = kept;
	start_batch(b->save, b->accounts + kept, count);
}

void save_dump_alone(struct save_account *a)
{
	struct save_batch *b = a->batch;

	for (size_t i = 0; i < b->count; i++)
		if (b->accounts[i] == a)
			start_batch(a->save, b->accounts + i, 1);
}

void save_batches_release(struct save *s)
{
	for (size_t i = 0; i < s->batch_count; i++) {
		assert(!s->batches[i]->stream && !s->batches[i]->item.pause);
		free(s->batches[i]);
	}
	free(s->batches);
	free(s->queue);
}
