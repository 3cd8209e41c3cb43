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
#include "model/version.h"
#include "task/stored.h"

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
	{ "server version mismatch", "install the pg_dump of the server's version" },
};

static void add_hint(struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(hints) && !err->hint[0]; i++)
		if (strstr(err->text, hints[i].words))
			error_hint(err, "%s", hints[i].hint);
}

static void account_finished(struct save_account *a)
{
	struct save *s = a->save;

	s->finished++;
	s->opts.progress(s->opts.owner, s->finished, s->account_count);
	if (--a->node->undumped == 0 && !s->is_cancelled)
		save_recheck_start(a->node);
}

static char *dump_path(const struct save_account *a)
{
	AUTO_FREE char *file = layout_file_name(a->place->name);

	return str_format("%s/%s", a->save->layout.staging, file);
}

void save_discard_dump(struct save_account *a)
{
	AUTO_FREE char *path = dump_path(a);

	if (a->fd >= 0)
		close(a->fd);
	a->fd = -1;
	unlink(path); /* if that fails, publishing says so: the manifest does not list it
		       */
}

static void dump_failed(struct save_account *a, const struct error *err)
{
	struct error hinted = *err;

	save_discard_dump(a);
	if (!a->save->is_cancelled) {
		add_hint(&hinted);
		save_account_failed(a, "dump", &hinted);
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
	const struct save_node *n = a->node;
	AUTO_FREE char *pattern = model_dump_pattern(a->model);
	const struct node_facts *facts = node_facts(n->farm_node->node);

	strvec_release(&s->argv);
	strvec_push(&s->argv, n->tool->pgtool.path);
	strvec_push(&s->argv, "--no-password");
	strvec_push_format(&s->argv, "--snapshot=%s", facts->snapshot);
	strvec_push_format(&s->argv, "--encoding=%s", facts->encoding);
	if (s->opts.conf->lock_wait_s)
		strvec_push_format(&s->argv, "--lock-wait-timeout=%llu",
				   (unsigned long long)s->opts.conf->lock_wait_s * 1000);
	strvec_push_format(&s->argv, "--table=%s", pattern);
	if (n->childenv.dbname)
		strvec_push_format(&s->argv, "--dbname=%s", n->childenv.dbname);
}

static struct work_item *account_item(void *owner, size_t index)
{
	struct save *s = owner;

	return &s->accounts[index].item;
}

static bool prepare(void *owner, struct work_item *item, struct child_opts *child,
		    struct error *err)
{
	struct save *s = owner;
	struct save_account *a = save_account_of(item);
	AUTO_FREE char *file = layout_file_name(a->place->name);

	if (!open_file(a, err))
		return false;
	if (item->attempts == 1)
		log_info(s->opts.log, "Dumping account %s to %s/%s...", a->place->name,
			 s->opts.conf->directory, file);
	build_argv(a);
	run_log_command(&s->opts, &s->argv);
	child->argv = strvec_argv(&s->argv);
	child->env = strvec_argv(&a->node->childenv.env);
	child->stdout_fd = a->fd;
	child->timeout_ms = s->opts.conf->timeout_s * 1000;
	return true;
}

static void on_failed(void *owner, struct work_item *item, const struct error *err)
{
	(void)owner;
	dump_failed(save_account_of(item), err);
}

static bool retry(struct save_account *a, const struct child_result *result)
{
	if (!pg_is_transient(result->messages) || !worklist_retry(&a->item))
		return false;
	log_debug(a->save->opts.log, "[%s dump] to be tried again: %s", a->place->name,
		  result->messages);
	save_discard_dump(a);
	return true;
}

static void on_version(void *owner, const char *value)
{
	struct save_account *a = owner;

	if (!version_is_newer(value, a->version))
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
		.expect_prefix = STORED_PREFIX,
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

	if (!a->facts.is_sound) {
		error_prefix(&a->facts.problem, "the dump is not whole");
		dump_failed(a, &a->facts.problem);
	} else {
		close(a->fd);
		a->fd = -1;
		a->is_dumped = true;
		a->save->dumped++;
		account_finished(a);
	}
	worklist_end(&a->item);
}

static void on_finished(void *owner, struct work_item *item,
			const struct child_result *result)
{
	struct save *s = owner;
	struct save_account *a = save_account_of(item);
	struct error err;

	a->elapsed_ms = result->elapsed_ms;
	if (child_succeeded(result, "pg_dump", &err)) {
		run_log_messages(&s->opts, a->place->name, "dump", result->messages);
		work_start(s->opts.loop, check_dump, on_checked, a);
	} else if (!retry(a, result)) {
		dump_failed(a, a->node->farm_node->is_lost ? &a->node->farm_node->error
							   : &err);
		worklist_end(item);
	}
}

static void on_all_finished(void *owner)
{
	struct save *s = owner;

	if (s->is_cancelled)
		farm_disconnect(s->farm); /* ends the rechecks, whose callbacks go on */
	save_advance(s, s->is_cancelled ? STEP_FAIL : STEP_NEXT);
}

static bool make_staging(struct save *s, struct error *err)
{
	if (mkdir(s->layout.staging, 0700) < 0)
		return error_set(err, ERROR_SYSTEM, "create %s: %s", s->layout.staging,
				 strerror(errno));
	s->has_staging = true;
	return true;
}

static bool make_environments(struct save *s, struct error *err)
{
	for (size_t i = 0; i < s->farm->node_count; i++) {
		struct save_node *n = &s->nodes[i];

		if (save_node_is_usable(n) &&
		    !childenv_init(&n->childenv, node_conn(n->farm_node->node),
				   CHILD_OPTIONS, err))
			return false;
	}
	return true;
}

enum step_result save_dump_enter(struct save *s)
{
	AUTO_FREE struct work_group **groups =
		xcalloc(s->farm->node_count, sizeof(struct work_group *));
	const struct worklist_opts opts = {
		.loop = s->opts.loop,
		.jobs = run_choose_jobs(&s->opts, s->farm),
		.groups = groups,
		.group_count = s->farm->node_count,
		.count = s->account_count,
		.item = account_item,
		.prepare = prepare,
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
	for (size_t i = 0; i < s->account_count; i++) {
		struct save_account *a = &s->accounts[i];

		if (a->item.state == WORK_ENDED)
			continue;
		a->item.group = &a->node->group;
		a->node->undumped++;
	}
	s->asking = 1; /* all dumps */
	s->worklist = worklist_start(&opts);
	return STEP_WAIT;
}
