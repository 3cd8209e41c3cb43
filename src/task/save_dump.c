/* SPDX-License-Identifier: PostgreSQL */
/* The dumping: one pg_dump for each account, its file checked by a worker as it lands. */
#include "task/save_internal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"

/*
 * Measured with 10,000 accounts: one of pg_dump's queries joins in a bad order and takes
 * 81 s of 87; in the order it is written it takes next to nothing.
 */
#define CHILD_OPTIONS "-c join_collapse_limit=1"

/* What to do about what pg_dump says. Its words are English unless the locale says
 * otherwise. */
static const struct {
	const char *words;
	const char *hint;
} hints[] = {
	{ "permission denied", "save as a role that may read the table" },
	{ "row-level security", "save as a role that bypasses row-level security" },
	{ "No space left", "free space on the disk of the save" },
	{ "out of shared memory", "raise max_locks_per_transaction, or lower --jobs" },
	/* pg_dump waits for locks with a statement time-out, and then tells its query */
	{ "LOCK TABLE",
	  "another session holds a lock on it (see pg_locks): raise --lock-wait, or "
	  "save at another time" },
	{ "did not end within",
	  "raise --timeout, or find what it waits for in pg_stat_activity" },
	{ "invalid snapshot",
	  "the session that holds the snapshot is gone; run the save again" },
	{ "server version mismatch", "install the pg_dump of the server's version" },
};

static void add_hint(struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(hints) && !err->hint[0]; i++)
		if (strstr(err->text, hints[i].words))
			error_hint(err, "%s", hints[i].hint);
}

/* A cancelled save goes on when nothing runs any more. May free it. */
static void check_cancelled(struct save *s)
{
	if (s->is_cancelled && !pool_running(s->pool) && !s->checks_running)
		save_advance(s, STEP_FAIL);
}

static void on_all_finished(void *owner)
{
	struct save *s = owner;

	s->all_finished = NULL;
	save_advance(s, STEP_NEXT);
}

static void account_finished(struct save_account *a)
{
	struct save *s = a->save;

	a->state = ACCOUNT_ENDED;
	s->finished++;
	if (s->opts.progress)
		s->opts.progress(s->opts.owner, s->finished, s->account_count);
	if (s->finished == s->account_count)
		s->all_finished = timer_start(s->opts.loop, 0, on_all_finished, s);
}

static char *dump_path(const struct save_account *a)
{
	AUTO_FREE char *file = layout_file_name(a->model->name);

	return str_format("%s/%s", a->save->layout.staging, file);
}

/* Its file is of no worth. */
static void discard_file(struct save_account *a)
{
	AUTO_FREE char *path = dump_path(a);

	if (a->fd >= 0)
		close(a->fd);
	a->fd = -1;
	unlink(path); /* if that fails, publishing says so: the manifest does not list it
		       */
}

static void dump_failed(struct save_account *a, struct error *err)
{
	discard_file(a);
	if (!a->save->is_cancelled) {
		add_hint(err);
		save_account_failed(a, "dump", err);
	}
	account_finished(a);
}

static bool open_file(struct save_account *a, struct error *err)
{
	AUTO_FREE char *path = dump_path(a);

	a->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (a->fd >= 0)
		return true;
	return error_set(err, ERROR_SYSTEM, "create %s: %s", path, strerror(errno));
}

static void build_argv(struct save_account *a)
{
	struct save *s = a->save;
	AUTO_FREE char *pattern = model_dump_pattern(a->model);
	const struct node_facts *facts = node_facts(s->node);

	strvec_release(&s->argv);
	strvec_push(&s->argv, s->pg_dump.path);
	strvec_push(&s->argv, "--no-password");
	strvec_push_format(&s->argv, "--snapshot=%s", facts->snapshot);
	strvec_push_format(&s->argv, "--encoding=%s", facts->encoding);
	if (s->opts.conf->lock_wait_s)
		strvec_push_format(&s->argv, "--lock-wait-timeout=%llu",
				   (unsigned long long)s->opts.conf->lock_wait_s * 1000);
	strvec_push_format(&s->argv, "--table=%s", pattern);
	if (s->childenv.dbname)
		strvec_push_format(&s->argv, "--dbname=%s", s->childenv.dbname);
}

static void log_command(struct save *s)
{
	AUTO_STRBUF struct strbuf line = { 0 };

	if (s->opts.log->level < LOG_DEBUG)
		return;
	for (size_t i = 0; i < s->argv.count; i++) {
		strbuf_add_str(&line, i ? " '" : "'");
		for (const char *p = s->argv.v[i]; *p; p++)
			strbuf_add_str(&line,
				       *p == '\'' ? "'\\''" : (char[]){ *p, '\0' });
		strbuf_add_char(&line, '\'');
	}
	log_debug(s->opts.log, "%s", line.buf);
}

/* The next account that waits for its turn: a retry that is due, or a fresh one. */
static struct save_account *take_account(struct save *s)
{
	struct save_account *a = s->first_retry;

	if (a) {
		s->first_retry = a->next_retry;
		return a;
	}
	while (s->next_account < s->account_count) {
		a = &s->accounts[s->next_account++];
		if (a->state == ACCOUNT_QUEUED)
			return a;
	}
	return NULL;
}

static bool next_child(void *owner, struct child_opts *child, void **item)
{
	struct save *s = owner;
	struct save_account *a;
	struct error err;

	while (!s->is_node_lost && (a = take_account(s))) {
		AUTO_FREE char *file = layout_file_name(a->model->name);

		if (!open_file(a, &err)) {
			dump_failed(a, &err);
			continue;
		}
		a->state = ACCOUNT_RUNNING;
		if (!a->attempts++)
			log_info(s->opts.log, "Dumping account %s to %s/%s...",
				 a->model->name, s->opts.conf->directory, file);
		build_argv(a);
		log_command(s);
		child->argv = strvec_argv(&s->argv);
		child->env = strvec_argv(&s->childenv.env);
		child->stdout_fd = a->fd;
		child->timeout_ms = s->opts.conf->timeout_s * 1000;
		*item = a;
		return true;
	}
	return false;
}

static void on_start_failed(void *owner, void *item, const struct error *err)
{
	struct error copy = *err;

	(void)owner;
	dump_failed(item, &copy);
}

static void on_retry_due(void *owner)
{
	struct save_account *a = owner;

	a->pause = NULL;
	a->state = ACCOUNT_QUEUED;
	a->next_retry = a->save->first_retry;
	a->save->first_retry = a;
	pool_kick(a->save->pool);
}

static bool retry(struct save_account *a, const struct child_result *result)
{
	uint64_t pause_ms = node_retry_pause_ms(a->attempts);

	if (!pause_ms || a->save->is_cancelled || a->save->is_node_lost ||
	    !pg_is_transient(result->messages))
		return false;
	log_debug(a->save->opts.log, "[%s dump] tried again in %llu ms: %s",
		  a->model->name, (unsigned long long)pause_ms, result->messages);
	discard_file(a);
	a->state = ACCOUNT_PAUSED;
	a->pause = timer_start(a->save->opts.loop, pause_ms, on_retry_due, a);
	return true;
}

static void on_version(void *owner, const char *value)
{
	struct save_account *a = owner;

	if (!model_version_is_newer(value, a->version))
		return;
	free(a->version);
	a->version = xstrdup(value);
}

/* On a worker thread: nobody else looks at the account meanwhile. */
static void check_dump(void *owner)
{
	struct save_account *a = owner;
	const struct dumpfile_opts opts = {
		.expect_schema = a->model->raw_name,
		.watch_table = MODEL_VERSION_TABLE,
		.watch_column = MODEL_VERSION_COLUMN,
		.on_value = on_version,
		.owner = a,
	};
	struct error err;

	a->is_check_ok = dumpfile_check(a->fd, &opts, &a->facts, &err);
	if (a->is_check_ok && fsync(a->fd) < 0)
		a->is_check_ok =
			error_set(&err, ERROR_SYSTEM, "fsync: %s", strerror(errno));
	if (a->is_check_ok)
		return;
	a->facts.is_sound = false;
	a->facts.problem = err;
}

static void on_checked(void *owner)
{
	struct save_account *a = owner;
	struct save *s = a->save;

	s->checks_running--;
	if (!a->facts.is_sound) {
		error_prefix(&a->facts.problem, "the dump is not whole");
		dump_failed(a, &a->facts.problem);
	} else {
		close(a->fd);
		a->fd = -1;
		a->is_dumped = true;
		s->dumped++;
		account_finished(a);
	}
	check_cancelled(s);
}

static void on_finished(void *owner, void *item, const struct child_result *result)
{
	struct save_account *a = item;
	struct error err;

	(void)owner;
	a->elapsed_ms = result->elapsed_ms;
	if (child_succeeded(result, "pg_dump", &err)) {
		if (result->messages[0])
			log_warning(a->save->opts.log, "[%s dump] %s", a->model->name,
				    result->messages);
		a->save->checks_running++;
		work_start(a->save->opts.loop, check_dump, on_checked, a);
	} else if (!retry(a, result)) {
		if (a->save->is_node_lost)
			err = a->save->node_error;
		dump_failed(a, &err);
	}
	check_cancelled(a->save);
}

static void stop_pauses(struct save *s)
{
	for (size_t i = 0; i < s->account_count; i++) {
		if (s->accounts[i].pause)
			timer_cancel(s->accounts[i].pause);
		s->accounts[i].pause = NULL;
	}
}

void save_dump_node_lost(struct save *s)
{
	stop_pauses(s);
	pool_cancel(s->pool);
	for (size_t i = 0; i < s->account_count; i++) {
		struct save_account *a = &s->accounts[i];
		struct error err = s->node_error;

		if (a->state == ACCOUNT_QUEUED || a->state == ACCOUNT_PAUSED)
			dump_failed(a, &err);
	}
}

void save_dump_cancel(struct save *s)
{
	stop_pauses(s);
	pool_cancel(s->pool);
	check_cancelled(s);
}

static bool make_staging(struct save *s, struct error *err)
{
	if (mkdir(s->layout.staging, 0700) < 0)
		return error_set(err, ERROR_SYSTEM, "create %s: %s", s->layout.staging,
				 strerror(errno));
	s->has_staging = true;
	return true;
}

enum step_result save_dump_enter(struct save *s)
{
	const struct pool_opts opts = {
		.loop = s->opts.loop,
		.jobs = s->jobs,
		.next = next_child,
		.start_failed = on_start_failed,
		.finished = on_finished,
		.owner = s,
	};

	if (!make_staging(s, &s->error) ||
	    !childenv_init(&s->childenv, node_conn(s->node), CHILD_OPTIONS, &s->error))
		return STEP_FAIL;
	if (s->finished == s->account_count) /* none can be dumped */
		return STEP_NEXT;
	if (s->opts.progress)
		s->opts.progress(s->opts.owner, s->finished, s->account_count);
	s->pool = pool_new(&opts);
	pool_kick(s->pool);
	return STEP_WAIT;
}
