/* SPDX-License-Identifier: PostgreSQL */
/* Which of some words somebody meant who wrote another one. */
#ifndef BASE_TYPO_H
#define BASE_TYPO_H

#include <stddef.h>

/* Initially only `word` and `length` are set. */
struct typo {
	const char *word; /* as it was written */
	size_t length;
	const char *best; /* the nearest word so far; NULL: none is near */
	size_t distance;
};

/*
 * Compare the word with `candidate`, which becomes `best` if it is nearer than those
 * before. Near is: one letter is missing, too many, wrong, or two are swapped; in a word
 * of more than four letters, two such mistakes; in any, upper and lower case. A word of
 * three letters or more that the candidate begins with is as near as one mistake.
 * Ownership: borrows `candidate`.
 */
void typo_offer(struct typo *t, const char *candidate);

#endif
