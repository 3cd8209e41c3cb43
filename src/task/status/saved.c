/* SPDX-License-Identifier: PostgreSQL */
/*
 * People who check versions before an upgrade want to know what they could go back to. If
 * the save cannot be read or belongs to another database, that is only a warning.
 */
#include "task/status/saved.h"

#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/str.h"
#include "store/savedir.h"
#include "task/age.h"
#include "task/origin.h"

/* With --check alone, there need not be a save. */
static void check_age(const struct run_opts *opts, struct report *report,
		      const struct savedir *save)
{
	const struct conf *conf = opts->conf;
	struct error err;

	if (!conf->max_age_s || (!conf->max_age && save->kind != SAVEDIR_SAVE))
		return;
	report->too_old =
		age_find_old(save, conf->directory, conf->max_age_s, time(NULL));
	if (!report->too_old)
		return;
	error_set(&err, ERROR_DATA, "%s", report->too_old);
	if (!conf->max_age)
		error_hint(&err, "save again, or set another limit with --max-age");
	log_error(opts->log, &err);
}

/* A save of another database says nothing about these accounts. */
static bool is_own(const struct run_opts *opts, const struct farm *farm,
		   struct report *report, const struct savedir *save)
{
	const char *dir = opts->conf->directory;
	AUTO_FREE char *notice = NULL;
	struct origin origin;
	struct error err;

	origin_compare(&save->manifest, farm, &origin);
	notice = origin_format_notice(&origin, dir);
	if (notice)
		log_warning(opts->log, "%s", notice);
	if (origin.verdict != ORIGIN_OTHER)
		return true;
	origin_set_other(&origin, &save->manifest, dir, &err);
	if (opts->conf->max_age) {
		report->too_old = xstrdup(err.text);
		log_error(opts->log, &err);
	} else {
		log_warning(opts->log, "%s: it is not shown", err.text);
	}
	return false;
}

/* Should its data about accounts be shown? If not, say why. */
static bool is_shown(const struct run_opts *opts, const struct farm *farm,
		     struct report *report, const struct savedir *save)
{
	const char *dir = opts->conf->directory;

	switch (save->kind) {
	case SAVEDIR_ABSENT:
		log_warning(opts->log, "%s does not exist: no save is shown", dir);
		break;
	case SAVEDIR_DAMAGED:
		log_warning(opts->log, "%s: %s", dir, save->damage.text);
		break;
	case SAVEDIR_FOREIGN:
		log_warning(opts->log,
			    "%s is not a save, it has no " MANIFEST_FILE
			    ": no save is shown",
			    dir);
		break;
	case SAVEDIR_LEGACY:
		log_warning(opts->log,
			    "%s has no " MANIFEST_FILE
			    ": the time of its dumps is unknown",
			    dir);
		break;
	case SAVEDIR_SAVE:
		return is_own(opts, farm, report, save);
	}
	return true;
}

static void note_accounts(struct report *report, const struct manifest *manifest)
{
	for (size_t i = 0; i < report->count; i++) {
		struct report_account *account = &report->accounts[i];
		const struct manifest_entry *entry =
			manifest_find(manifest, account->account);

		if (!entry)
			continue;
		memcpy(account->saved_at, entry->saved_at, sizeof(account->saved_at));
		account->is_stale = entry->is_stale && entry->is_failed;
		account->size_bytes = entry->size_bytes;
	}
}

void saved_read(const struct run_opts *opts, const struct farm *farm,
		struct report *report)
{
	struct savedir save;
	struct error err;

	if (!savedir_open(opts->conf->directory, &save, &err)) {
		log_warning(opts->log, "%s", err.text);
		return;
	}
	if (is_shown(opts, farm, report, &save)) {
		check_age(opts, report, &save);
		note_accounts(report, &save.manifest);
	}
	savedir_release(&save);
}
