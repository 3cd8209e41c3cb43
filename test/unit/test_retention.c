/* SPDX-License-Identifier: PostgreSQL */
#include "store/retention.h"

#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "unit.h"

enum { HOUR = 3600, DAY = 24 * HOUR };

static const time_t now = 1764331200; /* a Friday, 12:00 UTC */

/*
 * One letter for each save, newest first: 'o' is whole, 't' a try, 'n' a needed one. They
 * are `step` seconds apart. The answer: '+' stays, '-' goes.
 */
static void assert_choice(const char *saves, long step, struct retention_rules rules,
			  const char *expected)
{
	struct retention_save list[100] = { 0 };
	char answer[101] = { 0 };
	size_t count = strlen(saves);

	for (size_t i = 0; i < count; i++)
		list[i] = (struct retention_save){ .when = now - (long)i * step,
						   .is_try = saves[i] == 't',
						   .is_needed = saves[i] == 'n' };
	retention_choose(list, count, &rules);
	for (size_t i = 0; i < count; i++)
		answer[i] = list[i].stays ? '+' : '-';
	assert_string_equal(answer, expected);
}

static void test_by_number_the_newest_stay(void **state)
{
	(void)state;
	assert_choice("o", DAY, (struct retention_rules){ 1, 0, 0, 0 }, "+");
	assert_choice("ooo", DAY, (struct retention_rules){ 1, 0, 0, 0 }, "++-");
	assert_choice("ooooo", DAY, (struct retention_rules){ 3, 0, 0, 0 }, "++++-");
}

static void test_with_a_smaller_number_only_one_goes(void **state)
{
	(void)state;
	assert_choice("ooooo", DAY, (struct retention_rules){ 1, 0, 0, 0 }, "++-++");
}

static void test_retries_take_no_place(void **state)
{
	(void)state;
	assert_choice("tttto", 60, (struct retention_rules){ 1, 0, 0, 0 }, "++--+");
	assert_choice("otttoo", 60, (struct retention_rules){ 1, 0, 0, 0 },
		      "++--++"); /* the last was beyond before */
	assert_choice("ttttt", 60, (struct retention_rules){ 3, 0, 0, 0 }, "++--+");
}

static void test_tries_that_are_a_day_apart_are_a_history(void **state)
{
	(void)state;
	assert_choice("ttttt", DAY, (struct retention_rules){ 3, 0, 0, 0 }, "++++-");
	assert_choice("ttttt", DAY - HOUR, (struct retention_rules){ 3, 0, 0, 0 },
		      "++++-");
}

static void test_what_is_needed_stays(void **state)
{
	(void)state;
	assert_choice("ooon", DAY, (struct retention_rules){ 1, 0, 0, 0 }, "++-+");
}

static void test_of_each_day_the_newest_stays(void **state)
{
	(void)state;
	/* 12:00, 6:00, 0:00, then 18:00 and so on of the day before */
	assert_choice("ooooooooooo", 6 * HOUR, (struct retention_rules){ 1, 3, 0, 0 },
		      "++-+---+---");
}

static void test_days_without_a_save_are_not_counted(void **state)
{
	(void)state;
	assert_choice("oooo", 10 * DAY, (struct retention_rules){ 1, 3, 0, 0 }, "+++-");
}

static void test_weeks_begin_on_monday(void **state)
{
	(void)state;
	/* Friday, and the Sundays before */
	assert_choice("oooooooooooooo", DAY, (struct retention_rules){ 1, 0, 3, 0 },
		      "++---+------+-");
}

static void test_months_are_those_of_the_calendar(void **state)
{
	(void)state;
	/* 28 November, 31 October, 30 September */
	assert_choice("o" /* every 4 weeks and so on: 28 Nov, 31 Oct, 3 Oct, 5 Sep */
		      "ooo",
		      28 * DAY, (struct retention_rules){ 1, 0, 0, 3 }, "++-+");
}

static void test_a_clock_that_jumped_makes_nothing_a_retry(void **state)
{
	(void)state;
	assert_choice("ttto", -60, (struct retention_rules){ 3, 0, 0, 0 }, "++++");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(test_by_number_the_newest_stay),
		UNIT_TEST(test_with_a_smaller_number_only_one_goes),
		UNIT_TEST(test_retries_take_no_place),
		UNIT_TEST(test_tries_that_are_a_day_apart_are_a_history),
		UNIT_TEST(test_what_is_needed_stays),
		UNIT_TEST(test_of_each_day_the_newest_stays),
		UNIT_TEST(test_days_without_a_save_are_not_counted),
		UNIT_TEST(test_weeks_begin_on_monday),
		UNIT_TEST(test_months_are_those_of_the_calendar),
		UNIT_TEST(test_a_clock_that_jumped_makes_nothing_a_retry),
	};

	setenv("TZ", "UTC", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
