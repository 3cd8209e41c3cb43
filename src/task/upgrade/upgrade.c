/* SPDX-License-Identifier: PostgreSQL */
/*
 * An upgrade is this file's table of steps, which the machine enters. Each step starts a
 * part, and continues when the part calls back. The parts know neither the table nor each
 * other's data.
 *
 * An account cannot be half upgraded: all of its steps and its new version are one
 * transaction, whose COMMIT is sent by itself and last. The commits do not wait for the
 * disk; one flush at the end makes all of them durable before any account is called
 * upgraded.
 */
#include "task/upgrade/upgrade.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "product/product.h"
#include "store/layout.h"
#include "task/machine.h"
#include "task/upgrade/account.h"
#include "task/upgrade/flush.h"
#include "task/upgrade/lane.h"
#include "task/upgrade/plan.h"
#include "task/upgrade/queue.h"
#include "task/upgrade/report.h"
#include "task/upgrade/states.h"
#include "task/upgrade/strangers.h"
#include "task/upgrade/target.h"
#include "task/upgrade/trust.h"

enum upgrade_step {
	UPGRADE_LOAD,
	UPGRADE_LOCK,
	UPGRADE_CONNECT,
	UPGRADE_STATES,
	UPGRADE_STRANGERS,
	UPGRADE_TRUST,
	UPGRADE_PLAN,
	UPGRADE_UNREGISTERED,
	UPGRADE_GLOBAL,
	UPGRADE_ACCOUNTS,
	UPGRADE_FLUSH,
	UPGRADE_DONE,
};

/* After the first four, each member is written only by its own file. */
struct upgrade {
	struct run_opts opts;
	struct machine machine;
	struct error error; /* of the whole run */
	int signal_number;

	struct upgrade_target target;
	struct layout layout;
	int lock_fd;
	struct strvec names; /* to ask the farm for */
	struct farm *farm;
	struct upgrade_accounts accounts;
	struct upgrade_states states;
	struct upgrade_strangers strangers;
	struct upgrade_trust trust;
	struct upgrade_queue queue;
	struct upgrade_lanes lanes;
	struct upgrade_flush flush;
};

/* ---- how a step that waited ends ---- */

/* A step that changes nothing. */
static void on_learnt(void *owner)
{
	struct upgrade *upgrade = owner;

	machine_move(&upgrade->machine,
		     upgrade->machine.is_cancelled ? STEP_FAIL : STEP_NEXT);
}

static void on_learnt_or_not(void *owner, const struct error *err)
{
	struct upgrade *upgrade = owner;

	if (err && !upgrade->machine.is_cancelled)
		upgrade->error = *err;
	if (err)
		machine_move(&upgrade->machine, STEP_FAIL);
	else
		on_learnt(upgrade);
}

/* A step that changed something: the last step reports it, whatever the outcome. */
static void on_worked(void *owner)
{
	struct upgrade *upgrade = owner;

	machine_move(&upgrade->machine, STEP_NEXT);
}

/* ---- load, lock, connect ---- */

static enum step_result enter_load(void *owner)
{
	struct upgrade *upgrade = owner;

	return upgrade_target_load(&upgrade->target, &upgrade->opts, &upgrade->error)
		       ? STEP_NEXT
		       : STEP_FAIL;
}

static enum step_result enter_lock(void *owner)
{
	struct upgrade *upgrade = owner;
	const struct run_opts *opts = &upgrade->opts;

	if (!layout_init(&upgrade->layout, opts->conf->directory, &upgrade->error) ||
	    !run_begin(opts, &upgrade->layout, &upgrade->lock_fd, &upgrade->error))
		return STEP_FAIL;
	return STEP_NEXT;
}

static void on_farm_ready(void *owner, const struct error *err)
{
	struct upgrade *upgrade = owner;

	if (err)
		upgrade->error = *err;
	machine_move(&upgrade->machine, err ? STEP_FAIL : STEP_NEXT);
}

/* The lock that keeps other runs away is lost with its session. */
static void on_node_lost(void *owner, struct farm_node *node, const struct error *err)
{
	struct upgrade *upgrade = owner;

	(void)err;
	error_hint(&node->error, "see the server's log; when it is back, upgrade again");
	upgrade_lanes_stop(&upgrade->lanes, node);
}

/* Only the named accounts are asked for, and _global, since no account works without
 * it. */
static enum step_result enter_connect(void *owner)
{
	struct upgrade *upgrade = owner;
	const struct conf *conf = upgrade->opts.conf;
	const struct strvec *wanted = &conf->accounts;
	bool is_model = conf->product.is_model;
	const struct farm_opts opts = {
		.program = "metamodel upgrade",
		.lock = conf->dry_run ? SESSION_LOCK_NONE : SESSION_LOCK_EXCLUSIVE,
		.is_writer = true,
		.names = &upgrade->names,
		.runs_applied = conf->product.is_model,
		.ready = on_farm_ready,
		.lost = on_node_lost,
		.owner = upgrade,
	};

	if (wanted->count && !is_model)
		strvec_push(&upgrade->names, PRODUCT_GLOBAL);
	for (size_t i = 0; i < wanted->count; i++)
		if (is_model || strcmp(wanted->v[i], PRODUCT_GLOBAL) != 0)
			strvec_push(&upgrade->names, wanted->v[i]);
	upgrade->farm = run_start_farm(&upgrade->opts, &opts);
	return STEP_WAIT;
}

/* ---- what exists, and what has to be done ---- */

static enum step_result enter_states(void *owner)
{
	struct upgrade *upgrade = owner;

	upgrade_accounts_init(&upgrade->accounts, &upgrade->opts, &upgrade->target,
			      upgrade->farm);
	upgrade_queue_init(&upgrade->queue, &upgrade->accounts, &upgrade->machine);
	upgrade_lanes_init(&upgrade->lanes, &upgrade->queue, on_worked, upgrade);
	run_log_misplaced(&upgrade->opts, upgrade->farm);
	return upgrade_states_start(&upgrade->states, &upgrade->accounts, on_learnt,
				    upgrade)
		       ? STEP_WAIT
		       : STEP_NEXT;
}

static enum step_result enter_strangers(void *owner)
{
	struct upgrade *upgrade = owner;

	return upgrade_strangers_start(&upgrade->strangers, &upgrade->accounts,
				       on_learnt_or_not, upgrade)
		       ? STEP_WAIT
		       : STEP_NEXT;
}

static enum step_result enter_trust(void *owner)
{
	struct upgrade *upgrade = owner;

	return upgrade_trust_start(&upgrade->trust, &upgrade->accounts, on_learnt,
				   upgrade)
		       ? STEP_WAIT
		       : STEP_NEXT;
}

/* _global is upgraded first: if it fails, no other account is begun. */
static bool check_global(struct upgrade *upgrade)
{
	if (!upgrade_accounts_has_global_failed(&upgrade->accounts))
		return true;
	return error_set(&upgrade->error, ERROR_DATA,
			 "%s could not be upgraded, so no %s was", upgrade->farm->global,
			 upgrade->opts.conf->product.noun);
}

static enum step_result enter_plan(void *owner)
{
	struct upgrade *upgrade = owner;

	if (upgrade->states.error.kind != ERROR_NONE) {
		upgrade->error = upgrade->states.error;
		return STEP_FAIL;
	}
	upgrade_plan_all(&upgrade->accounts, &upgrade->trust);
	return check_global(upgrade) ? STEP_NEXT : STEP_FAIL;
}

static enum step_result enter_unregistered(void *owner)
{
	struct upgrade *upgrade = owner;

	return upgrade_unregistered_start(&upgrade->strangers, &upgrade->accounts,
					  on_learnt_or_not, upgrade)
		       ? STEP_WAIT
		       : STEP_NEXT;
}

/* ---- the work ---- */

static enum step_result enter_global(void *owner)
{
	struct upgrade *upgrade = owner;
	const struct upgrade_account *global =
		upgrade_accounts_global(&upgrade->accounts);

	if (!global || global->progress != ACCOUNT_WAITING)
		return STEP_NEXT;
	upgrade_lanes_start_global(&upgrade->lanes);
	return STEP_WAIT;
}

static enum step_result enter_accounts(void *owner)
{
	struct upgrade *upgrade = owner;
	const struct upgrade_accounts *accounts = &upgrade->accounts;

	if (!check_global(upgrade))
		return STEP_FAIL;
	for (size_t i = 0; i < accounts->count; i++)
		if (accounts->list[i].progress == ACCOUNT_CURRENT &&
		    !upgrade_account_is_global(&accounts->list[i]))
			upgrade_plan_log_current(&accounts->list[i]);
	upgrade_accounts_tell_progress(accounts);
	if (upgrade_accounts_are_closed(accounts) || upgrade->machine.is_cancelled)
		return STEP_NEXT;
	upgrade_lanes_start(&upgrade->lanes);
	return STEP_WAIT;
}

static enum step_result enter_flush(void *owner)
{
	struct upgrade *upgrade = owner;

	if (!upgrade->machine.is_cancelled)
		upgrade_queue_fail_waiting(&upgrade->queue);
	return upgrade_flush_start(&upgrade->flush, &upgrade->accounts, on_worked,
				   upgrade)
		       ? STEP_WAIT
		       : STEP_NEXT;
}

/* ---- the machine ---- */

/* Ends the sessions: the callbacks of running queries get errors, and the step ends. */
static void cancel_queries(void *owner)
{
	struct upgrade *upgrade = owner;

	farm_disconnect(upgrade->farm);
}

static void cancel_lanes(void *owner)
{
	struct upgrade *upgrade = owner;

	upgrade_lanes_stop(&upgrade->lanes, NULL);
}

static const struct machine_step steps[] = {
	[UPGRADE_LOAD] = { "load", .enter = enter_load },
	[UPGRADE_LOCK] = { "lock", .enter = enter_lock },
	[UPGRADE_CONNECT] = { "connect", .enter = enter_connect, .may_be_left = true },
	[UPGRADE_STATES] = { "states", .enter = enter_states, .cancel = cancel_queries },
	[UPGRADE_STRANGERS] = { "strangers", .enter = enter_strangers,
				.cancel = cancel_queries },
	[UPGRADE_TRUST] = { "trust", .enter = enter_trust, .cancel = cancel_queries },
	[UPGRADE_PLAN] = { "plan", .enter = enter_plan },
	[UPGRADE_UNREGISTERED] = { "unregistered", .enter = enter_unregistered,
				   .cancel = cancel_queries },
	[UPGRADE_GLOBAL] = { "upgrade " PRODUCT_GLOBAL, .enter = enter_global,
			     .cancel = cancel_lanes },
	[UPGRADE_ACCOUNTS] = { "upgrade", .enter = enter_accounts,
			       .cancel = cancel_lanes },
	[UPGRADE_FLUSH] = { "flush", .enter = enter_flush },
};
_Static_assert(ARRAY_SIZE(steps) == UPGRADE_DONE, "steps[] follows enum upgrade_step");

static void upgrade_end(void *owner);

struct upgrade *upgrade_start(const struct run_opts *opts)
{
	struct upgrade *upgrade = xcalloc(1, sizeof(*upgrade));

	upgrade->opts = *opts;
	upgrade->machine = (struct machine){
		.steps = steps,
		.step_count = opts->conf->dry_run ? UPGRADE_GLOBAL : UPGRADE_DONE,
		.end = upgrade_end,
		.owner = upgrade,
	};
	upgrade->lock_fd = -1;
	machine_start(&upgrade->machine, opts->loop);
	return upgrade;
}

void upgrade_cancel(struct upgrade *upgrade, int signal_number)
{
	upgrade->signal_number = signal_number;
	error_set(&upgrade->error, ERROR_SIGNAL, "stopped by signal %d (%s)",
		  signal_number, strsignal(signal_number));
	machine_cancel(&upgrade->machine);
}

static void upgrade_free(struct upgrade *upgrade)
{
	upgrade_flush_release(&upgrade->flush);
	upgrade_lanes_release(&upgrade->lanes);
	upgrade_queue_release(&upgrade->queue);
	upgrade_trust_release(&upgrade->trust);
	upgrade_states_release(&upgrade->states);
	upgrade_accounts_release(&upgrade->accounts);
	farm_free(upgrade->farm);
	strvec_release(&upgrade->names);
	layout_release(&upgrade->layout);
	upgrade_target_release(&upgrade->target);
	if (upgrade->lock_fd >= 0)
		close(upgrade->lock_fd);
	free(upgrade);
}

static void upgrade_end(void *owner)
{
	struct upgrade *upgrade = owner;
	bool is_planned =
		upgrade->opts.conf->dry_run && upgrade->machine.step >= UPGRADE_PLAN;
	struct report report = { .error = upgrade->error,
				 .signal_number = upgrade->signal_number };

	upgrade_flush_fail_rest(&upgrade->accounts);
	upgrade_report_fill(&upgrade->accounts, is_planned, upgrade->machine.has_failed,
			    &report);
	failures_flush(&upgrade->accounts.failures, upgrade->opts.log);
	upgrade->opts.done(upgrade->opts.owner, &report);
	report_release(&report);
	upgrade_free(upgrade);
}
