/* SPDX-License-Identifier: PostgreSQL */
/* The dumping: one pg_dump for each batch, every file checked by a worker as it lands. */
#include "task/save/internal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/str.h"
#include "catalog/grants.h"
#include "product/version.h"
#include "task/stored.h"
#include "store/marker.h"
#include "product/product.h"

/*
 * Measured with 10,000 accounts: one of pg_dump's queries joins in a bad order and takes
 * 81 s of 87; in the order it is written it takes next to nothing.
 */
#define CHILD_OPTIONS "-c join_collapse_limit=1"

/* A pg_dump that waits for a lock may be killed: its session is not to wait on. */
#define NOTICE_OUR_END " -c client_connection_check_interval=1000"

/* What to do about what pg_dump or the server says. Their words are English unless the
 * locale says otherwise. */
static const struct {
	const char *words;
	const char *hint;
} hints[] = {
	{ "row-level security", "save as a role that bypasses row-level security" },
	{ "No space left", "free space on that disk" },
	{ "out of shared memory", "raise max_locks_per_transaction, or lower --jobs" },
	/* pg_dump waits for locks with a statement time-out, and then tells its query */
	{ "LOCK TABLE",
	  "another session holds a lock on it (see pg_locks): raise --lock-wait, or "
	  "save at another time" },
	{ "did not end within",
	  "raise --timeout, or find what it waits for in pg_stat_activity" },
	{ "invalid snapshot",
	  "the session that holds the snapshot is gone; run the save again" },
	{ "conflict with recovery",
	  "a standby ends what its replay would have to wait for: set "
	  "hot_standby_feedback = on and a longer max_standby_streaming_delay there, or "
	  "save from the primary" },
	{ "server version mismatch", "install the pg_dump of the server's version" },
};

void save_add_hint(struct error *err)
{
	if (!err->hint[0] && pg_pooler_hint(err->text))
		error_hint(err, "%s", pg_pooler_hint(err->text));
	for (size_t i = 0; i < ARRAY_SIZE(hints) && !err->hint[0]; i++)
		if (strstr(err->text, hints[i].words))
			error_hint(err, "%s", hints[i].hint);
}

void save_show_progress(struct save *s)
{
	size_t ahead = 0;

	for (size_t i = 0; s->streams && i < s->batch_count; i++)
		ahead += s->batches[i]->ahead;
	s->opts.progress(s->opts.owner, s->finished + ahead, s->account_count);
}

static void account_finished(struct save_account *a)
{
	struct save *s = a->save;

	if (a->batch->ahead)
		a->batch->ahead--;
	s->finished++;
	save_show_progress(s);
	if (--a->node->undumped == 0 && !s->machine.is_cancelled)
		save_recheck_start(a->node);
}

void save_discard_dump(struct save_account *a)
{
	AUTO_FREE char *file = layout_file_name(a->place->name);

	/* if that fails, publishing says so: the manifest does not list it */
	unlinkat(a->save->staging_fd, file, 0);
}

void save_dump_failed(struct save_account *a, const struct error *err)
{
	struct error hinted = *err;

	save_discard_dump(a);
	if (!a->save->machine.is_cancelled) {
		if (!hinted.hint[0] && save_node_is_usable(a->node) &&
		    strstr(hinted.text, "permission denied for"))
			grants_hint_dump(a->node->farm_node->session, a->place->name,
					 &hinted);
		save_add_hint(&hinted);
		save_account_failed(a, "dump", &hinted);
	}
	account_finished(a);
}

/* ---- an account by itself: pg_dump writes the file ---- */

static bool open_file(struct save_account *a, int *fd, struct error *err)
{
	AUTO_FREE char *file = layout_file_name(a->place->name);

	*fd = openat(a->save->staging_fd, file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
		     0600);
	if (*fd >= 0)
		return true;
	return error_set(err, ERROR_SYSTEM, "create %s/%s: %s", a->save->layout.staging,
			 file, strerror(errno));
}

void save_start_argv(struct save *s, const struct save_node *n)
{
	const struct session_facts *facts = session_facts(n->farm_node->session);

	strvec_release(&s->argv);
	strvec_push(&s->argv, n->tool->pgtool.path);
	strvec_push(&s->argv, "--no-password");
	strvec_push_format(&s->argv, "--snapshot=%s", facts->snapshot);
	strvec_push_format(&s->argv, "--encoding=%s", facts->encoding);
	if (s->opts.conf->lock_wait_s)
		strvec_push_format(&s->argv, "--lock-wait-timeout=%llu",
				   (unsigned long long)s->opts.conf->lock_wait_s * 1000);
	if (n->childenv.dbname)
		strvec_push_format(&s->argv, "--dbname=%s", n->childenv.dbname);
}

void save_announce(struct save_account *a)
{
	AUTO_FREE char *file = layout_file_name(a->place->name);

	if (!a->is_announced)
		log_info(a->save->opts.log, "Dumping account %s to %s/%s...",
			 a->place->name, a->save->opts.conf->directory, file);
	a->is_announced = true;
}

static bool prepare_alone(struct save_batch *b, struct child_opts *child,
			  struct error *err)
{
	struct save_account *a = b->accounts[0];
	AUTO_FREE char *pattern = catalog_dump_pattern(a->model);

	if (!open_file(a, &child->stdout_fd, err))
		return false;
	child->owns_stdout = true;
	save_announce(a);
	save_start_argv(b->save, b->node);
	strvec_push_format(&b->save->argv, "--table=%s", pattern);
	return true;
}

static bool retry(struct save_account *a, const struct child_result *result)
{
	if (!pg_is_transient(result->messages) || !worklist_retry(&a->batch->item))
		return false;
	log_debug(a->save->opts.log, "[%s dump] to be tried again: %s", a->place->name,
		  result->messages);
	save_discard_dump(a);
	return true;
}

/* ---- the check ---- */

static void on_version(void *owner, const char *value)
{
	struct save_account *a = owner;

	(void)version_take(value, &a->version);
}

static bool check_file(struct save_account *a, struct error *err)
{
	const struct dumpfile_opts opts = {
		.expect_schema = a->model->raw_name,
		.expect_prefix = STORED_PREFIX,
		.watch_table = PRODUCT_VERSION_TABLE,
		.watch_column = PRODUCT_VERSION_COLUMN,
		.on_value = on_version,
		.created = &a->check->created,
		.owner = a,
	};
	AUTO_FREE char *file = layout_file_name(a->place->name);
	AUTO_CLOSE int fd = -1;

	if (!fs_open_file(a->save->staging_fd, file, &fd, err) ||
	    !dumpfile_check(fd, &opts, &a->check->facts, err))
		return error_prefix(err, "%s", file);
	/* only a beginning, so that the fsync later need not wait for each by itself */
	(void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	return true;
}

/* On a worker thread: nobody else looks at the account meanwhile. */
void save_check_dump(struct save_account *a)
{
	a->check = xcalloc(1, sizeof(*a->check)); /* not sound until it is found to be */
	free(a->version);
	a->version = NULL;
	(void)check_file(a, &a->check->problem);
	save_note_created(a);
}

static bool take_check(struct save_account *a, struct error *err)
{
	AUTO_FREE struct save_check *check = a->check;
	struct dumpfile_facts *facts = &check->facts;

	a->check = NULL;
	free(a->parents);
	a->parents = facts->parents;
	facts->parents = NULL;
	dumpfile_facts_release(facts);
	if (!facts->is_sound) {
		*err = check->problem;
		if (a->node->is_pooled)
			error_hint(err,
				   "pg_dump's search_path may have gone astray in the "
				   "pooler: save through a pool of sessions, or from "
				   "the server itself");
		return error_prefix(err, "the dump is not whole");
	}
	a->size_bytes = facts->size_bytes;
	a->rows = facts->rows;
	a->tables = facts->tables;
	memcpy(a->sha256, facts->sha256, sizeof(a->sha256));
	return true;
}

bool save_end_check(struct save_account *a, struct error *err)
{
	if (!take_check(a, err))
		return false;
	a->is_dumped = true;
	a->node->failures = 0;
	free(a->node->given_up);
	a->node->given_up = NULL;
	a->save->dumped++;
	account_finished(a);
	return true;
}

static void check_alone(void *owner)
{
	save_check_dump(owner);
}

static void on_checked_alone(void *owner)
{
	struct save_account *a = owner;
	struct error err;

	if (!save_end_check(a, &err))
		save_dump_failed(a, &err);
	worklist_end(&a->batch->item);
}

static void finish_alone(struct save_batch *b, const struct child_result *result)
{
	struct save *s = b->save;
	struct save_account *a = b->accounts[0];
	struct error err;

	a->elapsed_ms = result->elapsed_ms;
	if (child_succeeded(result, "pg_dump", &err)) {
		run_log_messages(&s->opts, a->place->name, "dump", result->messages);
		work_start(s->opts.loop, check_alone, on_checked_alone, a);
	} else if (!retry(a, result)) {
		b->node->failures++;
		save_dump_failed(a, b->node->farm_node->is_lost
					    ? &b->node->farm_node->error
					    : &err);
		worklist_end(&b->item);
	}
}

/* ---- the batches ---- */

static struct work_item *batch_item(void *owner, size_t index)
{
	struct save *s = owner;

	return &s->batches[index]->item;
}

static bool prepare(void *owner, struct work_item *item, struct child_opts *child,
		    struct error *err)
{
	struct save *s = owner;
	struct save_batch *b = save_batch_of(item);

	child->timeout_ms = s->opts.conf->timeout_s * 1000;
	child->env = strvec_argv(&b->node->childenv.env);
	if (!(b->count == 1 ? prepare_alone(b, child, err)
			    : save_stream_prepare(b, child, err)))
		return false;
	run_log_command(&s->opts, &s->argv);
	child->argv = strvec_argv(&s->argv);
	return true;
}

static void on_started(void *owner, struct work_item *item)
{
	struct save_batch *b = save_batch_of(item);

	(void)owner;
	if (b->stream)
		save_stream_started(b);
}

static void on_finished(void *owner, struct work_item *item,
			const struct child_result *result)
{
	struct save_batch *b = save_batch_of(item);

	(void)owner;
	if (b->stream)
		save_stream_finished(b, result);
	else
		finish_alone(b, result);
}

static void on_failed(void *owner, struct work_item *item, const struct error *err)
{
	struct save_batch *b = save_batch_of(item);

	(void)owner;
	save_stream_free(b->stream);
	b->stream = NULL;
	for (size_t i = 0; i < b->count; i++)
		save_dump_failed(b->accounts[i], err);
}

static void on_all_finished(void *owner)
{
	struct save *s = owner;

	if (s->machine.is_cancelled)
		farm_disconnect(s->farm); /* ends the rechecks, whose callbacks go on */
	machine_move(&s->machine, s->machine.is_cancelled ? STEP_FAIL : STEP_NEXT);
}

static void add_file(struct strvec *files, const char *account)
{
	AUTO_FREE char *file = layout_file_name(account);

	strvec_push(files, file);
}

/* Whatever this run may write there: all accounts, and those that may be carried over. */
static bool mark_staging(const struct save *s, struct error *err)
{
	AUTO_STRVEC struct strvec files = { 0 }, before = { 0 };
	AUTO_FREE char *maker = str_format("metamodel save, process %ld, since %s",
					   (long)getpid(), s->started);

	for (size_t i = 0; i < s->account_count; i++)
		add_file(&files, s->accounts[i].place->name);
	if (s->previous_count)
		savedir_list_accounts(&s->previous[0], &before);
	for (size_t i = 0; i < before.count; i++)
		add_file(&files, before.v[i]);
	return marker_write(s->staging_fd, maker, &files, err);
}

static bool make_staging(struct save *s, struct error *err)
{
	if (mkdir(s->layout.staging, 0700) < 0)
		return error_set(err, ERROR_SYSTEM, "create %s: %s", s->layout.staging,
				 strerror(errno));
	s->has_staging = true;
	s->staging_fd = open(s->layout.staging, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->staging_fd < 0)
		return error_set(err, ERROR_SYSTEM, "open %s: %s", s->layout.staging,
				 strerror(errno));
	return mark_staging(s, err) || error_prefix(err, "%s", s->layout.staging);
}

static bool make_environments(struct save *s, struct error *err)
{
	for (size_t i = 0; i < s->farm->node_count; i++) {
		struct save_node *n = &s->nodes[i];
		struct session *session = n->farm_node->session;

		if (save_node_is_usable(n) &&
		    !childenv_init(&n->childenv, session_conn(session),
				   session_facts(session)->can_check_client
					   ? CHILD_OPTIONS NOTICE_OUR_END
					   : CHILD_OPTIONS,
				   err))
			return false;
	}
	return true;
}

enum step_result save_dump_enter(void *owner)
{
	struct save *s = owner;
	AUTO_FREE struct work_group **groups =
		xcalloc(s->farm->node_count, sizeof(struct work_group *));
	struct worklist_opts opts = {
		.loop = s->opts.loop,
		.jobs = run_choose_jobs(&s->opts, s->farm),
		.groups = groups,
		.group_count = s->farm->node_count,
		.item = batch_item,
		.prepare = prepare,
		.started = on_started,
		.finished = on_finished,
		.failed = on_failed,
		.done = on_all_finished,
		.owner = s,
	};

	if (!make_staging(s, &s->error) || !make_environments(s, &s->error))
		return STEP_FAIL;
	s->opts.progress(s->opts.owner, s->finished, s->account_count);
	for (size_t i = 0; i < s->farm->node_count; i++)
		groups[i] = &s->nodes[i].group;
	save_make_batches(s);
	opts.count = s->batch_count;
	s->asking = 1; /* all dumps */
	s->worklist = worklist_start(&opts);
	return STEP_WAIT;
}
