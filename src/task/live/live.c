/* SPDX-License-Identifier: PostgreSQL */
#include "task/live/live.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "store/layout.h"
#include "store/own.h"
#include "task/save/save.h"

struct live {
	struct live_opts opts;
	struct run_opts run; /* the caller's */
	struct log log;      /* without the lines for steps */
	struct conf conf;    /* borrows from the caller's */
	char *parent;        /* NULL: not created */
	char *path;
	struct save *save; /* NULL: not running */
	struct strvec failed;
	struct error error;
};

static bool ask_password(void *owner, char **out)
{
	struct live *live = owner;

	return live->run.ask_password(live->run.owner, out);
}

static void on_progress(void *owner, size_t done, size_t total)
{
	struct live *live = owner;

	live->run.progress(live->run.owner, done, total);
}

static void end(struct live *live)
{
	live->opts.done(live->opts.owner,
			live->error.kind == ERROR_NONE ? NULL : &live->error);
}

static void on_saved(void *owner, const struct report *report)
{
	struct live *live = owner;

	live->save = NULL;
	live->error = report->error;
	for (size_t i = 0; i < report->count; i++)
		if (report->accounts[i].error)
			strvec_push(&live->failed, report->accounts[i].account);
	strvec_sort(&live->failed);
	if (report->result == REPORT_FAILED && live->error.kind == ERROR_NONE)
		error_set(&live->error, ERROR_DATA,
			  "no %s could be dumped: nothing was compared",
			  live->conf.product.noun);
	end(live);
}

static bool make_parent(struct live *live, struct error *err)
{
	const char *tmp = getenv("TMPDIR");
	AUTO_FREE char *path =
		str_format("%s/metamodel.XXXXXX", tmp && *tmp ? tmp : "/tmp");

	if (!mkdtemp(path))
		return error_set(err, ERROR_SYSTEM, "create %s: %s", path,
				 strerror(errno)) ||
		       error_hint(err,
				  "the dumps of --live need a directory: set TMPDIR");
	live->parent = xstrdup(path);
	live->path = str_format("%s/now", path);
	return true;
}

/* Options about the save to compare with do not apply to this one. */
static void set_conf(struct live *live)
{
	live->conf = *live->run.conf;
	live->conf.directory = live->path;
	live->conf.keep = 1;
	live->conf.keep_days = live->conf.keep_weeks = live->conf.keep_months = 0;
	live->conf.dry_run = live->conf.strict = live->conf.json = false;
	live->conf.from_other_database = false;
}

static void on_start(void *owner)
{
	struct live *live = owner;
	struct run_opts run = live->run;

	if (live->error.kind != ERROR_NONE || !make_parent(live, &live->error)) {
		end(live);
		return;
	}
	set_conf(live);
	live->log = *live->run.log;
	if (live->log.level == LOG_INFO)
		live->log.level = LOG_WARNING;
	run.log = &live->log;
	run.conf = &live->conf;
	run.ask_password = ask_password;
	run.progress = on_progress;
	run.done = on_saved;
	run.owner = live;
	live->save = save_start(&run);
}

struct live *live_start(const struct live_opts *opts)
{
	struct live *live = xcalloc(1, sizeof(*live));

	live->opts = *opts;
	live->run = *opts->run;
	timer_start(live->run.loop, 0, on_start, live);
	return live;
}

void live_cancel(struct live *live, int signal_number)
{
	if (live->save)
		save_cancel(live->save, signal_number);
	else
		error_set(&live->error, ERROR_SIGNAL, "stopped by signal %d (%s)",
			  signal_number, strsignal(signal_number));
}

const char *live_path(const struct live *live)
{
	return live->path;
}

const struct strvec *live_failed(const struct live *live)
{
	return &live->failed;
}

static bool delete_save(const struct live *live, struct error *err)
{
	AUTO_FREE char *lock = str_format("%s" LOCK_SUFFIX, live->path);
	AUTO_FREE char *staging = str_format("%s.new", live->path);
	AUTO_STRVEC struct strvec notes = { 0 };

	if (!own_delete(live->path, live->path, &notes, err) ||
	    !own_delete(staging, live->path, &notes, err))
		return false;
	if ((unlink(lock) < 0 && errno != ENOENT) || rmdir(live->parent) < 0)
		return error_set(err, ERROR_SYSTEM, "%s", strerror(errno));
	return true;
}

void live_free(struct live *live)
{
	struct error err;

	if (live->parent && !delete_save(live, &err))
		log_alert(live->run.log, "%s holds dumps, and could not be deleted: %s",
			  live->parent, err.text);
	strvec_release(&live->failed);
	free(live->parent);
	free(live->path);
	free(live);
}
