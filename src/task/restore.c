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
	run_log_failure(&a->restore->opts, a->place, step, err,
			&a->restore->last_failure);
}

void restore_set_problem(struct restore_account *a, const struct error *problem)
{
	free(a->problem);
	a->problem = NULL;
	if (!problem)
		return;
	a->problem = xcalloc(1, sizeof(*a->problem));
	*a->problem = *problem;
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

static bool list_wanted(struct restore *r, struct error *err)
{
	const struct strvec *named = &r->opts.conf->accounts;

	for (size_t i = 0; i < named->count; i++)
		strvec_push(&r->names, named->v[i]);
	if (!named->count)
		savedir_list_accounts(&r->save, &r->names);
	return r->names.count > 0 ||
	       error_set(err, ERROR_DATA, "%s holds no dump", r->opts.conf->directory);
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
	return open_save(r, &r->error) && list_wanted(r, &r->error) ? STEP_NEXT
								    : STEP_FAIL;
}

/* ---- connect ---- */

static void on_farm_ready(void *owner, const struct error *err)
{
	struct restore *r = owner;

	if (err)
		r->error = *err;
	restore_advance(r, err ? STEP_FAIL : STEP_NEXT);
}

void restore_node_lost(struct restore_node *n)
{
	struct restore *r = n->restore;

	error_hint(&n->farm_node->error,
		   "see the server's log; when it is back, restore again");
	if (!r->is_cancelled &&
	    (r->state == RESTORE_GLOBAL || r->state == RESTORE_ACCOUNTS))
		worklist_close(r->worklist, &n->group, &n->farm_node->error);
}

static void on_lost(void *owner, struct farm_node *node, const struct error *err)
{
	struct restore *r = owner;

	(void)err;
	if (r->nodes)
		restore_node_lost(&r->nodes[node->index]);
}

static enum step_result enter_connect(struct restore *r)
{
	const struct farm_opts opts = {
		.program = "metamodel restore",
		.lock = r->opts.conf->dry_run ? NODE_LOCK_NONE : NODE_LOCK_EXCLUSIVE,
		.names = &r->names,
		.has_registered = true,
		.ready = on_farm_ready,
		.lost = on_lost,
		.owner = r,
	};

	r->farm = run_start_farm(&r->opts, &opts);
	return STEP_WAIT;
}

/* Is there a node to work with, or is there nothing to do on any? */
static bool has_node(struct restore *r)
{
	size_t count = r->farm->node_count;

	for (size_t i = 0; i < count; i++)
		if (!restore_node_is_lost(&r->nodes[i]))
			return true;
	if (count)
		r->error = r->nodes[0].farm_node->error;
	return !count;
}

enum step_result restore_asked(struct restore *r)
{
	if (--r->asking)
		return STEP_WAIT;
	return !r->is_cancelled && has_node(r) ? STEP_NEXT : STEP_FAIL;
}

/* ---- tool: the psql that serves the server of each node ---- */

static void on_tool_found(void *owner, const struct pgtool *tool, const struct error *err)
{
	struct restore_psql *psql = owner;
	struct restore *r = psql->restore;

	psql->search = NULL;
	if (!err)
		pgtool_copy(&psql->tool, tool);
	for (size_t i = 0; err && i < r->farm->node_count; i++)
		if (r->nodes[i].psql == psql)
			farm_node_failed(r->nodes[i].farm_node, err);
	restore_advance(r, restore_asked(r));
}

/* The search for one serves all servers of a version. */
static void find_psql(struct restore_node *n)
{
	struct restore *r = n->restore;
	unsigned major = node_server_major(n->farm_node->node);
	struct restore_psql *psql = r->psqls;

	while (psql < r->psqls + r->psql_count && psql->server_major != major)
		psql++;
	n->psql = psql;
	if (psql < r->psqls + r->psql_count)
		return;
	r->psql_count++;
	r->asking++;
	*psql = (struct restore_psql){ .restore = r, .server_major = major };
	psql->search = pgtool_find(r->opts.loop, "psql", r->opts.conf->pg_bindir, major,
				   on_tool_found, psql);
}

static enum step_result enter_tool(struct restore *r)
{
	size_t count = r->farm->node_count;

	r->nodes = xcalloc(count + 1, sizeof(*r->nodes));
	r->psqls = xcalloc(count + 1, sizeof(*r->psqls));
	r->asking = 1; /* this very call */
	for (size_t i = 0; i < count; i++) {
		struct restore_node *n = &r->nodes[i];
		const struct node *node = r->farm->nodes[i]->node;
		struct error err;

		*n = (struct restore_node){ .restore = r,
					    .farm_node = r->farm->nodes[i] };
		if (restore_node_is_lost(n))
			continue;
		if (node_server_major(node) >= 10) {
			find_psql(n);
			continue;
		}
		error_set(&err, ERROR_SERVER, /* there is no txid_status() */
			  "the server is PostgreSQL %s; restoring needs 10 or later",
			  node_facts(node)->server_version);
		farm_node_failed(n->farm_node, &err);
	}
	return restore_asked(r);
}

/* ---- the machine ---- */

static const struct step {
	const char *name;
	enum step_result (*enter)(struct restore *r);
	enum restore_state next;
} steps[] = {
	[RESTORE_LOCK] = { "lock", enter_lock, RESTORE_CONNECT },
	[RESTORE_CONNECT] = { "connect", enter_connect, RESTORE_TOOL },
	[RESTORE_TOOL] = { "tool", enter_tool, RESTORE_PLAN },
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
	r->is_cancelled = true;
	r->signal_number = signal_number;
	error_set(&r->error, ERROR_SIGNAL, "stopped by signal %d (%s)", signal_number,
		  strsignal(signal_number));
	switch (r->state) {
	case RESTORE_CONNECT:
		restore_advance(r, STEP_FAIL);
		break;
	case RESTORE_PLAN:
		farm_disconnect(r->farm); /* ends the queries, whose callbacks go on */
		break;
	case RESTORE_TOOL:
		for (size_t i = 0; i < r->psql_count; i++)
			if (r->psqls[i].search)
				pgtool_cancel(r->psqls[i].search);
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

static void free_nodes(struct restore *r)
{
	for (size_t i = 0; r->nodes && i < r->farm->node_count; i++) {
		model_plans_free(r->nodes[i].plans, r->nodes[i].plan_count);
		childenv_release(&r->nodes[i].childenv);
	}
	for (size_t i = 0; i < r->psql_count; i++)
		pgtool_release(&r->psqls[i].tool);
	free(r->nodes);
	free(r->psqls);
	farm_free(r->farm);
}

static void restore_free(struct restore *r)
{
	worklist_free(r->worklist);
	savedir_release(&r->save);
	for (size_t i = 0; i < r->account_count; i++) {
		stored_dump_release(&r->accounts[i].dump);
		free(r->accounts[i].problem);
		free(r->accounts[i].error);
		free(r->accounts[i].transaction);
	}
	free(r->accounts);
	free_nodes(r);
	strvec_release(&r->names);
	strvec_release(&r->registered_raw);
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

	restore_report(r, &report);
	r->opts.done(r->opts.owner, &report);
	report_release(&report);
	restore_free(r);
}
