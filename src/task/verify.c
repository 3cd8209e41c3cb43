/* SPDX-License-Identifier: PostgreSQL */
#include "task/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/str.h"
#include "model/model.h"
#include "tree/dumpfile.h"
#include "tree/layout.h"
#include "tree/lockfile.h"
#include "tree/rotate.h"
#include "tree/savedir.h"

enum { WORKERS = 4 }; /* as many as libuv has threads, unless told otherwise */

/* One reader: takes file after file. */
struct reader {
	struct verify *verify;
	size_t at; /* the account it is reading */
	struct dumpfile_facts facts;
	struct error error; /* ERROR_NONE: in order */
	char *version;
};

struct verify {
	struct run_opts opts;
	struct layout layout;
	struct savedir save;
	struct strvec accounts;
	struct report report;
	struct reader readers[WORKERS];
	size_t next;
	size_t finished;
	unsigned running;
	int signal_number;
};

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
	else if (failed)
		r->result = REPORT_PARTLY;
	v->opts.done(v->opts.owner, r);
	report_release(r);
	strvec_release(&v->accounts);
	savedir_release(&v->save);
	layout_release(&v->layout);
	free(v);
}

/* Say what is wrong with a file, and note it. */
static void complain(struct verify *v, struct report_account *account, const char *file,
		     const char *problem)
{
	struct error err;

	error_set(&err, ERROR_DATA, "%s", problem);
	account->error = xstrdup(err.text);
	account->outcome = "failed";
	error_prefix(&err, "%s/%s", v->opts.conf->directory, file);
	log_error(v->opts.log, &err);
}

static void on_version(void *owner, const char *value)
{
	struct reader *r = owner;

	if (!model_version_is_newer(value, r->version))
		return;
	free(r->version);
	r->version = xstrdup(value);
}

/* Compare what was read with what the manifest says. */
static bool compare(const struct reader *r, const struct manifest_entry *e,
		    struct error *err)
{
	const struct dumpfile_facts *f = &r->facts;

	if (e && f->size_bytes != e->size_bytes)
		error_set(err, ERROR_DATA,
			  "wrong size: %llu bytes, the manifest says %llu",
			  (unsigned long long)f->size_bytes,
			  (unsigned long long)e->size_bytes);
	else if (f->is_sound && e && strcmp(f->sha256, e->sha256) != 0)
		error_set(err, ERROR_DATA,
			  "wrong hash: its SHA-256 is not that of the manifest");
	else if (f->is_sound && e &&
		 (f->tables != e->tables || f->rows != e->rows ||
		  strcmp(r->version ? r->version : "", e->version ? e->version : "") !=
			  0))
		error_set(err, ERROR_DATA,
			  "the manifest is wrong about it: it holds %u tables, %llu "
			  "rows, version %s",
			  f->tables, (unsigned long long)f->rows,
			  r->version ? r->version : "nil");
	else if (f->is_sound)
		return true;
	if (f->is_sound)
		return false;
	if (err->kind == ERROR_NONE)
		return error_set(err, ERROR_DATA, "%s", f->problem.text);
	error_append(err, "; ");
	return error_append(err, f->problem.text);
}

/* On a worker thread. */
static void read_dump(void *owner)
{
	struct reader *r = owner;
	const struct savedir *save = &r->verify->save;
	const char *account = r->verify->accounts.v[r->at];
	const struct dumpfile_opts opts = { .watch_table = MODEL_VERSION_TABLE,
					    .watch_column = MODEL_VERSION_COLUMN,
					    .on_value = on_version,
					    .owner = r };
	AUTO_CLOSE int fd = -1;

	if (savedir_open_dump(save, account, &fd, &r->error) &&
	    dumpfile_check(fd, &opts, &r->facts, &r->error))
		(void)!compare(r, manifest_find(&save->manifest, account), &r->error);
}

static void on_read(void *owner);

static void start_reader(struct reader *r)
{
	struct verify *v = r->verify;

	if (v->signal_number || v->next == v->accounts.count)
		return;
	free(r->version);
	r->version = NULL;
	r->error = (struct error){ 0 };
	r->at = v->next++;
	v->running++;
	work_start(v->opts.loop, read_dump, on_read, r);
}

static void on_read(void *owner)
{
	struct reader *r = owner;
	struct verify *v = r->verify;
	const char *account = v->accounts.v[r->at];
	struct report_account *out = &v->report.accounts[r->at];
	const struct manifest_entry *e = manifest_find(&v->save.manifest, account);
	AUTO_FREE char *file = savedir_file_name(&v->save, account);

	v->running--;
	out->outcome = e && e->is_stale ? "stale" : "good";
	out->node = e && e->node ? xstrdup(e->node) : NULL;
	out->version = r->version;
	out->tables = r->facts.tables;
	out->rows = r->facts.rows;
	out->size_bytes = r->facts.size_bytes;
	r->version = NULL;
	if (r->error.kind != ERROR_NONE)
		complain(v, out, file, r->error.text);
	v->finished++;
	v->opts.progress(v->opts.owner, v->finished, v->accounts.count);
	start_reader(r);
	if (!v->running)
		verify_end(v);
}

/* What a dead run left may be the save itself, on its way to its name (see
 * tree/rotate.h). */
static void recover(struct verify *v)
{
	bool did_finish = false, did_clean = false;
	struct error err;
	int lock_fd;

	if (!rotate_is_unfinished(&v->layout) ||
	    !lockfile_take(v->layout.lock, "metamodel verify", &lock_fd, &err))
		return; /* a run is at work, or this is a place where we may only read */
	if (!rotate_recover(&v->layout, &did_finish, &did_clean, &err))
		log_warning(v->opts.log, "what an earlier run left behind stays: %s",
			    err.text);
	if (did_finish)
		log_warning(v->opts.log,
			    "an earlier run died while it swapped its save in; that "
			    "was finished now");
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
			    "%s has no " MANIFEST_FILE ": it can only be checked that "
			    "its dumps are whole",
			    dir);
		if (!v->save.dumps.count)
			return error_set(err, ERROR_DATA, "%s holds no dump", dir);
		return true;
	case SAVEDIR_SAVE:
		return true;
	}
	return false;
}

static void name_extra(struct verify *v, const struct strvec *files, bool is_dump)
{
	for (size_t i = 0; i < files->count; i++) {
		AUTO_FREE char *account =
			is_dump ? layout_account_name(files->v[i]) : NULL;

		if (!account || !manifest_find(&v->save.manifest, account))
			complain(v, report_add(&v->report, ""), files->v[i],
				 "extra: not in the manifest");
	}
}

static void on_start(void *owner)
{
	struct verify *v = owner;

	if (v->signal_number || !open_save(v, &v->report.error)) {
		verify_end(v);
		return;
	}
	savedir_list_accounts(&v->save, &v->accounts);
	for (size_t i = 0; i < v->accounts.count; i++)
		report_add(&v->report, v->accounts.v[i])->outcome = "unread";
	if (v->save.kind == SAVEDIR_SAVE)
		name_extra(v, &v->save.dumps, true);
	name_extra(v, &v->save.strays, false);
	for (size_t i = 0; i < WORKERS; i++) {
		v->readers[i].verify = v;
		start_reader(&v->readers[i]);
	}
	if (!v->running)
		verify_end(v);
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
}
