/* SPDX-License-Identifier: PostgreSQL */
#include "base/clock.h"

void clock_format(time_t when, char out[CLOCK_TEXT_BYTES])
{
	struct tm tm;

	gmtime_r(&when, &tm);
	if (!strftime(out, CLOCK_TEXT_BYTES, "%Y-%m-%dT%H:%M:%SZ", &tm))
		out[0] = '\0'; /* a year of five digits */
}

void clock_now(char out[CLOCK_TEXT_BYTES])
{
	clock_format(time(NULL), out);
}
