/* SPDX-License-Identifier: PostgreSQL */
/*
 * How many accounts one pg_dump should dump.
 *
 * Each pg_dump reads the whole catalogue, so a few that dump many accounts each are
 * faster than many. But each holds a lock on every table until it ends, and takes all
 * names as one argument.
 */
#ifndef TASK_SAVE_BATCH_SIZE_H
#define TASK_SAVE_BATCH_SIZE_H

#include <stddef.h>
#include <stdint.h>

struct batch_facts {
	uint64_t wanted;     /* accounts, as the user asked; 0: not said */
	size_t accounts;     /* to be dumped on this node */
	unsigned jobs;       /* children at once on this node */
	uint64_t relations;  /* in the node's catalogue */
	uint64_t free_locks; /* see struct capacity */
};

/* The limits of a batch. One account is a batch in any case. */
struct batch_limits {
	size_t accounts;
	uint64_t locks;
	size_t pattern_bytes; /* of the names of the accounts, as a pattern */
};

void batch_choose(const struct batch_facts *facts, struct batch_limits *out);

/*
 * Into how many batches the accounts would be put if lock slots did not matter, and how
 * many free slots are enough for that, if all accounts together have `locks` relations to
 * lock.
 */
void batch_wish(const struct batch_facts *facts, uint64_t locks, size_t *batches,
		uint64_t *free_locks);

#endif
