/* SPDX-License-Identifier: PostgreSQL */
#include "task/restore/restore.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "task/restore/internal.h"
#include "product/product.h"

static void restore_end(void *owner);

void restore_account_failed(struct restore_account *a, const char *step,
			    const struct error *err)
{
	if (a->error)
		return;
	a->error = xstrdup(err->text);
	run_log_failure(&a->restore->opts, a->place, step, err, &a->restore->failures);
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

static enum step_result enter_lock(void *owner)
{
	struct restore *r = owner;
	const char *dir = r->opts.conf->directory;
	AUTO_FREE char *family = NULL;

	if (r->is_trial)
		return list_wanted(r, &r->error) ? STEP_NEXT : STEP_FAIL;
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
	machine_move(&r->machine, err ? STEP_FAIL : STEP_NEXT);
}

void restore_node_lost(struct restore_node *n)
{
	struct restore *r = n->restore;

	error_hint(&n->farm_node->error,
		   "see the server's log; when it is back, restore again");
	if (!r->machine.is_cancelled &&
	    (r->machine.step == RESTORE_GLOBAL || r->machine.step == RESTORE_ACCOUNTS))
		worklist_close(r->worklist, &n->group, &n->farm_node->error);
}

static void on_lost(void *owner, struct farm_node *node, const struct error *err)
{
	struct restore *r = owner;

	(void)err;
	if (r->nodes)
		restore_node_lost(&r->nodes[node->index]);
}

static enum step_result enter_connect(void *owner)
{
	struct restore *r = owner;
	const struct farm_opts opts = {
		.program = r->is_trial ? "metamodel verify" : "metamodel restore",
		.lock = r->opts.conf->dry_run ? SESSION_LOCK_NONE
					      : SESSION_LOCK_EXCLUSIVE,
		.is_writer = true,
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
	return !r->machine.is_cancelled && has_node(r) ? STEP_NEXT : STEP_FAIL;
}

/* ---- tool: the psql that serves the server of each node ---- */

static void on_tools_found(void *owner)
{
	struct restore *r = owner;

	for (size_t i = 0; i < r->farm->node_count; i++)
		r->nodes[i].psql = tools_find(r->tools, r->farm->nodes[i]);
	machine_move(&r->machine, restore_asked(r));
}

static enum step_result enter_tool(void *owner)
{
	struct restore *r = owner;
	size_t count = r->farm->node_count;

	r->nodes = xcalloc(count + 1, sizeof(*r->nodes));
	r->asking = 1;
	for (size_t i = 0; i < count; i++) {
		struct restore_node *n = &r->nodes[i];
		const struct session *session = r->farm->nodes[i]->session;
		struct error err;

		*n = (struct restore_node){ .restore = r,
					    .farm_node = r->farm->nodes[i] };
		if (restore_node_is_lost(n))
			continue;
		n->server_major = session_server_major(session);
		if (n->server_major >= 10)
			continue;
		error_set(&err, ERROR_SERVER, /* there is no txid_status() */
			  "the server is PostgreSQL %s; restoring needs 10 or later",
			  session_facts(session)->server_version);
		farm_node_failed(n->farm_node, &err);
	}
	r->tools = tools_start(&(struct tools_opts){ .run = &r->opts,
						     .farm = r->farm,
						     .name = "psql",
						     .done = on_tools_found,
						     .owner = r });
	return STEP_WAIT;
}

/* ---- the machine ---- */

static void cancel_tool(void *owner)
{
	struct restore *r = owner;

	tools_cancel(r->tools);
}

/* Its callbacks go on, with errors. */
static void cancel_queries(void *owner)
{
	struct restore *r = owner;

	farm_disconnect(r->farm);
}

static void cancel_load(void *owner)
{
	struct restore *r = owner;

	worklist_cancel(r->worklist);
	restore_hurry(r);
}

static const struct machine_step steps[] = {
	[RESTORE_LOCK] = { "lock", .enter = enter_lock },
	[RESTORE_CONNECT] = { "connect", .enter = enter_connect, .may_be_left = true },
	[RESTORE_TOOL] = { "tool", .enter = enter_tool, .cancel = cancel_tool },
	[RESTORE_PLAN] = { "plan", .enter = restore_enter_plan,
			   .cancel = cancel_queries },
	[RESTORE_ORIGIN] = { "origin", .enter = restore_enter_origin,
			     .cancel = cancel_queries },
	[RESTORE_READ] = { "check", .enter = restore_enter_read },
	[RESTORE_NEEDS] = { "needs", .enter = restore_enter_needs,
			    .cancel = cancel_queries },
	[RESTORE_TRUST] = { "trust", .enter = restore_enter_trust,
			    .cancel = cancel_queries },
	[RESTORE_PRESENT] = { "present", .enter = restore_enter_present,
			      .cancel = cancel_queries },
	[RESTORE_ANNOUNCE] = { "announce", .enter = restore_enter_announce },
	[RESTORE_GLOBAL] = { "restore " PRODUCT_GLOBAL, .enter = restore_enter_global,
			     .cancel = cancel_load },
	[RESTORE_ACCOUNTS] = { "restore", .enter = restore_enter_accounts,
			       .cancel = cancel_load },
};
_Static_assert(ARRAY_SIZE(steps) == RESTORE_DONE, "steps[] follows enum restore_step");

struct restore *restore_start(const struct run_opts *opts)
{
	struct restore *r = xcalloc(1, sizeof(*r));

	r->opts = *opts;
	r->machine = (struct machine){
		.steps = steps,
		.step_count = opts->conf->dry_run ? RESTORE_GLOBAL : RESTORE_DONE,
		.end = restore_end,
		.owner = r,
	};
	r->lock_fd = -1;
	r->save.fd = -1;
	machine_start(&r->machine, opts->loop);
	return r;
}

struct restore *restore_start_trial(const struct run_opts *opts, struct savedir *save)
{
	struct restore *r = restore_start(opts);

	r->is_trial = true;
	r->save = *save;
	*save = (struct savedir){ .fd = -1 };
	return r;
}

void restore_cancel(struct restore *r, int signal_number)
{
	r->signal_number = signal_number;
	error_set(&r->error, ERROR_SIGNAL, "stopped by signal %d (%s)", signal_number,
		  strsignal(signal_number));
	machine_cancel(&r->machine);
}

static void free_nodes(struct restore *r)
{
	for (size_t i = 0; r->nodes && i < r->farm->node_count; i++) {
		catalog_plans_free(r->nodes[i].plans, r->nodes[i].plan_count);
		catalog_states_release(&r->nodes[i].states);
		childenv_release(&r->nodes[i].childenv);
	}
	tools_free(r->tools);
	free(r->nodes);
	farm_free(r->farm);
}

static void restore_free(struct restore *r)
{
	worklist_free(r->worklist);
	restore_free_units(r);
	savedir_release(&r->save);
	for (size_t i = 0; i < r->account_count; i++) {
		stored_dump_release(&r->accounts[i].dump);
		free(r->accounts[i].problem);
		free(r->accounts[i].error);
	}
	free(r->accounts);
	free_nodes(r);
	strvec_release(&r->names);
	strvec_release(&r->registered_raw);
	strvec_release(&r->replaced);
	strvec_release(&r->argv);
	failures_release(&r->failures);
	layout_release(&r->layout);
	if (r->lock_fd >= 0)
		close(r->lock_fd);
	free(r);
}

static void restore_end(void *owner)
{
	struct restore *r = owner;
	struct report report = { 0 };

	restore_report(r, &report);
	failures_flush(&r->failures, r->opts.log);
	r->opts.done(r->opts.owner, &report);
	report_release(&report);
	restore_free(r);
}
