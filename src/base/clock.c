/* SPDX-License-Identifier: PostgreSQL */
#include "base/clock.h"

#include <stdio.h>

void clock_format(time_t when, char out[CLOCK_TEXT_BYTES])
{
	struct tm tm;

	gmtime_r(&when, &tm);
	if (!strftime(out, CLOCK_TEXT_BYTES, "%Y-%m-%dT%H:%M:%SZ", &tm))
		out[0] = '\0'; /* a year with five digits */
}

void clock_now(char out[CLOCK_TEXT_BYTES])
{
	clock_format(time(NULL), out);
}

void clock_format_age(time_t when, time_t now, char out[CLOCK_AGE_BYTES])
{
	long long seconds = (long long)(now - when);

	if (seconds < 0)
		snprintf(out, CLOCK_AGE_BYTES, "in the future");
	else if (seconds < 2 * 60)
		snprintf(out, CLOCK_AGE_BYTES, "%lld s ago", seconds);
	else if (seconds < 2 * 60 * 60)
		snprintf(out, CLOCK_AGE_BYTES, "%lld min ago", seconds / 60);
	else if (seconds < 2 * 24 * 60 * 60)
		snprintf(out, CLOCK_AGE_BYTES, "%lld h ago", seconds / (60 * 60));
	else
		snprintf(out, CLOCK_AGE_BYTES, "%lld d ago", seconds / (24 * 60 * 60));
}

time_t clock_parse(const char *text)
{
	struct tm t = { 0 };
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &t);

	return end && !*end ? timegm(&t) : 0;
}
