/* SPDX-License-Identifier: PostgreSQL */
#include "task/restore.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "model/model.h"
#include "task/restore_internal.h"

static void restore_end(struct restore *r);

void restore_account_failed(struct restore_account *a, const char *step,
			    const struct error *err)
{
	if (a->error)
		return;
	a->error = xstrdup(err->text);
	run_log_failure(&a->restore->opts, a->plan->name, step, err,
			&a->restore->last_failure);
}

/* ---- lock: the lock file, and the save ---- */

static bool set_absent(struct error *err, const char *dir)
{
	error_set(err, ERROR_DATA, "%s does not exist", dir);
	return error_hint(err, "name the save with --directory");
}

static bool open_save(struct restore *r, struct error *err)
{
	const char *dir = r->opts.conf->directory;

	if (!savedir_open(dir, &r->save, err))
		return false;
	switch (r->save.kind) {
	case SAVEDIR_SAVE:
		return true;
	case SAVEDIR_LEGACY:
		log_warning(r->opts.log,
			    "%s has no " MANIFEST_FILE ": whether its dumps are what "
			    "was dumped cannot be checked, only whether they are whole",
			    dir);
		return r->save.dumps.count > 0 ||
		       error_set(err, ERROR_DATA, "%s holds no dump", dir);
	case SAVEDIR_DAMAGED:
		*err = r->save.damage;
		error_prefix(err, "%s", dir);
		return error_hint(err,
				  "restore another save with --directory, such as %s.old",
				  dir);
	case SAVEDIR_ABSENT:
		return set_absent(err, dir);
	case SAVEDIR_FOREIGN:
		error_set(err, ERROR_DATA, "%s is not a save: it has no " MANIFEST_FILE,
			  dir);
		return error_hint(err, "name the save with --directory");
	}
	return false;
}

static enum step_result enter_lock(struct restore *r)
{
	const char *dir = r->opts.conf->directory;
	AUTO_FREE char *family = NULL;

	/* an old save goes when the next one comes: one lock for all of them */
	if (!layout_init(&r->layout, layout_is_old(dir, &family) ? family : dir,
			 &r->error))
		return STEP_FAIL;
	/* nothing was ever saved there: leave no lock file behind */
	if (access(r->layout.lock, F_OK) < 0 && access(dir, F_OK) < 0 &&
	    errno == ENOENT) {
		set_absent(&r->error, dir);
		return STEP_FAIL;
	}
	if (!run_begin(&r->opts, &r->layout, &r->lock_fd, &r->error))
		return STEP_FAIL;
	return open_save(r, &r->error) ? STEP_NEXT : STEP_FAIL;
}

/* ---- connect ---- */

static void on_node_ready(void *owner, const struct error *err)
{
	struct restore *r = owner;

	if (err)
		r->error = *err;
	restore_advance(r, err ? STEP_FAIL : STEP_NEXT);
}

void restore_node_lost(struct restore *r, const struct error *err)
{
	r->is_node_lost = true;
	r->node_error = *err;
	error_hint(&r->node_error,
		   "see the server's log; when it is back, restore again");
	if (!r->is_cancelled &&
	    (r->state == RESTORE_GLOBAL || r->state == RESTORE_ACCOUNTS))
		worklist_close(r->worklist, &r->group, &r->node_error);
}

static void on_lost(void *owner, const struct error *err)
{
	restore_node_lost(owner, err);
}

static void on_waiting(void *owner, const struct error *why, uint64_t pause_ms)
{
	struct restore *r = owner;

	run_on_waiting(&r->opts, why, pause_ms);
}

static bool ask_password(void *owner, char **out)
{
	struct restore *r = owner;

	return r->opts.ask_password(r->opts.owner, out);
}

static enum step_result enter_connect(struct restore *r)
{
	const struct node_opts opts = {
		.loop = r->opts.loop,
		.info = &r->conninfo,
		.program = "metamodel restore",
		.lock = r->opts.conf->dry_run ? NODE_LOCK_NONE : NODE_LOCK_EXCLUSIVE,
		.lock_wait_ms = r->opts.conf->lock_wait_s * 1000,
		.ask_password = ask_password,
		.waiting = on_waiting,
		.ready = on_node_ready,
		.lost = on_lost,
		.owner = r,
	};

	if (!conninfo_from_conf(r->opts.conf, &r->conninfo, &r->error))
		return STEP_FAIL;
	r->node = node_start(&opts);
	return STEP_WAIT;
}

/* ---- tool: the psql that serves this server ---- */

static void on_tool_found(void *owner, const struct pgtool *tool, const struct error *err)
{
	struct restore *r = owner;

	if (!err)
		pgtool_copy(&r->psql, tool);
	else if (!r->is_cancelled)
		r->error = *err;
	restore_advance(r, err || r->is_cancelled ? STEP_FAIL : STEP_NEXT);
}

static enum step_result enter_tool(struct restore *r)
{
	if (node_server_major(r->node) < 10) { /* no txid_status() */
		error_set(&r->error, ERROR_SERVER,
			  "the server is PostgreSQL %s; restoring needs 10 or later",
			  node_facts(r->node)->server_version);
		return STEP_FAIL;
	}
	r->search = pgtool_find(r->opts.loop, "psql", r->opts.conf->pg_bindir,
				node_server_major(r->node), on_tool_found, r);
	return STEP_WAIT;
}

/* ---- registered: who is in _accounts now ---- */

static void on_registered(void *owner, const struct strvec *names,
			  const struct strvec *raw_names, const struct error *err)
{
	struct restore *r = owner;

	if (err && !r->is_cancelled)
		r->error = *err;
	for (size_t i = 0; !err && i < names->count; i++) {
		strvec_push(&r->registered, names->v[i]);
		strvec_push(&r->registered_raw, raw_names->v[i]);
	}
	restore_advance(r, err ? STEP_FAIL : STEP_NEXT);
}

static enum step_result enter_registered(struct restore *r)
{
	model_list_registered(r->node, on_registered, r);
	return STEP_WAIT;
}

/* ---- the machine ---- */

static const struct step {
	const char *name;
	enum step_result (*enter)(struct restore *r);
	enum restore_state next;
} steps[] = {
	[RESTORE_LOCK] = { "lock", enter_lock, RESTORE_CONNECT },
	[RESTORE_CONNECT] = { "connect", enter_connect, RESTORE_TOOL },
	[RESTORE_TOOL] = { "tool", enter_tool, RESTORE_REGISTERED },
	[RESTORE_REGISTERED] = { "registered", enter_registered, RESTORE_PLAN },
	[RESTORE_PLAN] = { "plan", restore_enter_plan, RESTORE_READ },
	[RESTORE_READ] = { "check", restore_enter_read, RESTORE_ANNOUNCE },
	[RESTORE_ANNOUNCE] = { "announce", restore_enter_announce, RESTORE_GLOBAL },
	[RESTORE_GLOBAL] = { "restore " MODEL_GLOBAL, restore_enter_global,
			     RESTORE_ACCOUNTS },
	[RESTORE_ACCOUNTS] = { "restore", restore_enter_accounts, RESTORE_DONE },
};
_Static_assert(ARRAY_SIZE(steps) == RESTORE_DONE, "steps[] follows restore_state");

void restore_advance(struct restore *r, enum step_result result) /* callbacks end here */
{
	while (result != STEP_WAIT) {
		r->state = result == STEP_NEXT ? steps[r->state].next : RESTORE_FAILED;
		if (r->state == RESTORE_GLOBAL && r->opts.conf->dry_run)
			r->state = RESTORE_DONE;
		if (r->state >= RESTORE_DONE) {
			restore_end(r); /* frees r */
			return;
		}
		result = steps[r->state].enter(r);
	}
}

static void on_start(void *owner)
{
	struct restore *r = owner;

	restore_advance(r, r->is_cancelled ? STEP_FAIL : steps[RESTORE_LOCK].enter(r));
}

struct restore *restore_start(const struct run_opts *opts)
{
	struct restore *r = xcalloc(1, sizeof(*r));

	r->opts = *opts;
	r->lock_fd = -1;
	r->save.fd = -1;
	timer_start(opts->loop, 0, on_start, r);
	return r;
}

void restore_cancel(struct restore *r, int signal_number)
{
	struct node *node = r->node;

	r->is_cancelled = true;
	r->signal_number = signal_number;
	error_set(&r->error, ERROR_SIGNAL, "stopped by signal %d (%s)", signal_number,
		  strsignal(signal_number));
	switch (r->state) {
	case RESTORE_CONNECT:
		r->node = NULL;
		node_free(node);
		restore_advance(r, STEP_FAIL);
		break;
	case RESTORE_REGISTERED:
	case RESTORE_PLAN:
		r->node = NULL;
		node_free(node); /* ends the query, whose callback goes on */
		break;
	case RESTORE_TOOL:
		pgtool_cancel(r->search);
		break;
	case RESTORE_GLOBAL:
	case RESTORE_ACCOUNTS:
		worklist_cancel(r->worklist);
		restore_hurry(r);
		break;
	case RESTORE_LOCK: /* the callbacks of these look themselves */
	case RESTORE_READ:
	case RESTORE_ANNOUNCE:
	case RESTORE_DONE:
	case RESTORE_FAILED:
		break;
	}
}

static void report_account(const struct restore_account *a, struct report *out)
{
	const struct restore *r = a->restore;
	struct report_account *entry = report_add(out, a->plan->name);
	bool is_restored = a->progress == ACCOUNT_RESTORED;

	entry->node = r->node ? xstrdup(node_facts(r->node)->dbname) : NULL;
	entry->error = a->error ? xstrdup(a->error) : NULL;
	entry->version = a->dump.version ? xstrdup(a->dump.version) : NULL;
	entry->tables = a->dump.facts.tables;
	entry->rows = a->dump.facts.rows;
	entry->size_bytes = a->dump.facts.size_bytes;
	entry->elapsed_ms = a->elapsed_ms;
	entry->destroyed =
		is_restored && a->plan->outsiders ? xstrdup(a->plan->outsiders) : NULL;
	if (a->error)
		entry->outcome = "failed";
	else if (r->opts.conf->dry_run)
		entry->outcome = "planned";
	else
		entry->outcome = is_restored ? "restored" : "unchanged";
}

/* Accounts of the database that the save does not hold. */
static size_t count_others(const struct restore *r)
{
	AUTO_STRVEC struct strvec names = { 0 };
	size_t count = 0;

	if (r->opts.conf->accounts.count || !r->plans)
		return 0;
	for (size_t i = 0; i < r->account_count; i++)
		strvec_push(&names, r->plans[i].name);
	strvec_sort(&names);
	for (size_t i = 0; i < r->registered.count; i++)
		count += !strvec_has(&names, r->registered.v[i]);
	return count;
}

static void fill_report(struct restore *r, struct report *out)
{
	size_t restored = 0, touched = 0, failed = 0;

	for (size_t i = 0; i < r->account_count; i++) {
		const struct restore_account *a = &r->accounts[i];

		restored += a->progress == ACCOUNT_RESTORED;
		touched += a->progress != ACCOUNT_AS_BEFORE;
		failed += a->error != NULL;
		report_account(a, out);
	}
	out->others = count_others(r);
	out->error = r->error;
	out->signal_number = r->signal_number;
	if (r->opts.conf->dry_run && r->state == RESTORE_DONE)
		restored = touched = r->account_count - failed;
	if (r->state == RESTORE_FAILED || r->signal_number || (failed && !restored))
		out->result = touched ? REPORT_PARTLY : REPORT_FAILED;
	else
		out->result = failed ? REPORT_PARTLY : REPORT_DONE;
}

static void restore_free(struct restore *r)
{
	worklist_free(r->worklist);
	node_free(r->node);
	savedir_release(&r->save);
	for (size_t i = 0; i < r->account_count; i++) {
		stored_dump_release(&r->accounts[i].dump);
		free(r->accounts[i].error);
		free(r->accounts[i].transaction);
	}
	free(r->accounts);
	model_plans_free(r->plans, r->account_count);
	strvec_release(&r->registered);
	strvec_release(&r->registered_raw);
	childenv_release(&r->childenv);
	pgtool_release(&r->psql);
	conninfo_release(&r->conninfo);
	strvec_release(&r->argv);
	free(r->last_failure);
	layout_release(&r->layout);
	if (r->lock_fd >= 0)
		close(r->lock_fd);
	free(r);
}

static void restore_end(struct restore *r)
{
	struct report report = { 0 };

	fill_report(r, &report);
	r->opts.done(r->opts.owner, &report);
	report_release(&report);
	restore_free(r);
}
