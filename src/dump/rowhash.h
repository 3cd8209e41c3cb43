/* SPDX-License-Identifier: PostgreSQL */
/*
 * A number for each row of COPY data, or for some columns of it: equal rows have equal
 * numbers, and different rows, for all practical purposes, have different ones (128 bits
 * of SHA-256).
 *
 * Each row is fed in one piece or several, then ended.
 */
#ifndef DUMP_ROWHASH_H
#define DUMP_ROWHASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rowhash_value {
	uint64_t word[2];
};

struct rowhash;

struct rowhash *rowhash_new(void);
void rowhash_free(struct rowhash *hash);

/*
 * Choose the columns for the following rows: `wanted` has, for each column of a row, the
 * number that represents it, or -1 if it does not count. NULL: the whole row. `wanted`
 * must live as long.
 */
void rowhash_choose(struct rowhash *hash, const int *wanted, size_t count);

void rowhash_feed(struct rowhash *hash, const char *data, size_t length);
struct rowhash_value rowhash_end(struct rowhash *hash);

/* Has libcrypto failed? Then no value is valid. */
bool rowhash_has_failed(const struct rowhash *hash);

#endif
