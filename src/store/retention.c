/* SPDX-License-Identifier: PostgreSQL */
#include "store/retention.h"

#include <stdlib.h>

#include "base/auto.h"
#include "base/str.h"

/* Clocks jump: a save that seems to be from the future is not close to any other. */
static bool is_close(time_t earlier, time_t later)
{
	return later >= earlier && later - earlier < RETENTION_TRY_S;
}

/* Mark the retries, which do not count as saves of their own, oldest first. */
static void find_retries(const struct retention_save *saves, size_t count, bool *is_retry)
{
	const struct retention_save *last = NULL; /* the newest so far that counts */

	for (size_t i = count; i-- > 1;) {
		const struct retention_save *s = &saves[i];

		if (s->is_try)
			is_retry[i] = last && is_close(last->when, s->when);
		for (size_t k = 0; s->is_try && k < i; k++)
			is_retry[i] |=
				!saves[k].is_try && is_close(s->when, saves[k].when);
		if (!is_retry[i])
			last = s;
	}
}

enum span { DAY, WEEK, MONTH };

/* The number of the span that `when` is in; later spans have greater numbers. */
static long number_of(time_t when, enum span span)
{
	struct tm t;
	long year, days;

	localtime_r(&when, &t);
	year = t.tm_year + 1900L;
	days = year * 365 + (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400 +
	       t.tm_yday;
	switch (span) {
	case DAY:
		return days;
	case WEEK:
		return (days - (t.tm_wday + 6) % 7) / 7;
	case MONTH:
		return year * 12 + t.tm_mon;
	}
	return 0;
}

/* Keep the newest save in each of the last `most` spans that have one. */
static void keep_spans(struct retention_save *saves, size_t count, const bool *is_retry,
		       enum span span, uint64_t most)
{
	uint64_t found = 0;
	long last = 0;

	for (size_t i = 0; i < count && found < most; i++) {
		long number = number_of(saves[i].when, span);

		if (is_retry[i] || (found && number == last))
			continue;
		saves[i].stays = true;
		last = number;
		found++;
	}
}

/* Mark what stays under the rules, without regard to saves that were already beyond
 * `keep` before. */
static void choose(struct retention_save *saves, size_t count,
		   const struct retention_rules *rules)
{
	AUTO_FREE bool *is_retry = xcalloc(count + 1, sizeof(bool));
	uint64_t kept = 0;

	find_retries(saves, count, is_retry);
	for (size_t i = 0; i < count; i++)
		saves[i].stays = i <= 1 || saves[i].is_needed;
	for (size_t i = 1; i < count && kept < rules->keep; i++)
		if (!is_retry[i]) {
			saves[i].stays = true;
			kept++;
		}
	keep_spans(saves, count, is_retry, DAY, rules->days);
	keep_spans(saves, count, is_retry, WEEK, rules->weeks);
	keep_spans(saves, count, is_retry, MONTH, rules->months);
}

void retention_choose(struct retention_save *saves, size_t count,
		      const struct retention_rules *rules)
{
	AUTO_FREE bool *was_beyond = xcalloc(count + 1, sizeof(bool));
	AUTO_FREE bool *is_retry = xcalloc(count + 1, sizeof(bool));

	find_retries(saves, count, is_retry);
	if (!rules->days && !rules->weeks && !rules->months && count > 1) {
		choose(saves + 1, count - 1, rules);
		for (size_t i = 1; i < count; i++)
			was_beyond[i] = !saves[i].stays && !is_retry[i];
	}
	choose(saves, count, rules);
	for (size_t i = 1; i < count; i++)
		saves[i].stays |= was_beyond[i];
}
