/* SPDX-License-Identifier: PostgreSQL */
/*
 * A save replaces the present one, and sooner or later deletes it. So before any work is
 * done, all existing ones are examined: are they saves, complete, and of this database?
 */
#include "task/save/previous.h"

#include <stdlib.h>

#include "base/auto.h"
#include "base/str.h"
#include "store/place.h"
#include "store/rotate.h"
#include "task/origin.h"

static bool open_one(struct save *save, const char *path, struct error *err)
{
	struct save_previous *previous = &save->previous;
	struct savedir *dir = &previous->list[previous->count];

	if (!savedir_open(path, dir, err))
		return false;
	previous->count++;
	if (dir->kind == SAVEDIR_DAMAGED) {
		error_prefix(&dir->damage, "%s", path);
		log_error(save->opts.log, &dir->damage);
	}
	if (savedir_serial(dir) > previous->serial)
		previous->serial = savedir_serial(dir);
	return true;
}

bool save_previous_open(struct save *save, struct error *err)
{
	const struct conf *conf = save->opts.conf;
	unsigned count = rotate_count(&save->layout, (unsigned)conf->keep);
	AUTO_STRVEC struct strvec strangers = { 0 };

	if (!place_check_renames(&save->layout, conf->directory, err) ||
	    !rotate_check(&save->layout, (unsigned)conf->keep, &strangers, err))
		return false;
	for (size_t i = 0; i < strangers.count; i++)
		log_warning(save->opts.log,
			    "%s is not part of the save: it is left alone, but should be "
			    "moved elsewhere",
			    strangers.v[i]);
	save->previous.list = xcalloc(count + 1, sizeof(struct savedir));
	for (unsigned i = 0; i <= count; i++) {
		AUTO_FREE char *path =
			i ? layout_old(&save->layout, i) : xstrdup(save->layout.dir);

		if (!open_one(save, path, err))
			return false;
	}
	return true;
}

/* A save of another database must not be replaced, and soon deleted, by this one. */
static bool check_newest(const struct save *save, const struct origin *origin,
			 struct error *err)
{
	const struct log *log = save->opts.log;
	const char *dir = save->opts.conf->directory;
	AUTO_FREE char *notice = origin_format_notice(origin, dir);

	if (notice)
		log_warning(log, "%s", notice);
	if (origin->verdict != ORIGIN_OTHER)
		return true;
	origin_set_other(origin, &save->previous.list[0].manifest, dir, err);
	if (!save->opts.conf->from_other_database)
		return error_hint(
			err, "save elsewhere with --directory, or move the old save "
			     "away; if this database has replaced that one (pg_upgrade, "
			     "a move, a new server), use --from-other-database once");
	log_warning(log, "%s", err->text);
	log_warning(log, "it becomes an old save, and no dump is carried over from it");
	return true;
}

/* Does it contain dumps of the other kind: of whole schemas rather than relations, or
 * vice versa? */
static bool is_of_other_kind(const struct save *save, const struct savedir *dir)
{
	return (dir->kind == SAVEDIR_SAVE || dir->kind == SAVEDIR_LEGACY) &&
	       (dir->dumps.count || dir->manifest.entry_count) &&
	       dir->manifest.is_whole != save->opts.conf->product.is_whole;
}

/* A dump of relations cannot replace one of a whole schema, or be carried over as one. */
static bool check_kind(const struct save *save, struct error *err)
{
	const struct savedir *newest = &save->previous.list[0];

	if (!is_of_other_kind(save, newest))
		return true;
	error_set(err, ERROR_DATA,
		  "%s holds dumps of %s, and this save makes dumps of %s",
		  save->opts.conf->directory,
		  newest->manifest.is_whole ? "whole schemas" : "metamodels",
		  newest->manifest.is_whole ? "metamodels" : "whole schemas");
	return error_hint(err, "save elsewhere with --directory, or move the old save "
			       "away; or is it another [model] than last time?");
}

bool save_previous_compare(struct save *save, struct error *err)
{
	struct save_previous *previous = &save->previous;

	previous->is_foreign = xcalloc(previous->count + 1, sizeof(bool));
	for (size_t i = 0; i < previous->count; i++) {
		struct origin origin;

		origin_compare(&previous->list[i].manifest, save->nodes.farm, &origin);
		previous->is_foreign[i] = origin.verdict == ORIGIN_OTHER ||
					  is_of_other_kind(save, &previous->list[i]);
		if (!i && (!check_kind(save, err) || !check_newest(save, &origin, err)))
			return false;
	}
	return true;
}

char *save_previous_format_name(const struct save *save, size_t generation)
{
	struct layout named = { .dir = save->opts.conf->directory };

	return generation ? layout_old(&named, (unsigned)generation) : xstrdup(named.dir);
}

void save_previous_release(struct save *save)
{
	for (size_t i = 0; i < save->previous.count; i++)
		savedir_release(&save->previous.list[i]);
	free(save->previous.list);
	free(save->previous.is_foreign);
}
