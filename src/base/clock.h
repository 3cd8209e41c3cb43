/* SPDX-License-Identifier: PostgreSQL */
/* Times for people and files: UTC, to the second, as 2026-11-22T10:54:37Z. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <time.h>

enum { CLOCK_TEXT_BYTES = 21, CLOCK_AGE_BYTES = 40 };

void clock_format(time_t when, char out[CLOCK_TEXT_BYTES]);
/* 0 if `text` is not such a time. */
time_t clock_parse(const char *text);
void clock_now(char out[CLOCK_TEXT_BYTES]);

/* "2 h ago": in s, min, h or d, whichever is the largest unit with a value of at least
 * 2. */
void clock_format_age(time_t when, time_t now, char out[CLOCK_AGE_BYTES]);

#endif
