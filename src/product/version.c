/* SPDX-License-Identifier: PostgreSQL */
#include "product/version.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"

/* number * 10 + digit, or UINT64_MAX if that is too large. */
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

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Compare the digits at `p` with those at `q`, as many as either has. They are decimals:
 * a missing digit is a 0. */
static int compare_decimals(const char *p, const char *q)
{
	while (is_digit(*p) || is_digit(*q)) {
		char a = is_digit(*p) ? *p++ : '0';
		char b = is_digit(*q) ? *q++ : '0';

		if (a != b)
			return a - b;
	}
	return 0;
}

/* Both must be versions. Exact for any length. */
static int compare(const char *a, const char *b)
{
	size_t length_a, length_b;
	int difference;

	a += strspn(a, "0");
	b += strspn(b, "0");
	length_a = strcspn(a, ".");
	length_b = strcspn(b, ".");
	if (length_a != length_b)
		return length_a > length_b ? 1 : -1;
	difference = memcmp(a, b, length_a);
	a += length_a;
	b += length_b;
	return difference ? difference : compare_decimals(*a ? a + 1 : a, *b ? b + 1 : b);
}

bool version_is_newer(const char *a, const char *b)
{
	uint64_t ignored;

	if (!version_parse(a, &ignored))
		return false;
	return !version_parse(b, &ignored) || compare(a, b) > 0;
}

bool version_take(const char *value, char **newest)
{
	size_t length = value ? strlen(value) : 0;
	AUTO_FREE char *text = NULL;

	while (length && value[length - 1] == ' ')
		length--;
	if (!length || length >= VERSION_TEXT_MAX)
		return false;
	text = xstrndup(value, length);
	if (!version_is_newer(text, *newest))
		return false;
	free(*newest);
	*newest = text;
	text = NULL;
	return true;
}
