/* SPDX-License-Identifier: PostgreSQL */
#include "model/version.h"

#include <stddef.h>
#include <string.h>

/* number * 10 + digit, as far as that goes. */
static uint64_t shift_in(uint64_t number, uint64_t digit)
{
	return number > (UINT64_MAX - digit) / 10 ? UINT64_MAX : number * 10 + digit;
}

bool version_parse(const char *text, uint64_t *out)
{
	size_t digits = 0, decimals = 0;
	bool has_point = false;
	uint64_t number = 0;

	for (; text && *text; text++) {
		if (*text == '.' && !has_point) {
			has_point = true;
			continue;
		}
		if (*text < '0' || *text > '9')
			return false;
		digits++;
		decimals += has_point;
		if (decimals <= VERSION_DECIMALS)
			number = shift_in(number, (uint64_t)(*text - '0'));
	}
	for (; decimals < VERSION_DECIMALS; decimals++)
		number = shift_in(number, 0);
	if (digits)
		*out = number;
	return digits > 0;
}

bool version_is_newer(const char *a, const char *b)
{
	uint64_t number_a, number_b;

	if (!version_parse(a, &number_a))
		return false;
	return !version_parse(b, &number_b) || number_a > number_b;
}
