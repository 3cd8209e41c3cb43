/* SPDX-License-Identifier: PostgreSQL */
#include "unit.h"

#include "cli/progress.h"

static void assert_bar(size_t done, size_t total, uint64_t elapsed_ms, unsigned width,
		       const char *expected)
{
	char out[256];

	progress_format(done, total, elapsed_ms, width, out, sizeof(out));
	assert_string_equal(out, expected);
}

static void test_a_bar_shows_done_total_rate_and_eta(void **state)
{
	(void)state;
	assert_bar(50, 200, 10000, 50,
		   "[====>              ] 50/200  25%  5.0/s  ETA 0:30");
	assert_bar(200, 200, 10000, 50,
		   "[=================] 200/200 100%  20.0/s  ETA 0:00");
	assert_bar(0, 200, 0, 50, "[>                   ] 0/200   0%  0.0/s  ETA -:--");
	assert_bar(1, 10000, 1000, 50,
		   "[>                ] 1/10000   0%  1.0/s  ETA 2h46m");
}

static void test_a_bar_fits_its_width_whatever_that_is(void **state)
{
	char out[256];

	(void)state;
	for (unsigned width = 0; width < 200; width++) {
		progress_format(123, 45678, 90000, width, out, sizeof(out));
		assert_true(strlen(out) <= width);
	}
}

static void test_without_room_for_a_bar_the_numbers_stay(void **state)
{
	(void)state;
	assert_bar(50, 200, 10000, 30, "50/200  25%  5.0/s  ETA 0:30");
	assert_bar(50, 200, 10000, 10, "50/200  25");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(test_a_bar_shows_done_total_rate_and_eta),
		UNIT_TEST(test_a_bar_fits_its_width_whatever_that_is),
		UNIT_TEST(test_without_room_for_a_bar_the_numbers_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
