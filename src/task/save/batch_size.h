/* SPDX-License-Identifier: PostgreSQL */
/*
 * How many accounts one pg_dump should dump.
 *
 * Each pg_dump reads the whole catalogue, so few that dump many accounts are faster than
 * many. But each holds a lock on every table until it ends, and takes their names as one
 * argument.
 */
#ifndef TASK_SAVE_BATCH_SIZE_H
#define TASK_SAVE_BATCH_SIZE_H

#include <stddef.h>
#include <stdint.h>

struct batch_facts {
	uint64_t wanted;     /* accounts, as the user says; 0: as many as is good */
	size_t accounts;     /* that are to be dumped on this node */
	unsigned jobs;       /* children at once on it */
	uint64_t relations;  /* in its catalogue */
	uint64_t free_locks; /* see struct capacity */
};

/* What a batch may hold at most. One account is a batch in any case. */
struct batch_limits {
	size_t accounts;
	uint64_t locks;
	size_t pattern_bytes; /* of the names of the accounts, as a pattern */
};

void batch_choose(const struct batch_facts *facts, struct batch_limits *out);

/*
 * In how many batches the accounts would be dumped if lock slots did not matter, and how
 * many free ones are enough for that, when all of the accounts together have so many
 * relations to lock.
 */
void batch_wish(const struct batch_facts *facts, uint64_t locks, size_t *batches,
		uint64_t *free_locks);

#endif
