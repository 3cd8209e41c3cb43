/* SPDX-License-Identifier: PostgreSQL */
#include "task/save.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "task/save_internal.h"
#include "tree/lockfile.h"
#include "tree/rotate.h"

static void save_end(struct save *s);

void save_account_failed(struct save_account *a, const char *step,
			 const struct error *err)
{
	if (a->error)
		return;
	a->error = xstrdup(err->text);
	a->is_dumped = false;
	run_log_failure(&a->save->opts, a->model->name, step, err,
			&a->save->last_failure);
}

/* ---- lock: the lock file, what a dead run left, and what is in the way ---- */

/* Open the save and the old ones, newest first, and see that none of them is anything
 * else. */
static bool open_previous(struct save *s, struct error *err)
{
	unsigned keep = (unsigned)s->opts.conf->keep;

	if (!rotate_check(&s->layout, keep, err))
		return false;
	s->previous = xcalloc(keep + 1, sizeof(*s->previous));
	for (unsigned i = 0; i <= keep; i++) {
		AUTO_FREE char *path =
			i ? layout_old(&s->layout, i) : xstrdup(s->layout.dir);
		struct savedir *save = &s->previous[i];

		if (!savedir_open(path, save, err))
			return false;
		s->previous_count++;
		if (save->kind == SAVEDIR_DAMAGED) {
			error_prefix(&save->damage, "%s", path);
			log_error(s->opts.log, &save->damage);
		}
		if (savedir_serial(save) > s->serial)
			s->serial = savedir_serial(save);
	}
	return true;
}

static enum step_result enter_lock(struct save *s)
{
	const char *dir = s->opts.conf->directory;
	AUTO_FREE char *family = NULL;

	if (layout_is_old(dir, &family)) {
		error_set(&s->error, ERROR_USAGE,
			  "option --directory: %s is a name of old saves", dir);
		error_hint(&s->error, "save to %s", family);
		return STEP_FAIL;
	}
	if (!layout_init(&s->layout, dir, &s->error) ||
	    !run_begin(&s->opts, &s->layout, &s->lock_fd, &s->error) ||
	    !open_previous(s, &s->error))
		return STEP_FAIL;
	return STEP_NEXT;
}

/* ---- connect ---- */

static void on_node_ready(void *owner, const struct error *err)
{
	struct save *s = owner;

	if (err)
		s->error = *err;
	else
		clock_now(s->snapshot_at);
	save_advance(s, err ? STEP_FAIL : STEP_NEXT);
}

static void on_node_lost(void *owner, const struct error *err)
{
	struct save *s = owner;

	s->is_node_lost = true;
	s->node_error = *err;
	error_hint(&s->node_error, "see the server's log, and save again");
	if (s->state == SAVE_DUMP)
		worklist_close(s->worklist, &s->group, &s->node_error);
}

static void on_waiting(void *owner, const struct error *why, uint64_t pause_ms)
{
	struct save *s = owner;

	run_on_waiting(&s->opts, why, pause_ms);
}

static bool ask_password(void *owner, char **out)
{
	struct save *s = owner;

	return s->opts.ask_password(s->opts.owner, out);
}

static enum step_result enter_connect(struct save *s)
{
	bool is_dry = s->opts.conf->dry_run;
	const struct node_opts opts = {
		.loop = s->opts.loop,
		.info = &s->conninfo,
		.program = "metamodel save",
		.lock = is_dry ? NODE_LOCK_NONE : NODE_LOCK_SHARED,
		.has_snapshot = !is_dry,
		.lock_wait_ms = s->opts.conf->lock_wait_s * 1000,
		.ask_password = ask_password,
		.waiting = on_waiting,
		.ready = on_node_ready,
		.lost = on_node_lost,
		.owner = s,
	};

	if (!conninfo_from_conf(s->opts.conf, &s->conninfo, &s->error))
		return STEP_FAIL;
	s->node = node_start(&opts);
	return STEP_WAIT;
}

/* ---- tool: the pg_dump that serves this server ---- */

static void on_tool_found(void *owner, const struct pgtool *tool, const struct error *err)
{
	struct save *s = owner;

	if (!err)
		pgtool_copy(&s->pg_dump, tool);
	else if (!s->is_cancelled)
		s->error = *err;
	save_advance(s, err || s->is_cancelled ? STEP_FAIL : STEP_NEXT);
}

static enum step_result enter_tool(struct save *s)
{
	s->search = pgtool_find(s->opts.loop, "pg_dump", s->opts.conf->pg_bindir,
				node_server_major(s->node), on_tool_found, s);
	return STEP_WAIT;
}

/* ---- list: the accounts, and those that cannot be dumped at all ---- */

static void check_account(struct save_account *a)
{
	struct error err;
	bool is_ok = str_is_utf8(a->model->name, strlen(a->model->name)) ||
		     error_set(&err, ERROR_DATA, "its name is not valid UTF-8");

	if (is_ok && !a->model->is_registered && !a->save->opts.conf->accounts.count) {
		is_ok = error_set(&err, ERROR_DATA,
				  "the account is not registered any more, but still has "
				  "its schema");
		error_hint(&err,
			   "register it again in _global._accounts, or drop the schema");
	}
	is_ok = is_ok && model_can_dump(a->model, &err);
	if (is_ok) {
		if (!a->model->is_registered)
			log_warning(a->save->opts.log,
				    "account %s is not registered in "
				    "_global._accounts",
				    a->model->name);
		return;
	}
	save_account_failed(a, "list", &err);
	a->item.state = WORK_ENDED;
	a->save->finished++;
}

static void plan(struct save *s)
{
	for (size_t i = 0; i < s->account_count; i++) {
		AUTO_FREE char *file = layout_file_name(s->accounts[i].model->name);

		if (!s->accounts[i].error)
			log_info(s->opts.log, "Would dump account %s to %s/%s",
				 s->accounts[i].model->name, s->opts.conf->directory,
				 file);
	}
}

static void on_listed(void *owner, struct model_account *models, size_t count,
		      const struct error *err)
{
	struct save *s = owner;

	if (err && !s->is_cancelled)
		s->error = *err;
	if (err) {
		save_advance(s, STEP_FAIL);
		return;
	}
	s->models = models;
	s->account_count = count;
	s->accounts = xcalloc(count, sizeof(*s->accounts));
	for (size_t i = 0; i < count; i++) {
		s->accounts[i].save = s;
		s->accounts[i].model = &models[i];
		s->accounts[i].fd = -1;
		check_account(&s->accounts[i]);
	}
	s->jobs = run_choose_node_jobs(&s->opts, s->node);
	if (s->opts.conf->dry_run)
		plan(s);
	save_advance(s, STEP_NEXT);
}

/* A save of another database is not to be replaced, and soon forgotten, by this one. */
static bool check_database(struct save *s, struct error *err)
{
	const struct manifest *before = &s->previous[0].manifest;
	const char *dbname = node_facts(s->node)->dbname;

	for (size_t i = 0; i < before->node_count; i++)
		if (!strcmp(before->nodes[i].name, dbname))
			return true;
	if (!before->node_count)
		return true;
	error_set(err, ERROR_DATA, "%s is a save of database \"%s\", not of \"%s\"",
		  s->opts.conf->directory, before->nodes[0].name, dbname);
	return error_hint(err,
			  "save elsewhere with --directory, or move the old save away");
}

static enum step_result enter_list(struct save *s)
{
	AUTO_STRVEC struct strvec former = { 0 };

	if (!check_database(s, &s->error))
		return STEP_FAIL;
	log_debug(s->opts.log, "snapshot %s of database %s, server %s, %s",
		  node_facts(s->node)->snapshot ? node_facts(s->node)->snapshot : "none",
		  node_facts(s->node)->dbname, node_facts(s->node)->server_version,
		  s->pg_dump.version_text);
	savedir_list_accounts(&s->previous[0], &former);
	model_list_accounts(s->node, &s->opts.conf->accounts, &former, on_listed, s);
	return STEP_WAIT;
}

/* ---- recheck: was a table emptied behind the snapshot's back? ---- */

static void on_rewritten(void *owner, const char *schema, const char *table)
{
	struct save *s = owner;

	for (size_t i = 0; i < s->account_count; i++) {
		struct save_account *a = &s->accounts[i];
		struct error err;

		if (strcmp(a->model->name, schema) != 0 || !a->is_dumped)
			continue;
		error_set(&err, ERROR_DATA,
			  "table %s was truncated, rewritten or replaced while it was "
			  "dumped: "
			  "its rows may be missing in the dump",
			  table);
		run_hint_command(&s->opts, &err, "save it again", a->model->name);
		save_discard_dump(a); /* so that a better one can be carried over */
		save_account_failed(a, "recheck", &err);
		s->dumped--;
	}
}

/* Without the check no dump of this run can be told from an empty one: none of them
 * counts. */
static void on_rechecked(void *owner, const struct error *err)
{
	struct save *s = owner;

	for (size_t i = 0; err && !s->is_cancelled && i < s->account_count; i++) {
		struct save_account *a = &s->accounts[i];
		struct error unchecked = *err;

		if (!a->is_dumped)
			continue;
		error_prefix(&unchecked,
			     "it could not be checked whether a table was truncated or "
			     "rewritten while it was dumped");
		error_hint(&unchecked, "save again");
		save_discard_dump(a);
		save_account_failed(a, "recheck", &unchecked);
		s->dumped--;
	}
	save_advance(s, s->is_cancelled ? STEP_FAIL : STEP_NEXT);
}

static enum step_result enter_recheck(struct save *s)
{
	if (s->dumped)
		model_check_rewritten(s->node, on_rewritten, on_rechecked, s);
	return s->dumped ? STEP_WAIT : STEP_NEXT;
}

/* ---- publish ---- */

static void fill_manifest(struct save *s, struct manifest *m)
{
	const struct node_facts *facts = node_facts(s->node);
	struct manifest_node *node = manifest_add_node(m, facts->dbname);

	m->serial = s->serial + 1;
	m->keep = s->opts.conf->keep;
	m->program = xstrdup(s->opts.program);
	m->pg_dump = xstrdup(s->pg_dump.version_text);
	m->backend = xstrdup("Pg");
	memcpy(m->started, s->started, sizeof(m->started));
	clock_now(m->finished);
	node->host = xstrdup(pgconn_host(node_conn(s->node)));
	node->port = xstrdup(pgconn_port(node_conn(s->node)));
	node->server_version = xstrdup(facts->server_version);
	node->snapshot = xstrdup(facts->snapshot);
	for (size_t i = 0; i < s->account_count; i++) {
		const struct save_account *a = &s->accounts[i];
		struct manifest_entry *e;

		if (!a->is_dumped)
			continue;
		e = manifest_add(m, a->model->name);
		e->node = xstrdup(facts->dbname);
		e->version = a->version ? xstrdup(a->version) : NULL;
		e->size_bytes = a->facts.size_bytes;
		e->rows = a->facts.rows;
		e->tables = a->facts.tables;
		memcpy(e->sha256, a->facts.sha256, sizeof(e->sha256));
		memcpy(e->saved_at, s->snapshot_at, sizeof(e->saved_at));
	}
	for (size_t i = 0; i < s->carry.carried.entry_count; i++) {
		const struct manifest_entry *from = &s->carry.carried.entries[i];

		manifest_copy_entry(manifest_add(m, from->account), from);
	}
	manifest_sort(m);
}

static bool publish(struct save *s, struct error *err)
{
	AUTO_CLOSE int dir_fd =
		open(s->layout.staging, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct manifest manifest = { 0 };
	bool is_ok;

	if (dir_fd < 0)
		return error_set(err, ERROR_SYSTEM, "open %s: %s", s->layout.staging,
				 strerror(errno));
	fill_manifest(s, &manifest);
	is_ok = manifest_write(dir_fd, &manifest, err);
	manifest_release(&manifest);
	if (!is_ok)
		return error_prefix(err, "%s", s->layout.staging);
	return rotate_commit(&s->layout, (unsigned)s->opts.conf->keep, &s->has_changed,
			     err);
}

static enum step_result enter_publish(struct save *s)
{
	if (!lockfile_is_held(s->layout.lock, s->lock_fd)) {
		error_set(&s->error, ERROR_SYSTEM,
			  "somebody deleted the lock file %s: another run may be "
			  "at work in the same place",
			  s->layout.lock);
		error_hint(&s->error, "never delete it; save again");
		return STEP_FAIL;
	}
	if (!s->dumped) /* each account has said why */
		return STEP_FAIL;
	if (s->opts.conf->strict && s->dumped < s->account_count) {
		error_set(&s->error, ERROR_DATA,
			  "not every account could be dumped, and --strict was "
			  "given: %s is as it was",
			  s->opts.conf->directory);
		return STEP_FAIL;
	}
	return publish(s, &s->error) ? STEP_NEXT : STEP_FAIL;
}

/* ---- the machine ---- */

static const struct step {
	const char *name;
	enum step_result (*enter)(struct save *s);
	enum save_state next;
} steps[] = {
	[SAVE_LOCK] = { "lock", enter_lock, SAVE_CONNECT },
	[SAVE_CONNECT] = { "connect", enter_connect, SAVE_TOOL },
	[SAVE_TOOL] = { "tool", enter_tool, SAVE_LIST },
	[SAVE_LIST] = { "list", enter_list, SAVE_DUMP },
	[SAVE_DUMP] = { "dump", save_dump_enter, SAVE_RECHECK },
	[SAVE_RECHECK] = { "recheck", enter_recheck, SAVE_CARRY },
	[SAVE_CARRY] = { "carry over", save_carry_enter, SAVE_PUBLISH },
	[SAVE_PUBLISH] = { "publish", enter_publish, SAVE_DONE },
};
_Static_assert(ARRAY_SIZE(steps) == SAVE_DONE, "steps[] follows save_state");

void save_advance(struct save *s, enum step_result r) /* callbacks end here */
{
	while (r != STEP_WAIT) {
		s->state = r == STEP_NEXT ? steps[s->state].next : SAVE_FAILED;
		if (s->state == SAVE_DUMP && s->opts.conf->dry_run)
			s->state = SAVE_DONE;
		if (s->state >= SAVE_DONE) {
			save_end(s); /* frees s */
			return;
		}
		r = steps[s->state].enter(s);
	}
}

static void on_start(void *owner)
{
	struct save *s = owner;

	save_advance(s, s->is_cancelled ? STEP_FAIL : steps[SAVE_LOCK].enter(s));
}

struct save *save_start(const struct run_opts *opts)
{
	struct save *s = xcalloc(1, sizeof(*s));

	s->opts = *opts;
	s->lock_fd = -1;
	s->started_ms = loop_now_ms();
	clock_now(s->started);
	timer_start(opts->loop, 0, on_start, s);
	return s;
}

void save_cancel(struct save *s, int signal_number)
{
	struct node *node = s->node;

	if (s->state >= SAVE_PUBLISH)
		return; /* too late: it is done in an instant */
	s->is_cancelled = true;
	s->signal_number = signal_number;
	error_set(&s->error, ERROR_SIGNAL,
		  "stopped by signal %d (%s): nothing was changed", signal_number,
		  strsignal(signal_number));
	switch (s->state) {
	case SAVE_CONNECT:
		s->node = NULL;
		node_free(node);
		save_advance(s, STEP_FAIL);
		break;
	case SAVE_LIST:
	case SAVE_RECHECK:
		s->node = NULL;
		node_free(node); /* ends the query, whose callback goes on */
		break;
	case SAVE_TOOL:
		pgtool_cancel(s->search);
		break;
	case SAVE_DUMP:
		worklist_cancel(s->worklist);
		break;
	case SAVE_LOCK: /* on_start(), the callback of the tool and of the worker look
			   themselves */
	case SAVE_CARRY:
	case SAVE_PUBLISH:
	case SAVE_DONE:
	case SAVE_FAILED:
		break;
	}
}

static void fill_report(struct save *s, struct report *r)
{
	bool is_dry = s->opts.conf->dry_run;
	size_t failed = 0;

	for (size_t i = 0; i < s->account_count; i++) {
		struct save_account *a = &s->accounts[i];
		struct report_account *out = report_add(r, a->model->name);
		bool is_carried = s->has_changed &&
				  manifest_find(&s->carry.carried, a->model->name);

		out->node = s->node ? xstrdup(node_facts(s->node)->dbname) : NULL;
		out->error = a->error ? xstrdup(a->error) : NULL;
		out->version = a->version ? xstrdup(a->version) : NULL;
		out->tables = a->facts.tables;
		out->rows = a->facts.rows;
		out->size_bytes = a->facts.size_bytes;
		out->elapsed_ms = a->elapsed_ms;
		out->is_kept = a->error && is_carried;
		if (a->error)
			out->outcome = is_carried ? "stale" : "failed";
		else if (is_dry)
			out->outcome = "planned";
		else if (!a->is_dumped)
			out->outcome = "not started";
		else
			out->outcome = s->has_changed ? "saved" : "discarded";
		failed += a->error != NULL;
	}
	for (size_t i = 0; i < s->carry.carried.entry_count; i++)
		r->others++;
	for (size_t i = 0; i < s->account_count; i++)
		if (s->accounts[i].error &&
		    manifest_find(&s->carry.carried, s->accounts[i].model->name))
			r->others--;
	for (size_t i = 0; s->has_changed && i < s->carry.lost.count; i++) {
		struct report_account *out = report_add(r, s->carry.lost.v[i]);

		out->outcome = "failed";
		out->error = xstrdup("no save holds a good dump of it");
	}
	r->error = s->error;
	r->signal_number = s->signal_number;
	if (s->state == SAVE_FAILED)
		r->result = s->has_changed ? REPORT_PARTLY : REPORT_FAILED;
	else if (failed || s->carry.lost.count)
		r->result = is_dry && failed == s->account_count ? REPORT_FAILED
								 : REPORT_PARTLY;
}

static void clean_up(struct save *s)
{
	struct error err;

	if (s->has_staging && !s->has_changed &&
	    lockfile_is_held(s->layout.lock, s->lock_fd) &&
	    !rotate_delete(s->layout.staging, &err))
		log_error(s->opts.log, &err);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
}

static void save_free(struct save *s)
{
	worklist_free(s->worklist);
	node_free(s->node);
	for (size_t i = 0; i < s->previous_count; i++)
		savedir_release(&s->previous[i]);
	free(s->previous);
	for (size_t i = 0; i < s->account_count; i++) {
		assert(s->accounts[i].fd < 0 && !s->accounts[i].item.pause);
		free(s->accounts[i].version);
		free(s->accounts[i].error);
	}
	free(s->accounts);
	model_accounts_free(s->models, s->account_count);
	childenv_release(&s->childenv);
	pgtool_release(&s->pg_dump);
	conninfo_release(&s->conninfo);
	strvec_release(&s->argv);
	free(s->last_failure);
	layout_release(&s->layout);
	save_carry_release(&s->carry);
	free(s);
}

static void save_end(struct save *s)
{
	struct report report = { 0 };

	fill_report(s, &report);
	clean_up(s);
	s->opts.done(s->opts.owner, &report);
	report_release(&report);
	save_free(s);
}
