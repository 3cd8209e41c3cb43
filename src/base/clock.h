/* SPDX-License-Identifier: PostgreSQL */
/* Times for people and files: UTC, to the second, as 2026-11-22T10:54:37Z. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <time.h>

enum { CLOCK_TEXT_BYTES = 21 };

void clock_format(time_t when, char out[CLOCK_TEXT_BYTES]);
void clock_now(char out[CLOCK_TEXT_BYTES]);

#endif
