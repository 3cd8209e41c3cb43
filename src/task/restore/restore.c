/* SPDX-License-Identifier: PostgreSQL */
/*
 * People who restore have usually lost something already. So everything that can be
 * checked is checked before anything is changed, and each account is then changed
 * completely or not at all.
 */
#include "task/restore/restore.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "product/product.h"
#include "task/restore/account.h"
#include "task/restore/announce.h"
#include "task/restore/check.h"
#include "task/restore/dry.h"
#include "task/restore/load.h"
#include "task/restore/lock_slots.h"
#include "task/restore/needs.h"
#include "task/restore/nodes.h"
#include "task/restore/objects.h"
#include "task/restore/origin.h"
#include "task/restore/plan.h"
#include "task/restore/report.h"
#include "task/restore/source.h"
#include "task/restore/state.h"
#include "task/restore/trust.h"
#include "task/restore/units.h"
#include "task/tools.h"

enum { OLDEST_SERVER = 10 }; /* for txid_status() */

/* ---- connect ---- */

static void on_farm_ready(void *owner, const struct error *err)
{
	struct restore *restore = owner;

	if (err)
		restore->error = *err;
	machine_move(&restore->machine, err ? STEP_FAIL : STEP_NEXT);
}

static void on_lost(void *owner, struct farm_node *node, const struct error *err)
{
	struct restore *restore = owner;

	(void)err;
	if (restore->nodes.count)
		restore_load_node_lost(&restore->nodes.list[node->index]);
}

static enum step_result enter_connect(void *owner)
{
	struct restore *restore = owner;
	const struct farm_opts opts = {
		.program = restore->is_trial ? "metamodel verify" : "metamodel restore",
		.lock = restore->opts.conf->dry_run ? SESSION_LOCK_NONE
						    : SESSION_LOCK_EXCLUSIVE,
		.is_writer = true,
		.names = &restore->source.names,
		.has_registered = true,
		.ready = on_farm_ready,
		.lost = on_lost,
		.owner = restore,
	};

	restore->farm = run_start_farm(&restore->opts, &opts);
	return STEP_WAIT;
}

/* ---- tool: the psql that serves the server of each node ---- */

static void on_tools_found(void *owner)
{
	struct restore *restore = owner;
	struct restore_nodes *nodes = &restore->nodes;

	for (size_t i = 0; i < nodes->count; i++)
		nodes->list[i].psql =
			tools_find(restore->tools, nodes->list[i].farm_node);
	machine_move(&restore->machine, restore->machine.is_cancelled
						? STEP_FAIL
						: restore_nodes_check(restore));
}

static void check_server(struct restore_node *node)
{
	const struct session *session = node->farm_node->session;
	struct error err;

	node->server_major = session_server_major(session);
	if (node->server_major >= OLDEST_SERVER)
		return;
	error_set(&err, ERROR_SERVER,
		  "the server is PostgreSQL %s; restoring needs %d or later",
		  session_facts(session)->server_version, OLDEST_SERVER);
	restore_node_fail(node, &err);
}

static enum step_result enter_tool(void *owner)
{
	struct restore *restore = owner;

	restore_nodes_make(restore);
	for (size_t i = 0; i < restore->nodes.count; i++)
		if (restore_node_is_usable(&restore->nodes.list[i]))
			check_server(&restore->nodes.list[i]);
	restore->tools = tools_start(&(struct tools_opts){ .run = &restore->opts,
							   .farm = restore->farm,
							   .name = "psql",
							   .done = on_tools_found,
							   .owner = restore });
	return STEP_WAIT;
}

static void cancel_tool(void *owner)
{
	struct restore *restore = owner;

	tools_cancel(restore->tools);
}

/* ---- units: which accounts are restored together ---- */

static enum step_result enter_units(void *owner)
{
	struct restore *restore = owner;

	restore_plan_check_outsiders(restore);
	restore_units_make(restore);
	restore_locks_check(restore);
	restore_units_fail(restore);
	return STEP_NEXT;
}

/* ---- the machine ---- */

/* Ends the sessions: the callbacks of running queries get errors, and the step ends. */
static void cancel_queries(void *owner)
{
	struct restore *restore = owner;

	farm_disconnect(restore->farm);
}

enum restore_step {
	RESTORE_LOCK,
	RESTORE_CONNECT,
	RESTORE_TOOL,
	RESTORE_PLAN,
	RESTORE_ORIGIN,
	RESTORE_ASSIGN,
	RESTORE_CHECK,
	RESTORE_NEEDS,
	RESTORE_OBJECTS,
	RESTORE_TRUST,
	RESTORE_PRESENT,
	RESTORE_UNITS,
	RESTORE_ANNOUNCE,
	RESTORE_GLOBAL, /* a dry run ends before this */
	RESTORE_ACCOUNTS,
	RESTORE_DONE,
};

static const struct machine_step steps[] = {
	[RESTORE_LOCK] = { "lock", .enter = restore_source_enter },
	[RESTORE_CONNECT] = { "connect", .enter = enter_connect, .may_be_left = true },
	[RESTORE_TOOL] = { "tool", .enter = enter_tool, .cancel = cancel_tool },
	[RESTORE_PLAN] = { "plan", .enter = restore_plan_enter,
			   .cancel = cancel_queries },
	[RESTORE_ORIGIN] = { "origin", .enter = restore_origin_enter,
			     .cancel = cancel_queries },
	[RESTORE_ASSIGN] = { "assign", .enter = restore_plan_assign_enter },
	[RESTORE_CHECK] = { "check", .enter = restore_check_enter },
	[RESTORE_NEEDS] = { "needs", .enter = restore_needs_enter,
			    .cancel = cancel_queries },
	[RESTORE_OBJECTS] = { "objects", .enter = restore_objects_enter,
			      .cancel = cancel_queries },
	[RESTORE_TRUST] = { "trust", .enter = restore_trust_enter,
			    .cancel = cancel_queries },
	[RESTORE_PRESENT] = { "present", .enter = restore_dry_enter,
			      .cancel = cancel_queries },
	[RESTORE_UNITS] = { "units", .enter = enter_units },
	[RESTORE_ANNOUNCE] = { "announce", .enter = restore_announce_enter },
	[RESTORE_GLOBAL] = { "restore " PRODUCT_GLOBAL,
			     .enter = restore_load_global_enter,
			     .cancel = restore_load_cancel },
	[RESTORE_ACCOUNTS] = { "restore", .enter = restore_load_accounts_enter,
			       .cancel = restore_load_cancel },
};
_Static_assert(ARRAY_SIZE(steps) == RESTORE_DONE, "steps[] follows enum restore_step");

/* ---- the run ---- */

static void restore_free(struct restore *restore)
{
	restore_load_release(restore);
	restore_units_release(restore);
	restore_accounts_release(restore);
	restore_nodes_release(restore);
	restore_source_release(restore);
	tools_free(restore->tools);
	farm_free(restore->farm);
	strvec_release(&restore->registered_raw);
	strvec_release(&restore->replaced);
	free(restore);
}

static void on_end(void *owner)
{
	struct restore *restore = owner;
	struct report report = { 0 };

	restore_report(restore, &report);
	failures_flush(&restore->accounts.failures, restore->opts.log);
	restore->opts.done(restore->opts.owner, &report);
	report_release(&report);
	restore_free(restore);
}

struct restore *restore_start(const struct run_opts *opts)
{
	struct restore *restore = xcalloc(1, sizeof(*restore));

	restore->opts = *opts;
	restore->machine = (struct machine){
		.steps = steps,
		.step_count = opts->conf->dry_run ? RESTORE_GLOBAL : RESTORE_DONE,
		.end = on_end,
		.owner = restore,
	};
	restore_source_init(restore);
	machine_start(&restore->machine, opts->loop);
	return restore;
}

struct restore *restore_start_trial(const struct run_opts *opts, struct savedir *save)
{
	struct restore *restore = restore_start(opts);

	restore->is_trial = true;
	restore_source_take(restore, save);
	return restore;
}

void restore_cancel(struct restore *restore, int signal_number)
{
	restore->signal_number = signal_number;
	error_set(&restore->error, ERROR_SIGNAL, "stopped by signal %d (%s)",
		  signal_number, strsignal(signal_number));
	machine_cancel(&restore->machine);
}
