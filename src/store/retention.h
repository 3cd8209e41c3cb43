/* SPDX-License-Identifier: PostgreSQL */
/*
 * Which old saves stay when a new one comes. It only calculates.
 *
 * A save in which an account failed is a try. A try takes no place in the history if a
 * save with nothing missing follows within RETENTION_TRY_S, or any save that stays came
 * that shortly before: so retries push nothing out, and where an account fails for
 * weeks, there still is a save of each night. The one that the new save replaces stays
 * in any case, but a try is not counted.
 *
 * Of the others stay the newest `keep`; and of each of the last `days` days, `weeks`
 * weeks and `months` months that have a save at all, the newest one. The new save is the
 * newest of its own day. What is needed stays always.
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
	uint64_t days, weeks, months; /* 0: there is no such rule */
};

/*
 * `saves`, newest first; the first is the new one, which stays. Days, weeks (from Monday)
 * and months are those of the local time. Without a rule but `keep`, what was further
 * back than `keep` before stays: with a smaller number than before, no more saves go
 * than have come.
 */
void retention_choose(struct retention_save *saves, size_t count,
		      const struct retention_rules *rules);

#endif
