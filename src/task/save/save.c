/* SPDX-License-Identifier: PostgreSQL */
#include "task/save/save.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "task/save/internal.h"
#include "store/lockfile.h"
#include "store/marker.h"
#include "store/place.h"
#include "store/rotate.h"

static void save_end(void *owner);

struct save_account *save_find_account(const struct save *s, const char *name)
{
	const struct farm_account *place = farm_find(s->farm, name);

	return place ? &s->accounts[place - s->farm->accounts] : NULL;
}

void save_account_failed(struct save_account *a, const char *step,
			 const struct error *err)
{
	if (a->error)
		return;
	a->error = xstrdup(err->text);
	a->is_dumped = false;
	run_log_failure(&a->save->opts, a->place, step, err, &a->save->failures);
}

/* ---- lock: the lock file, what a dead run left, and what is in the way ---- */

/* Open the save and the old ones, newest first, and see that none of them is anything
 * else. */
static bool open_previous(struct save *s, struct error *err)
{
	unsigned count = rotate_count(&s->layout, (unsigned)s->opts.conf->keep);
	AUTO_STRVEC struct strvec strangers = { 0 };

	if (!place_check_renames(&s->layout, s->opts.conf->directory, err) ||
	    !rotate_check(&s->layout, (unsigned)s->opts.conf->keep, &strangers, err))
		return false;
	for (size_t i = 0; i < strangers.count; i++)
		log_warning(s->opts.log,
			    "%s is not part of the save: it is left alone, but belongs "
			    "elsewhere",
			    strangers.v[i]);
	s->previous = xcalloc(count + 1, sizeof(*s->previous));
	for (unsigned i = 0; i <= count; i++) {
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

static enum step_result enter_lock(void *owner)
{
	struct save *s = owner;
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

/* ---- publish ---- */

static void add_account(struct manifest *m, const struct save_account *a)
{
	const struct session_facts *facts = session_facts(a->node->farm_node->session);
	struct manifest_entry *e = manifest_add(m, a->place->name);

	e->node = xstrdup(a->node->farm_node->name);
	e->version = a->version ? xstrdup(a->version) : NULL;
	e->size_bytes = a->size_bytes;
	e->rows = a->rows;
	e->tables = a->tables;
	e->parents = a->parents ? xstrdup(a->parents) : NULL;
	memcpy(e->sha256, a->sha256, sizeof(e->sha256));
	memcpy(e->saved_at, facts->snapshot_at, sizeof(e->saved_at));
}

/* Where what was dumped came from. Ownership: the caller frees. */
static char *add_nodes(struct save *s, struct manifest *m)
{
	AUTO_FREE bool *is_used = xcalloc(s->farm->node_count, sizeof(bool));
	AUTO_STRVEC struct strvec versions = { 0 };
	struct strbuf out = { 0 };

	for (size_t i = 0; i < s->account_count; i++)
		if (s->accounts[i].is_dumped)
			is_used[s->accounts[i].node - s->nodes] = true;
	for (size_t i = 0; i < s->farm->node_count; i++) {
		struct farm_node *n = s->nodes[i].farm_node;
		const struct session_facts *facts;
		struct manifest_node *node;

		if (!is_used[i])
			continue;
		node = manifest_add_node(m, n->name);
		node->host = xstrdup(pgconn_host(session_conn(n->session)));
		node->port = xstrdup(pgconn_port(session_conn(n->session)));
		facts = session_facts(n->session);
		if (facts->system_identifier)
			node->system_identifier = xstrdup(facts->system_identifier);
		node->database_oid = facts->database_oid;
		node->server_version = xstrdup(facts->server_version);
		node->snapshot = xstrdup(facts->snapshot);
		strvec_push(&versions, s->nodes[i].tool->pgtool.version_text);
	}
	strvec_sort(&versions);
	for (size_t i = 0; i < versions.count; i++)
		if (!i || strcmp(versions.v[i], versions.v[i - 1]) != 0)
			strbuf_add_format(&out, "%s%s", i ? ", " : "", versions.v[i]);
	return strbuf_detach(&out);
}

/* Where what was carried over came from, as an old save says. */
static void carry_node(struct save *s, const char *name, struct manifest *m)
{
	for (size_t i = 0; i < s->previous_count; i++) {
		const struct manifest_node *from =
			manifest_find_node(&s->previous[i].manifest, name);

		if (from && !s->is_foreign[i]) {
			struct manifest_node *node = manifest_add_node(m, name);

			manifest_copy_node(node, from);
			node->is_carried = true;
			return;
		}
	}
}

static void fill_manifest(struct save *s, struct manifest *m)
{
	m->serial = s->serial + 1;
	m->keep = s->opts.conf->keep;
	m->program = xstrdup(s->opts.program);
	m->pg_dump = add_nodes(s, m);
	m->backend = xstrdup(s->farm->backend);
	memcpy(m->started, s->started, sizeof(m->started));
	clock_now(m->finished);
	for (size_t i = 0; i < s->account_count; i++)
		if (s->accounts[i].is_dumped)
			add_account(m, &s->accounts[i]);
	for (size_t i = 0; i < s->carry.carried.entry_count; i++) {
		const struct manifest_entry *from = &s->carry.carried.entries[i];

		manifest_copy_entry(manifest_add(m, from->account), from);
		if (from->node && !manifest_find_node(m, from->node))
			carry_node(s, from->node, m);
	}
	manifest_sort(m);
	save_plan_history(s, m);
}

static void log_notes(const struct save *s, const struct strvec *notes)
{
	for (size_t i = 0; i < notes->count; i++)
		log_alert(s->opts.log, "%s", notes->v[i]);
}

static bool publish(struct save *s, struct error *err)
{
	AUTO_CLOSE int dir_fd =
		open(s->layout.staging, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_STRVEC struct strvec notes = { 0 };
	struct manifest manifest = { 0 };
	bool is_ok;

	if (dir_fd < 0)
		return error_set(err, ERROR_SYSTEM, "open %s: %s", s->layout.staging,
				 strerror(errno));
	fill_manifest(s, &manifest);
	is_ok = manifest_write(dir_fd, &manifest, err) && marker_remove(dir_fd, err);
	if (is_ok)
		is_ok = rotate_commit(
			&s->layout,
			&(struct rotate_plan){ .window = (unsigned)manifest.window,
					       .dropped = manifest.dropped,
					       .count = manifest.dropped_count },
			&s->has_changed, &notes, err);
	else
		error_prefix(err, "%s", s->layout.staging);
	log_notes(s, &notes);
	manifest_release(&manifest);
	return is_ok;
}

static enum step_result enter_publish(void *owner)
{
	struct save *s = owner;

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

/* Its callbacks go on, with errors. */
static void cancel_queries(void *owner)
{
	struct save *s = owner;

	farm_disconnect(s->farm);
}

static void cancel_dump(void *owner)
{
	struct save *s = owner;

	worklist_cancel(s->worklist);
}

static const struct machine_step steps[] = {
	[SAVE_LOCK] = { "lock", .enter = enter_lock },
	[SAVE_CONNECT] = { "connect", .enter = save_connect_enter, .may_be_left = true },
	[SAVE_TOOL] = { "tool", .enter = save_tool_enter, .cancel = save_tool_cancel },
	[SAVE_LIST] = { "list", .enter = save_list_enter, .cancel = cancel_queries },
	[SAVE_DUMP] = { "dump", .enter = save_dump_enter, .cancel = cancel_dump },
	[SAVE_RECHECK] = { "recheck", .enter = save_recheck_enter,
			   .cancel = cancel_queries },
	[SAVE_SYNC] = { "sync", .enter = save_sync_enter },
	[SAVE_CARRY] = { "carry over", .enter = save_carry_enter },
	[SAVE_PUBLISH] = { "publish", .enter = enter_publish },
};
_Static_assert(ARRAY_SIZE(steps) == SAVE_DONE, "steps[] follows enum save_step");

struct save *save_start(const struct run_opts *opts)
{
	struct save *s = xcalloc(1, sizeof(*s));

	s->opts = *opts;
	s->machine = (struct machine){
		.steps = steps,
		.step_count = opts->conf->dry_run ? SAVE_DUMP : SAVE_DONE,
		.end = save_end,
		.owner = s,
	};
	s->lock_fd = -1;
	s->staging_fd = -1;
	s->started_ms = loop_now_ms();
	clock_now(s->started);
	machine_start(&s->machine, opts->loop);
	return s;
}

void save_cancel(struct save *s, int signal_number)
{
	if (s->machine.step >= SAVE_PUBLISH)
		return; /* too late: it is done in an instant */
	s->signal_number = signal_number;
	error_set(&s->error, ERROR_SIGNAL,
		  "stopped by signal %d (%s): nothing was changed", signal_number,
		  strsignal(signal_number));
	machine_cancel(&s->machine);
}

static void fill_report(struct save *s, struct report *r)
{
	bool is_dry = s->opts.conf->dry_run;
	size_t failed = 0;

	for (size_t i = 0; i < s->account_count; i++) {
		struct save_account *a = &s->accounts[i];
		struct report_account *out = report_add(r, a->place->name);
		bool is_carried = s->has_changed &&
				  manifest_find(&s->carry.carried, a->place->name);

		out->node = a->node ? xstrdup(a->node->farm_node->name) : NULL;
		out->error = a->error ? xstrdup(a->error) : NULL;
		out->version = a->version ? xstrdup(a->version) : NULL;
		out->tables = a->tables;
		out->rows = a->rows;
		out->size_bytes = a->size_bytes;
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
		    manifest_find(&s->carry.carried, s->accounts[i].place->name))
			r->others--;
	for (size_t i = 0; s->has_changed && i < s->carry.lost.count; i++) {
		struct report_account *out = report_add(r, s->carry.lost.v[i]);

		out->outcome = "failed";
		out->error = xstrdup("no save holds a good dump of it");
	}
	r->error = s->error;
	r->signal_number = s->signal_number;
	if (s->machine.has_failed)
		r->result = s->has_changed ? REPORT_PARTLY : REPORT_FAILED;
	else if (failed || s->carry.lost.count)
		r->result = is_dry && failed == s->account_count ? REPORT_FAILED
								 : REPORT_PARTLY;
}

static void clean_up(struct save *s)
{
	AUTO_STRVEC struct strvec notes = { 0 };
	struct error err;

	if (s->has_staging && !s->has_changed &&
	    lockfile_is_held(s->layout.lock, s->lock_fd) &&
	    !rotate_discard(&s->layout, &notes, &err))
		log_error(s->opts.log, &err);
	log_notes(s, &notes);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
}

static void save_free(struct save *s)
{
	worklist_free(s->worklist);
	for (size_t i = 0; i < s->previous_count; i++)
		savedir_release(&s->previous[i]);
	free(s->previous);
	free(s->is_foreign);
	for (size_t i = 0; i < s->account_count; i++) {
		assert(!s->accounts[i].check);
		free(s->accounts[i].version);
		free(s->accounts[i].parents);
		strvec_release(&s->accounts[i].created);
		free(s->accounts[i].error);
	}
	free(s->accounts);
	save_batches_release(s);
	if (s->look)
		timer_cancel(s->look);
	if (s->staging_fd >= 0)
		close(s->staging_fd);
	save_nodes_release(s);
	strvec_release(&s->argv);
	strvec_release(&s->former);
	failures_release(&s->failures);
	layout_release(&s->layout);
	save_carry_release(&s->carry);
	free(s);
}

static void save_end(void *owner)
{
	struct save *s = owner;
	struct report report = { 0 };

	fill_report(s, &report);
	clean_up(s);
	failures_flush(&s->failures, s->opts.log);
	s->opts.done(s->opts.owner, &report);
	report_release(&report);
	save_free(s);
}
