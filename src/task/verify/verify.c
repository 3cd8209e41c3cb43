/* SPDX-License-Identifier: PostgreSQL */
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

/* One dump, as far as it has been looked at. */
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
	struct look **looks; /* one for each account, until it is told */
	size_t finished;
	struct strvec loadable;   /* accounts whose dumps are in order */
	struct strvec roles;      /* that their dumps name, with repetitions */
	char *encoding;           /* of the first of them; NULL: not known */
	struct verify_load *load; /* NULL: it does not run */
	bool is_stopped;
	int signal_number;
};

static void tell_others(struct verify *v)
{
	for (size_t i = 0; i < v->failures.count; i++) {
		const char *account;
		AUTO_FREE char *others =
			failures_format_others(&v->failures, i, &account);
		struct error err;

		if (!others)
			continue;
		error_set(&err, ERROR_DATA, "account %s: %s", account, others);
		log_error(v->opts.log, &err);
	}
	failures_release(&v->failures);
}

static void verify_end(struct verify *v)
{
	struct report *r = &v->report;
	size_t failed = 0;

	for (size_t i = 0; i < r->count; i++)
		failed += r->accounts[i].error != NULL;
	if (v->signal_number)
		error_set(&r->error, ERROR_SIGNAL, "stopped by signal %d (%s)",
			  v->signal_number, strsignal(v->signal_number));
	r->signal_number = v->signal_number;
	if (r->error.kind != ERROR_NONE || (failed && failed == r->count))
		r->result = REPORT_FAILED;
	else if (failed || r->too_old)
		r->result = REPORT_PARTLY;
	tell_others(v);
	v->opts.done(v->opts.owner, r);
	report_release(r);
	strvec_release(&v->accounts);
	strvec_release(&v->loadable);
	strvec_release(&v->roles);
	free(v->encoding);
	savedir_release(&v->save);
	layout_release(&v->layout);
	free(v->looks);
	free(v);
}

/* Say what is wrong with a file, and note it. */
static void complain(struct verify *v, struct report_account *account, const char *file,
		     const char *problem)
{
	bool is_new = true;
	struct error err;

	error_set(&err, ERROR_DATA, "%s", problem);
	if (account->account[0]) /* the closing line names it */
		is_new = failures_note(&v->failures, account->account, "", &err);
	account->error = xstrdup(problem);
	if (!account->file)
		account->file = xstrdup(file);
	account->outcome = "failed";
	error_prefix(&err, "%s/%s", v->opts.conf->directory, file);
	if (is_new)
		log_error(v->opts.log, &err);
}

static bool is_ascii(const char *text)
{
	while (*text && !(*text & 0x80))
		text++;
	return !*text;
}

/* On a worker thread. */
static void read_dump(void *owner, size_t index)
{
	struct verify *v = owner;
	struct look *look = v->looks[index] = xcalloc(1, sizeof(*look));
	const char *account = v->accounts.v[index];

	bool is_known = v->save.kind == SAVEDIR_SAVE && is_ascii(account);

	/* how a dump spells another name depends on its database; without a manifest
	 * there are names of files only */
	if (stored_dump_open(&v->save, account, is_known ? account : NULL, &look->dump,
			     &look->error))
		look->error.kind = ERROR_NONE;
}

static void note_loadable(struct verify *v, const char *account,
			  const struct dumpfile_facts *facts)
{
	strvec_push(&v->loadable, account);
	for (size_t i = 0; i < facts->roles.count; i++)
		strvec_push(&v->roles, facts->roles.v[i]);
	if (!v->encoding)
		v->encoding = xstrdup(facts->encoding);
}

static void on_read(void *owner, size_t index)
{
	struct verify *v = owner;
	struct look *look = v->looks[index];
	const struct manifest_entry *e = look->dump.entry;
	struct report_account *out = &v->report.accounts[index];
	AUTO_FREE char *file = savedir_file_name(&v->save, out->account);

	out->file = xstrdup(file);
	out->outcome = !e || !e->is_stale ? "good"
		       : e->is_failed     ? "stale"
					  : "carried over";
	out->node = e && e->node ? xstrdup(e->node) : NULL;
	out->version = look->dump.version ? xstrdup(look->dump.version) : NULL;
	out->tables = look->dump.facts.tables;
	out->rows = look->dump.facts.rows;
	out->size_bytes = look->dump.facts.size_bytes;
	if (look->error.kind != ERROR_NONE)
		complain(v, out, file, look->error.text);
	else
		note_loadable(v, out->account, &look->dump.facts);
	stored_dump_release(&look->dump);
	free(look);
	v->finished++;
	v->opts.progress(v->opts.owner, v->finished, v->accounts.count);
}

/* Each once. */
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
	struct verify *v = owner;

	v->load = NULL;
	verify_end(v);
}

static void on_all_read(void *owner)
{
	struct verify *v = owner;

	if (!v->opts.conf->load || v->is_stopped || !v->loadable.count ||
	    v->report.error.kind != ERROR_NONE) {
		verify_end(v);
		return;
	}
	leave_once(&v->roles);
	v->load = verify_load_start(&(struct verify_load_opts){ .run = &v->opts,
								.accounts = &v->loadable,
								.roles = &v->roles,
								.encoding = v->encoding,
								.report = &v->report,
								.done = on_loaded,
								.owner = v },
				    &v->save);
}

/* What a dead run left may be the save itself, on its way to its name (see
 * store/rotate.h). */
static void recover(struct verify *v)
{
	AUTO_STRVEC struct strvec notes = { 0 };
	bool did_finish = false, did_clean = false;
	struct error err;
	int lock_fd;

	if (!rotate_is_unfinished(&v->layout) ||
	    !lockfile_take(v->layout.lock, "metamodel verify", &lock_fd, &err))
		return; /* a run is at work, or this is a place where we may only read */
	if (!rotate_recover(&v->layout, &did_finish, &did_clean, &notes, &err))
		log_warning(v->opts.log,
			    "cannot remove what an earlier run left behind: %s",
			    err.text);
	for (size_t i = 0; i < notes.count; i++)
		log_warning(v->opts.log, "%s", notes.v[i]);
	if (did_finish)
		log_warning(v->opts.log, "an earlier run died while it swapped its save "
					 "in; the swap is complete now");
	close(lock_fd);
}

static bool open_save(struct verify *v, struct error *err)
{
	const char *dir = v->opts.conf->directory;

	if (!layout_init(&v->layout, dir, err))
		return false;
	recover(v);
	if (!savedir_open(v->layout.dir, &v->save, err))
		return false;
	switch (v->save.kind) {
	case SAVEDIR_ABSENT:
		error_set(err, ERROR_DATA, "%s does not exist", dir);
		return error_hint(err, "name the save: metamodel verify DIR");
	case SAVEDIR_FOREIGN:
		error_set(err, ERROR_DATA, "%s is not a save: it has no " MANIFEST_FILE,
			  dir);
		return error_hint(err, "name the save: metamodel verify DIR");
	case SAVEDIR_DAMAGED:
		*err = v->save.damage;
		error_prefix(err, "%s", dir);
		return true; /* the dumps can be looked at all the same */
	case SAVEDIR_LEGACY:
		log_warning(v->opts.log,
			    "%s has no " MANIFEST_FILE
			    ": it can only be checked whether its dumps are complete",
			    dir);
		if (!v->save.dumps.count)
			return error_set(err, ERROR_DATA, "%s holds no dump", dir);
		return true;
	case SAVEDIR_SAVE:
		return true;
	}
	return false;
}

/* Those that belong to an account are named when that is read. */
static void name_extra(struct verify *v, const struct strvec *files)
{
	for (size_t i = 0; i < files->count; i++) {
		AUTO_FREE char *account = layout_account_name(files->v[i]);

		if (!account || !manifest_find(&v->save.manifest, account))
			complain(v, report_add(&v->report, ""), files->v[i],
				 "extra: not in the manifest");
	}
}

static void check_age(struct verify *v)
{
	uint64_t max_age_s = v->opts.conf->max_age_s;
	struct error err;

	if (max_age_s)
		v->report.too_old = age_find_old(&v->save, v->opts.conf->directory,
						 max_age_s, time(NULL));
	if (!v->report.too_old)
		return;
	error_set(&err, ERROR_DATA, "%s", v->report.too_old);
	log_error(v->opts.log, &err);
}

static void on_start(void *owner)
{
	struct verify *v = owner;

	if (v->signal_number || !open_save(v, &v->report.error)) {
		verify_end(v);
		return;
	}
	check_age(v);
	savedir_list_accounts(&v->save, &v->accounts);
	for (size_t i = 0; i < v->accounts.count; i++)
		report_add(&v->report, v->accounts.v[i])->outcome = "unread";
	if (v->save.kind == SAVEDIR_SAVE)
		name_extra(v, &v->save.dumps);
	name_extra(v, &v->save.strays);
	v->looks = xcalloc(v->accounts.count, sizeof(struct look *));
	work_each_start(&(struct work_each_opts){ .loop = v->opts.loop,
						  .count = v->accounts.count,
						  .run = read_dump,
						  .done = on_read,
						  .finished = on_all_read,
						  .is_stopped = &v->is_stopped,
						  .owner = v });
}

struct verify *verify_start(const struct run_opts *opts)
{
	struct verify *v = xcalloc(1, sizeof(*v));

	v->opts = *opts;
	v->save.fd = -1;
	timer_start(opts->loop, 0, on_start, v);
	return v;
}

void verify_cancel(struct verify *v, int signal_number)
{
	v->signal_number = signal_number;
	v->is_stopped = true;
	if (v->load)
		verify_load_cancel(v->load, signal_number);
}
