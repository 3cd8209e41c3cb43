/* SPDX-License-Identifier: PostgreSQL */
/* A save must not be renamed while it is restored. The next save renames it, and the
 * older ones with it, so all of them share one lock file. */
#include "task/restore/source.h"

#include <errno.h>
#include <unistd.h>

#include "base/auto.h"
#include "task/stored.h"

static bool set_absent(struct error *err, const char *dir)
{
	error_set(err, ERROR_DATA, "%s does not exist", dir);
	return error_hint(err, "name the save with --directory");
}

static bool open_save(struct restore *restore, struct error *err)
{
	struct savedir *save = &restore->source.save;
	const char *dir = restore->opts.conf->directory;

	if (!savedir_open(dir, save, err))
		return false;
	switch (save->kind) {
	case SAVEDIR_SAVE:
		if (!save->manifest.is_whole)
			return true;
		error_set(
			err, ERROR_DATA,
			"%s holds dumps of whole schemas, which metamodel restore cannot "
			"load yet",
			dir);
		return error_hint(err, "%s", STORED_WHOLE_HINT);
	case SAVEDIR_LEGACY:
		log_warning(restore->opts.log,
			    "%s has no " MANIFEST_FILE
			    ": whether its dumps are what was dumped cannot be checked, "
			    "only whether they are complete",
			    dir);
		return save->dumps.count > 0 ||
		       error_set(err, ERROR_DATA, "%s holds no dump", dir);
	case SAVEDIR_DAMAGED:
		*err = save->damage;
		error_prefix(err, "%s", dir);
		return error_hint(err,
				  "restore another save with --directory, such as %s.old",
				  dir);
	case SAVEDIR_ABSENT:
		return set_absent(err, dir);
	case SAVEDIR_FOREIGN:
		error_set(err, ERROR_DATA, "%s is not a save: it has no " MANIFEST_FILE,
			  dir);
		return error_hint(err, "name the save with --directory");
	}
	return false;
}

static bool list_wanted(struct restore *restore, struct error *err)
{
	const struct strvec *named = &restore->opts.conf->accounts;
	struct restore_source *source = &restore->source;

	for (size_t i = 0; i < named->count; i++)
		strvec_push(&source->names, named->v[i]);
	if (!named->count)
		savedir_list_accounts(&source->save, &source->names);
	return source->names.count > 0 || error_set(err, ERROR_DATA, "%s holds no dump",
						    restore->opts.conf->directory);
}

static bool lock_and_open(struct restore *restore, struct error *err)
{
	const char *dir = restore->opts.conf->directory;
	struct layout *layout = &restore->source.layout;
	AUTO_FREE char *family = NULL;

	if (!layout_init(layout, layout_is_old(dir, &family) ? family : dir, err))
		return false;
	/* nothing was ever saved there: leave no lock file */
	if (access(layout->lock, F_OK) < 0 && access(dir, F_OK) < 0 && errno == ENOENT)
		return set_absent(err, dir);
	return run_begin(&restore->opts, layout, &restore->source.lock_fd, err) &&
	       open_save(restore, err);
}

enum step_result restore_source_enter(void *owner)
{
	struct restore *restore = owner;
	struct error *err = &restore->error;

	if (!restore->is_trial && !lock_and_open(restore, err))
		return STEP_FAIL;
	return list_wanted(restore, err) ? STEP_NEXT : STEP_FAIL;
}

void restore_source_init(struct restore *restore)
{
	restore->source.lock_fd = -1;
	restore->source.save.fd = -1;
}

void restore_source_take(struct restore *restore, struct savedir *save)
{
	restore->source.save = *save;
	*save = (struct savedir){ .fd = -1 };
}

void restore_source_release(struct restore *restore)
{
	struct restore_source *source = &restore->source;

	savedir_release(&source->save);
	strvec_release(&source->names);
	layout_release(&source->layout);
	if (source->lock_fd >= 0)
		close(source->lock_fd);
}
