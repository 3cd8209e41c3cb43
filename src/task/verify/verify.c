/* SPDX-License-Identifier: PostgreSQL */
/*
 * A save is worth only what can be restored from it, and disks lose bytes silently. So
 * each dump is read to its end and checked as a restore would, by the same code.
 */
#include "task/verify/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/str.h"
#include "task/age.h"
#include "task/stored.h"
#include "task/verify/load.h"
#include "store/layout.h"
#include "store/lockfile.h"
#include "store/rotate.h"
#include "store/savedir.h"

/* What is known of one dump. */
struct look {
	struct stored_dump dump;
	struct error error; /* ERROR_NONE: in order */
};

struct verify {
	struct run_opts opts;
	struct layout layout;
	struct savedir save;
	struct strvec accounts;
	struct report report;
	struct failures failures;
	struct look **looks; /* one for each account, until it is reported */
	size_t finished;
	struct strvec loadable;   /* accounts whose dumps are in order */
	struct strvec roles;      /* named in their dumps, with repetitions */
	char *encoding;           /* of the first of them; NULL: not known */
	struct verify_load *load; /* NULL: not running */
	bool is_stopped;
	int signal_number;
};

static void tell_others(struct verify *verify)
{
	for (size_t i = 0; i < verify->failures.count; i++) {
		const char *account;
		AUTO_FREE char *others =
			failures_format_others(&verify->failures, i, &account);
		struct error err;

		if (!others)
			continue;
		error_set(&err, ERROR_DATA, "account %s: %s", account, others);
		log_error(verify->opts.log, &err);
	}
	failures_release(&verify->failures);
}

static void verify_end(struct verify *verify)
{
	struct report *report = &verify->report;
	size_t failed = 0;

	for (size_t i = 0; i < report->count; i++)
		failed += report->accounts[i].error != NULL;
	if (verify->signal_number)
		error_set(&report->error, ERROR_SIGNAL, "stopped by signal %d (%s)",
			  verify->signal_number, strsignal(verify->signal_number));
	report->signal_number = verify->signal_number;
	if (report->error.kind != ERROR_NONE || (failed && failed == report->count))
		report->result = REPORT_FAILED;
	else if (failed || report->too_old)
		report->result = REPORT_PARTLY;
	tell_others(verify);
	verify->opts.done(verify->opts.owner, report);
	report_release(report);
	strvec_release(&verify->accounts);
	strvec_release(&verify->loadable);
	strvec_release(&verify->roles);
	free(verify->encoding);
	savedir_release(&verify->save);
	layout_release(&verify->layout);
	free(verify->looks);
	free(verify);
}

/* Report what is wrong with a file, and note it. */
static void complain(struct verify *verify, struct report_account *account,
		     const char *file, const char *problem)
{
	bool is_new = true;
	struct error err;

	error_set(&err, ERROR_DATA, "%s", problem);
	if (account->account[0]) /* the closing line names the account */
		is_new = failures_note(&verify->failures, account->account, "", &err);
	account->error = xstrdup(problem);
	if (!account->file)
		account->file = xstrdup(file);
	account->outcome = "failed";
	error_prefix(&err, "%s/%s", verify->opts.conf->directory, file);
	if (is_new)
		log_error(verify->opts.log, &err);
}

/* On a worker thread. */
static void read_dump(void *owner, size_t index)
{
	struct verify *verify = owner;
	struct look *look = verify->looks[index] = xcalloc(1, sizeof(*look));
	const char *account = verify->accounts.v[index];

	if (stored_dump_open(&verify->save, account,
			     stored_schema_of(&verify->save, account), &look->dump,
			     &look->error))
		look->error.kind = ERROR_NONE;
}

static void note_loadable(struct verify *verify, const char *account,
			  const struct dumpfile_facts *facts)
{
	strvec_push(&verify->loadable, account);
	for (size_t i = 0; i < facts->roles.count; i++)
		strvec_push(&verify->roles, facts->roles.v[i]);
	if (!verify->encoding)
		verify->encoding = xstrdup(facts->encoding);
}

static void on_read(void *owner, size_t index)
{
	struct verify *verify = owner;
	struct look *look = verify->looks[index];
	const struct manifest_entry *entry = look->dump.entry;
	struct report_account *out = &verify->report.accounts[index];
	AUTO_FREE char *file = savedir_file_name(&verify->save, out->account);

	out->file = xstrdup(file);
	out->outcome = !entry || !entry->is_stale ? "good"
		       : entry->is_failed         ? "stale"
						  : "carried over";
	out->node = entry && entry->node ? xstrdup(entry->node) : NULL;
	out->version = look->dump.version ? xstrdup(look->dump.version) : NULL;
	out->tables = look->dump.facts.tables;
	out->rows = look->dump.facts.rows;
	out->size_bytes = look->dump.facts.size_bytes;
	if (look->error.kind != ERROR_NONE)
		complain(verify, out, file, look->error.text);
	else
		note_loadable(verify, out->account, &look->dump.facts);
	stored_dump_release(&look->dump);
	free(look);
	verify->finished++;
	verify->opts.progress(verify->opts.owner, verify->finished,
			      verify->accounts.count);
}

/* Remove duplicates. */
static void leave_once(struct strvec *names)
{
	struct strvec once = { 0 };

	strvec_sort(names);
	for (size_t i = 0; i < names->count; i++)
		if (!i || strcmp(names->v[i], names->v[i - 1]) != 0)
			strvec_push(&once, names->v[i]);
	strvec_release(names);
	*names = once;
}

static void on_loaded(void *owner)
{
	struct verify *verify = owner;

	verify->load = NULL;
	verify_end(verify);
}

static void on_all_read(void *owner)
{
	struct verify *verify = owner;

	if (!verify->opts.conf->load || verify->is_stopped || !verify->loadable.count ||
	    verify->report.error.kind != ERROR_NONE) {
		verify_end(verify);
		return;
	}
	leave_once(&verify->roles);
	verify->load = verify_load_start(
		&(struct verify_load_opts){ .run = &verify->opts,
					    .accounts = &verify->loadable,
					    .roles = &verify->roles,
					    .encoding = verify->encoding,
					    .report = &verify->report,
					    .done = on_loaded,
					    .owner = verify },
		&verify->save);
}

/* What a dead run left may be the save itself, before it got its final name (see
 * store/rotate.h). */
static void recover(struct verify *verify)
{
	AUTO_STRVEC struct strvec notes = { 0 };
	bool did_finish = false, did_clean = false;
	struct error err;
	int lock_fd;

	if (!rotate_is_unfinished(&verify->layout) ||
	    !lockfile_take(verify->layout.lock, "metamodel verify", &lock_fd, &err))
		return; /* a run is active, or the place is read-only */
	if (!rotate_recover(&verify->layout, &did_finish, &did_clean, &notes, &err))
		log_warning(verify->opts.log,
			    "cannot remove what an earlier run left behind: %s",
			    err.text);
	for (size_t i = 0; i < notes.count; i++)
		log_warning(verify->opts.log, "%s", notes.v[i]);
	if (did_finish)
		log_warning(verify->opts.log,
			    "an earlier run died while it swapped its save in; the "
			    "swap is complete now");
	close(lock_fd);
}

static bool open_save(struct verify *verify, struct error *err)
{
	const char *dir = verify->opts.conf->directory;

	if (!layout_init(&verify->layout, dir, err))
		return false;
	recover(verify);
	if (!savedir_open(verify->layout.dir, &verify->save, err))
		return false;
	switch (verify->save.kind) {
	case SAVEDIR_ABSENT:
		error_set(err, ERROR_DATA, "%s does not exist", dir);
		return error_hint(err, "name the save: metamodel verify DIR");
	case SAVEDIR_FOREIGN:
		error_set(err, ERROR_DATA, "%s is not a save: it has no " MANIFEST_FILE,
			  dir);
		return error_hint(err, "name the save: metamodel verify DIR");
	case SAVEDIR_DAMAGED:
		*err = verify->save.damage;
		error_prefix(err, "%s", dir);
		return true; /* the dumps can still be checked */
	case SAVEDIR_LEGACY:
		log_warning(verify->opts.log,
			    "%s has no " MANIFEST_FILE ": it can only be checked "
			    "whether its dumps are complete",
			    dir);
		if (!verify->save.dumps.count)
			return error_set(err, ERROR_DATA, "%s holds no dump", dir);
		return true;
	case SAVEDIR_SAVE:
		if (!verify->opts.conf->load || !verify->save.manifest.is_whole)
			return true;
		error_set(err, ERROR_DATA,
			  "%s holds dumps of whole schemas, which --load cannot load yet",
			  dir);
		return error_hint(err, "%s", STORED_WHOLE_HINT);
	}
	return false;
}

/* Report files that belong to no account; others are reported with their account. */
static void name_extra(struct verify *verify, const struct strvec *files)
{
	for (size_t i = 0; i < files->count; i++) {
		AUTO_FREE char *account = layout_account_name(files->v[i]);

		if (!account || !manifest_find(&verify->save.manifest, account))
			complain(verify, report_add(&verify->report, ""), files->v[i],
				 "extra: not in the manifest");
	}
}

static void check_age(struct verify *verify)
{
	uint64_t max_age_s = verify->opts.conf->max_age_s;
	struct error err;

	if (max_age_s)
		verify->report.too_old =
			age_find_old(&verify->save, verify->opts.conf->directory,
				     max_age_s, time(NULL));
	if (!verify->report.too_old)
		return;
	error_set(&err, ERROR_DATA, "%s", verify->report.too_old);
	log_error(verify->opts.log, &err);
}

static void on_start(void *owner)
{
	struct verify *verify = owner;

	if (verify->signal_number || !open_save(verify, &verify->report.error)) {
		verify_end(verify);
		return;
	}
	check_age(verify);
	savedir_list_accounts(&verify->save, &verify->accounts);
	for (size_t i = 0; i < verify->accounts.count; i++)
		report_add(&verify->report, verify->accounts.v[i])->outcome = "unread";
	if (verify->save.kind == SAVEDIR_SAVE)
		name_extra(verify, &verify->save.dumps);
	name_extra(verify, &verify->save.strays);
	verify->looks = xcalloc(verify->accounts.count, sizeof(struct look *));
	work_each_start(&(struct work_each_opts){ .loop = verify->opts.loop,
						  .count = verify->accounts.count,
						  .run = read_dump,
						  .done = on_read,
						  .finished = on_all_read,
						  .is_stopped = &verify->is_stopped,
						  .owner = verify });
}

struct verify *verify_start(const struct run_opts *opts)
{
	struct verify *verify = xcalloc(1, sizeof(*verify));

	verify->opts = *opts;
	verify->save.fd = -1;
	timer_start(opts->loop, 0, on_start, verify);
	return verify;
}

void verify_cancel(struct verify *verify, int signal_number)
{
	verify->signal_number = signal_number;
	verify->is_stopped = true;
	if (verify->load)
		verify_load_cancel(verify->load, signal_number);
}
