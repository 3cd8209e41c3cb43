/* SPDX-License-Identifier: PostgreSQL */
/* Which old saves go when this one comes: the facts for store/retention.h. */
#include "task/save/internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/str.h"
#include "store/retention.h"

static time_t time_of(const struct savedir *save)
{
	struct stat st;

	if (save->kind == SAVEDIR_SAVE)
		return clock_parse(save->manifest.started);
	return fstat(save->fd, &st) < 0 ? 0 : st.st_mtime;
}

/* Accounts of which this save has no dump, though there were some: the newest old save
 * that lists one is needed. It may be only that it could not be read today. */
static void list_missing(const struct save *s, struct strvec *out)
{
	for (size_t i = 0; i < s->carry.wanted.count; i++)
		if (!manifest_find(&s->carry.carried, s->carry.wanted.v[i]))
			strvec_push(out, s->carry.wanted.v[i]);
}

static bool has_any(const struct savedir *save, struct strvec *missing)
{
	AUTO_STRVEC struct strvec there = { 0 }, left = { 0 };
	bool found = false;

	savedir_list_accounts(save, &there);
	strvec_sort(&there);
	for (size_t i = 0; i < missing->count; i++) {
		bool is_there = strvec_has(&there, missing->v[i]);

		found |= is_there;
		if (!is_there)
			strvec_push(&left, missing->v[i]);
	}
	strvec_release(missing);
	*missing = left;
	left = (struct strvec){ 0 };
	return found;
}

static bool is_there(const struct savedir *save)
{
	return save->fd >= 0 &&
	       (save->kind != SAVEDIR_LEGACY || save->dumps.count || save->strays.count);
}

void save_plan_history(const struct save *s, struct manifest *m)
{
	const struct conf *conf = s->opts.conf;
	const struct retention_rules rules = { conf->keep, conf->keep_days,
					       conf->keep_weeks, conf->keep_months };
	AUTO_FREE struct retention_save *saves =
		xcalloc(s->previous_count + 1, sizeof(*saves));
	AUTO_FREE size_t *generations = xcalloc(s->previous_count + 1, sizeof(size_t));
	AUTO_STRVEC struct strvec missing = { 0 };
	size_t count = 1;

	m->has_plan = true;
	m->window = s->previous_count > conf->keep ? s->previous_count : conf->keep;
	m->failed = s->carry.failed_count + s->carry.lost.count;
	if (!s->previous_count || !is_there(&s->previous[0]))
		return; /* nothing is replaced, and nothing goes */
	m->replaced = savedir_serial(&s->previous[0]);
	list_missing(s, &missing);
	saves[0].when = clock_parse(m->started);
	saves[0].is_try = m->failed;
	for (size_t i = 0; i < s->previous_count; i++) {
		const struct savedir *save = &s->previous[i];

		if (!is_there(save))
			continue;
		generations[count] = i;
		saves[count++] = (struct retention_save){
			.when = time_of(save),
			.is_try = save->manifest.failed,
			.is_needed = has_any(save, &missing),
		};
	}
	retention_choose(saves, count, &rules);
	m->dropped = xcalloc(count, sizeof(uint64_t));
	for (size_t i = count; i-- > 1;)
		if (!saves[i].stays)
			m->dropped[m->dropped_count++] = generations[i];
}
