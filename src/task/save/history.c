/* SPDX-License-Identifier: PostgreSQL */
/*
 * The rules only count and compare dates. This file finds what they do not know: which
 * saves exist, and which of them has the only dump of some account. The plan is written
 * to the manifest, so that whoever finishes the swap after a crash follows it, too.
 */
#include "task/save/history.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/str.h"
#include "store/retention.h"

static time_t time_of(const struct savedir *dir)
{
	struct stat st;

	if (dir->kind == SAVEDIR_SAVE)
		return clock_parse(dir->manifest.started);
	return fstat(dir->fd, &st) < 0 ? 0 : st.st_mtime;
}

/* Accounts without a dump in this save, though old saves have some: the newest old save
 * that lists one is needed. Perhaps it only could not be read today. */
static void list_missing(const struct save_carry *carry, struct strvec *out)
{
	for (size_t i = 0; i < carry->wanted.count; i++)
		if (!manifest_find(&carry->carried, carry->wanted.v[i]))
			strvec_push(out, carry->wanted.v[i]);
}

/* Does this save have any of the missing accounts? Those that it has are not missing any
 * more. */
static bool take_any(const struct savedir *dir, struct strvec *missing)
{
	AUTO_STRVEC struct strvec there = { 0 }, left = { 0 };
	bool found = false;

	savedir_list_accounts(dir, &there);
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

static bool is_there(const struct savedir *dir)
{
	return dir->fd >= 0 &&
	       (dir->kind != SAVEDIR_LEGACY || dir->dumps.count || dir->strays.count);
}

/* Describe the old saves, from saves[1] on; saves[0] is the new one. */
static size_t describe_old(const struct save *save, struct retention_save *saves,
			   size_t *generations)
{
	AUTO_STRVEC struct strvec missing = { 0 };
	size_t count = 1;

	list_missing(&save->carry, &missing);
	for (size_t i = 0; i < save->previous.count; i++) {
		const struct savedir *dir = &save->previous.list[i];

		if (!is_there(dir))
			continue;
		generations[count] = i;
		saves[count++] = (struct retention_save){
			.when = time_of(dir),
			.is_try = dir->manifest.failed,
			.is_needed = take_any(dir, &missing),
		};
	}
	return count;
}

static void choose(const struct save *save, struct manifest *manifest)
{
	const struct conf *conf = save->opts.conf;
	const struct retention_rules rules = { conf->keep, conf->keep_days,
					       conf->keep_weeks, conf->keep_months };
	size_t most = save->previous.count + 1;
	AUTO_FREE struct retention_save *saves = xcalloc(most, sizeof(*saves));
	AUTO_FREE size_t *generations = xcalloc(most, sizeof(size_t));
	size_t count;

	saves[0].when = clock_parse(manifest->started);
	saves[0].is_try = manifest->failed;
	count = describe_old(save, saves, generations);
	retention_choose(saves, count, &rules);
	manifest->dropped = xcalloc(count, sizeof(uint64_t));
	for (size_t i = count; i-- > 1;)
		if (!saves[i].stays)
			manifest->dropped[manifest->dropped_count++] = generations[i];
}

void save_history_plan(const struct save *save, struct manifest *manifest)
{
	const struct save_previous *previous = &save->previous;
	uint64_t keep = save->opts.conf->keep;

	manifest->has_plan = true;
	manifest->window = previous->count > keep ? previous->count : keep;
	manifest->failed = save->carry.failed_count + save->carry.lost.count;
	if (!previous->count || !is_there(&previous->list[0]))
		return; /* nothing is replaced or deleted */
	manifest->replaced = savedir_serial(&previous->list[0]);
	choose(save, manifest);
}
