/* SPDX-License-Identifier: PostgreSQL */
/*
 * Decides which old saves to keep when a new one is made. It only calculates.
 *
 * A save in which an account failed is a try. A try takes no place in the history if a
 * save without failures follows within RETENTION_TRY_S, or a save that is kept precedes
 * it by at most that time. Retries therefore push nothing out, and if an account fails
 * for weeks, a save of each night is still kept. The save that the new one replaces is
 * always kept, but does not count if it is a try.
 *
 * Of the others, the newest `keep` are kept, and the newest of each of the last `days`
 * days, `weeks` weeks and `months` months that have a save. The new save is the newest
 * of its own day. A save that is needed is always kept.
 */
#ifndef STORE_RETENTION_H
#define STORE_RETENTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum { RETENTION_TRY_S = 12 * 60 * 60 };

struct retention_save {
	time_t when;
	bool is_try;    /* an account failed */
	bool is_needed; /* it has the last good dump of an account */
	bool stays;     /* the answer */
};

struct retention_rules {
	uint64_t keep;
	uint64_t days, weeks, months; /* 0: no such rule */
};

/*
 * `saves` begins with the newest: the new save, which is kept. Days, weeks (from
 * Monday) and months are those of the local time. With `keep` as the only rule, saves
 * beyond the former `keep` are kept: if the number is smaller than before, no more
 * saves are deleted than were added.
 */
void retention_choose(struct retention_save *saves, size_t count,
		      const struct retention_rules *rules);

#endif
