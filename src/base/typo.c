/* SPDX-License-Identifier: PostgreSQL */
#include "base/typo.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

enum { LONGEST = 40, SHORT_WORD = 4, LEAST_PREFIX = 3 };

static bool is_same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static size_t least(size_t a, size_t b, size_t c)
{
	a = a < b ? a : b;
	return a < c ? a : c;
}

/* The Damerau-Levenshtein distance (optimal string alignment), row by row. Neither word
 * is longer than LONGEST. */
static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t rows[3][LONGEST + 1] = { { 0 } };

	for (size_t j = 0; j <= b_length; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		size_t *row = rows[i % 3], *above = rows[(i - 1) % 3];
		const size_t *two_above = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			bool is_swap = i > 1 && j > 1 && is_same(a[i - 1], b[j - 2]) &&
				       is_same(a[i - 2], b[j - 1]);

			row[j] = least(above[j] + 1, row[j - 1] + 1,
				       above[j - 1] + !is_same(a[i - 1], b[j - 1]));
			if (is_swap && two_above[j - 2] + 1 < row[j])
				row[j] = two_above[j - 2] + 1;
		}
	}
	return rows[a_length % 3][b_length];
}

void typo_offer(struct typo *t, const char *candidate)
{
	size_t length = strlen(candidate), most = t->length > SHORT_WORD ? 2 : 1, found;

	if (!t->length || t->length > LONGEST || length > LONGEST)
		return;
	found = distance(t->word, t->length, candidate, length);
	if (t->length >= LEAST_PREFIX && found > 1 &&
	    !strncasecmp(t->word, candidate, t->length))
		found = 1;
	if (found >= t->length || found > most || (t->best && found >= t->distance))
		return;
	t->best = candidate;
	t->distance = found;
}
