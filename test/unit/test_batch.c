/* SPDX-License-Identifier: PostgreSQL */
#include "unit.h"

#include "base/compiler.h"
#include "task/save/batch_size.h"

/* A quiet server: nothing but the numbers of accounts and jobs matters. */
static struct batch_limits choose(size_t accounts, unsigned jobs, uint64_t relations,
				  uint64_t wanted)
{
	const struct batch_facts facts = {
		.wanted = wanted,
		.accounts = accounts,
		.jobs = jobs,
		.relations = relations,
		.free_locks = 1000000,
	};
	struct batch_limits limits;

	batch_choose(&facts, &limits);
	return limits;
}

static uint64_t locks_of(uint64_t free_locks, unsigned jobs)
{
	const struct batch_facts facts = { .accounts = 1000,
					   .jobs = jobs,
					   .free_locks = free_locks };
	struct batch_limits limits;

	batch_choose(&facts, &limits);
	return limits.locks;
}

static void test_what_was_wanted_is_taken_whatever_else_there_is(void **state)
{
	static const size_t counts[] = { 1, 2, 1000, 1000000 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		assert_int_equal(choose(counts[i], 2, 640000, 1).accounts, 1);
		assert_int_equal(choose(counts[i], 2, 640000, 7).accounts, 7);
		assert_int_equal(choose(counts[i], 9, 0, 100000).accounts, 100000);
	}
}

static void test_with_a_job_for_each_account_each_has_a_child(void **state)
{
	(void)state;
	assert_int_equal(choose(1, 1, 640000, 0).accounts, 1);
	assert_int_equal(choose(4, 4, 640000, 0).accounts, 1);
	assert_int_equal(choose(3, 1000, 640000, 0).accounts, 1);
}

static void test_few_accounts_in_a_small_catalogue_have_a_child_each(void **state)
{
	(void)state;
	assert_int_equal(choose(10, 2, 1000, 0).accounts, 1);
	assert_int_equal(choose(20, 2, 1000, 0).accounts, 1);
}

static void test_a_catalogue_that_takes_long_to_read_is_read_seldom(void **state)
{
	(void)state;
	assert_int_equal(choose(10, 2, 640000, 0).accounts, 5);
}

static void test_many_accounts_are_one_batch_for_each_job(void **state)
{
	static const struct {
		size_t accounts;
		unsigned jobs;
		size_t each;
	} cases[] = {
		{ 1000, 2, 500 },    { 1001, 2, 501 },       { 10000, 3, 3334 },
		{ 10000, 1, 10000 }, { 1000000, 8, 125000 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(
			choose(cases[i].accounts, cases[i].jobs, 64000, 0).accounts,
			cases[i].each);
}

static void test_more_relations_never_make_smaller_batches(void **state)
{
	size_t last = 0;

	(void)state;
	for (uint64_t relations = 0; relations < 100000000;
	     relations = 2 * relations + 1) {
		size_t each = choose(30, 2, relations, 0).accounts;

		assert_true(each >= last);
		last = each;
	}
	assert_int_equal(last, 15);
}

static void test_all_jobs_together_take_at_most_half_of_the_free_locks(void **state)
{
	(void)state;
	for (unsigned jobs = 1; jobs <= 1000; jobs += 37)
		for (uint64_t locks = 0; locks < 100000; locks = 3 * locks + 1)
			assert_true(2 * jobs * locks_of(locks, jobs) <= locks);
	assert_int_equal(locks_of(6400, 2), 1600);
	assert_int_equal(locks_of(0, 2), 0);
}

static void test_with_the_lock_slots_wished_for_there_are_no_more_batches(void **state)
{
	static const uint64_t wanted[] = { 0, 1, 300 };

	(void)state;
	for (unsigned jobs = 1; jobs <= 8; jobs++)
		for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
			struct batch_facts facts = { .wanted = wanted[i],
						     .accounts = 1000,
						     .jobs = jobs,
						     .relations = 64000 };
			struct batch_limits limits;
			size_t batches;

			batch_wish(&facts, 19000, &batches, &facts.free_locks);
			batch_choose(&facts, &limits);
			assert_int_equal(batches,
					 (1000 + limits.accounts - 1) / limits.accounts);
			assert_true(batches * limits.locks >= 19000);
		}
}

static void
test_what_was_wanted_is_bound_by_locks_and_by_an_arguments_length_too(void **state)
{
	const struct batch_facts facts = {
		.wanted = 100000, .accounts = 100000, .jobs = 2, .free_locks = 400
	};
	struct batch_limits limits;

	(void)state;
	batch_choose(&facts, &limits);
	assert_int_equal(limits.locks, 100);
	/* with "--exclude-table=" and ".[^_]*" and the NUL, in MAX_ARG_STRLEN of Linux */
	assert_true(limits.pattern_bytes + sizeof("--exclude-table=().[^_]*") <= 131072);
	assert_true(limits.pattern_bytes > 100000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(test_what_was_wanted_is_taken_whatever_else_there_is),
		UNIT_TEST(test_with_a_job_for_each_account_each_has_a_child),
		UNIT_TEST(test_few_accounts_in_a_small_catalogue_have_a_child_each),
		UNIT_TEST(test_a_catalogue_that_takes_long_to_read_is_read_seldom),
		UNIT_TEST(test_many_accounts_are_one_batch_for_each_job),
		UNIT_TEST(test_more_relations_never_make_smaller_batches),
		UNIT_TEST(test_all_jobs_together_take_at_most_half_of_the_free_locks),
		UNIT_TEST(test_with_the_lock_slots_wished_for_there_are_no_more_batches),
		UNIT_TEST(
			test_what_was_wanted_is_bound_by_locks_and_by_an_arguments_length_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
