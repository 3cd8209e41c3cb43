/* SPDX-License-Identifier: PostgreSQL */
/*
 * An upgrade by a command is this file's table of steps, which the machine enters.
 *
 * All tenants are looked at before the first command and after the last one: one question
 * to the server, not one per tenant. So are their schemas, by fingerprints, to find out
 * which of the failed tenants were changed. If commands have made new steps, tenants that were
 * current are now behind, and their commands are run as well.
 */
#include "task/tenants/tenants.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "store/layout.h"
#include "task/machine.h"
#include "task/tenants/command.h"
#include "task/tenants/judge.h"
#include "task/tenants/look.h"
#include "task/tenants/marks.h"
#include "task/tenants/report.h"
#include "task/tenants/runner.h"
#include "task/tenants/tenant.h"

enum tenants_step {
	TENANTS_LOCK,
	TENANTS_CONNECT,
	TENANTS_LOOK,
	TENANTS_PLAN,
	TENANTS_MARK,
	TENANTS_GLOBAL,
	TENANTS_RUN,
	TENANTS_DONE,
};

struct tenants_upgrade {
	struct run_opts opts;
	struct machine machine;
	struct error error; /* of the whole run */
	int signal_number;

	struct tenants_command command, global_command;
	struct layout layout;
	int lock_fd;
	struct farm *farm;
	struct tenants tenants;
	struct tenants_look before, after;
	struct tenants_marks marks;
	struct tenants_runner runner;
};

bool tenants_check(const struct conf *conf, struct error *err)
{
	const struct product *product = &conf->product;
	struct tenants_command command;

	if (!product->upgrade) {
		error_set(err, ERROR_USAGE, "[model] has no command that upgrades a %s",
			  product->noun);
		return error_hint(err, "see the key upgrade in metamodel-model(5)");
	}
	if (!tenants_command_init(&command, product->upgrade, err))
		return false;
	tenants_command_release(&command);
	if (!product->upgrade_global)
		return true;
	if (!tenants_command_init(&command, product->upgrade_global, err))
		return false;
	tenants_command_release(&command);
	return true;
}

/* ---- lock, connect ---- */

static bool find_commands(struct tenants_upgrade *upgrade)
{
	const struct product *product = &upgrade->opts.conf->product;
	struct error *err = &upgrade->error;

	return tenants_command_init(&upgrade->command, product->upgrade, err) &&
	       (!product->upgrade_global ||
		tenants_command_init(&upgrade->global_command, product->upgrade_global,
				     err));
}

static enum step_result enter_lock(void *owner)
{
	struct tenants_upgrade *upgrade = owner;
	const struct run_opts *opts = &upgrade->opts;

	if (!find_commands(upgrade) ||
	    !layout_init(&upgrade->layout, opts->conf->directory, &upgrade->error) ||
	    !run_begin(opts, &upgrade->layout, &upgrade->lock_fd, &upgrade->error))
		return STEP_FAIL;
	return STEP_NEXT;
}

static void on_farm_ready(void *owner, const struct error *err)
{
	struct tenants_upgrade *upgrade = owner;

	if (err)
		upgrade->error = *err;
	machine_move(&upgrade->machine, err ? STEP_FAIL : STEP_NEXT);
}

/* The lock that keeps other runs away is lost with its session. */
static void on_node_lost(void *owner, struct farm_node *node, const struct error *err)
{
	struct tenants_upgrade *upgrade = owner;

	(void)err;
	error_hint(&node->error, "see the server's log; when it is back, upgrade again");
	tenants_runner_lose(&upgrade->runner, &node->error);
}

static enum step_result enter_connect(void *owner)
{
	struct tenants_upgrade *upgrade = owner;
	const struct conf *conf = upgrade->opts.conf;
	const struct farm_opts opts = {
		.program = "metamodel upgrade",
		.lock = conf->dry_run ? SESSION_LOCK_NONE : SESSION_LOCK_EXCLUSIVE,
		.is_writer = true,
		.names = &conf->accounts,
		.runs_applied = true,
		.ready = on_farm_ready,
		.lost = on_node_lost,
		.owner = upgrade,
	};

	upgrade->farm = run_start_farm(&upgrade->opts, &opts);
	return STEP_WAIT;
}

/* ---- what exists, and what has to be done ---- */

static void on_looked(void *owner, const struct error *err)
{
	struct tenants_upgrade *upgrade = owner;

	if (err && !upgrade->machine.is_cancelled)
		upgrade->error = *err;
	machine_move(&upgrade->machine,
		     err || upgrade->machine.is_cancelled ? STEP_FAIL : STEP_NEXT);
}

static enum step_result enter_look(void *owner)
{
	struct tenants_upgrade *upgrade = owner;

	tenants_init(&upgrade->tenants, &upgrade->opts, upgrade->farm);
	tenants_look_start(&upgrade->before, &upgrade->opts, upgrade->farm, on_looked,
			   upgrade);
	return STEP_WAIT;
}

static void tell_plan(const struct tenants_upgrade *upgrade, const struct tenant *tenant)
{
	AUTO_STRBUF struct strbuf command = { 0 };

	if (tenant->progress == TENANT_FAILED)
		return;
	log_info(upgrade->opts.log, "%s: %s%s%s, %s", tenant->place->name,
		 tenant->from ? tenant->from : "", tenant->from ? ", " : "",
		 tenant->state,
		 tenant->progress == TENANT_WAITING ? "would be upgraded" : "skipped");
	if (tenant->progress != TENANT_WAITING)
		return;
	tenants_command_show(tenant->place->is_global ? &upgrade->global_command
						      : &upgrade->command,
			     tenant->place->name, &command);
	log_debug(upgrade->opts.log, "%s", command.buf);
}

/* All are current, as far as can be known: a release that no tenant has seen yet is
 * not. */
static void tell_all_current(const struct tenants_upgrade *upgrade)
{
	const struct product *product = &upgrade->opts.conf->product;
	const struct tenants *tenants = &upgrade->tenants;

	for (size_t i = 0; i < tenants->count; i++)
		if (!tenants->list[i].place->is_global &&
		    tenants->list[i].progress != TENANT_CURRENT)
			return;
	log_info(
		upgrade->opts.log,
		"No %s lacks a step that %s has. To find out whether there are new ones, "
		"name one %s or use --all.",
		product->noun,
		product->reference ? product->reference->text : "another one",
		product->noun);
}

static bool check_global(struct tenants_upgrade *upgrade)
{
	if (!tenants_has_global_failed(&upgrade->tenants))
		return true;
	return !upgrade->machine.is_cancelled &&
	       error_set(&upgrade->error, ERROR_DATA,
			 "%s could not be upgraded, so no %s was", upgrade->farm->global,
			 upgrade->opts.conf->product.noun);
}

static enum step_result enter_plan(void *owner)
{
	struct tenants_upgrade *upgrade = owner;
	struct tenants *tenants = &upgrade->tenants;

	tenants_judge_before(tenants, &upgrade->before);
	for (size_t i = 0; upgrade->opts.conf->dry_run && i < tenants->count; i++)
		tell_plan(upgrade, &tenants->list[i]);
	tell_all_current(upgrade);
	return check_global(upgrade) ? STEP_NEXT : STEP_FAIL;
}

static enum step_result enter_mark(void *owner)
{
	struct tenants_upgrade *upgrade = owner;

	tenants_marks_start(&upgrade->marks, &upgrade->tenants, on_looked, upgrade);
	return STEP_WAIT;
}

/* ---- the work ---- */

static void on_global_run(void *owner)
{
	struct tenants_upgrade *upgrade = owner;

	machine_move(&upgrade->machine, STEP_NEXT);
}

static enum step_result enter_global(void *owner)
{
	struct tenants_upgrade *upgrade = owner;

	upgrade->runner = (struct tenants_runner){ .tenants = &upgrade->tenants,
						   .machine = &upgrade->machine,
						   .done = on_global_run,
						   .owner = upgrade };
	return tenants_runner_start(&upgrade->runner, &upgrade->global_command, true)
		       ? STEP_WAIT
		       : STEP_NEXT;
}

static bool run_those_that_wait(struct tenants_upgrade *upgrade);

/* Everything is known that the commands have done. The last step reports the tenants,
 * whatever the outcome. */
static void on_compared(void *owner, const struct error *err)
{
	struct tenants_upgrade *upgrade = owner;

	if (err)
		tenants_judge_unseen(&upgrade->tenants, err);
	if (!check_global(upgrade))
		machine_move(&upgrade->machine, STEP_FAIL);
	else if (err || !run_those_that_wait(upgrade))
		machine_move(&upgrade->machine, STEP_NEXT);
}

static void on_looked_again(void *owner, const struct error *err)
{
	struct tenants_upgrade *upgrade = owner;
	const struct conf *conf = upgrade->opts.conf;

	if (!err) {
		tenants_judge_after(&upgrade->tenants, &upgrade->before, &upgrade->after,
				    !conf->accounts.count);
		if (tenants_marks_compare(&upgrade->marks, on_compared, upgrade))
			return;
	}
	on_compared(upgrade, err);
}

static void look_again(struct tenants_upgrade *upgrade)
{
	const struct error *lost = &upgrade->farm->nodes[0]->error;

	tenants_look_release(&upgrade->after);
	if (lost->kind != ERROR_NONE)
		on_looked_again(upgrade, lost);
	else
		tenants_look_start(&upgrade->after, &upgrade->opts, upgrade->farm,
				   on_looked_again, upgrade);
}

static void on_run(void *owner)
{
	look_again(owner);
}

static bool run_those_that_wait(struct tenants_upgrade *upgrade)
{
	return tenants_runner_start(&upgrade->runner, &upgrade->command, false);
}

static enum step_result enter_run(void *owner)
{
	struct tenants_upgrade *upgrade = owner;
	const struct tenant *global = tenants_global(&upgrade->tenants);

	upgrade->runner.done = on_run;
	if (!tenants_has_global_failed(&upgrade->tenants) && run_those_that_wait(upgrade))
		return STEP_WAIT;
	if (!global || !global->has_run)
		return check_global(upgrade) ? STEP_NEXT : STEP_FAIL;
	look_again(upgrade); /* may end the run at once */
	return STEP_WAIT;
}

/* ---- the machine ---- */

/* Ends the sessions: the callbacks of running queries get errors, and the step ends. */
static void cancel_look(void *owner)
{
	struct tenants_upgrade *upgrade = owner;

	farm_disconnect(upgrade->farm);
}

/* Cancels what is running. The look afterwards is worth waiting for: only a second call
 * ends it. */
static void cancel_run(void *owner)
{
	struct tenants_upgrade *upgrade = owner;

	if (upgrade->runner.worklist)
		tenants_runner_stop(&upgrade->runner);
	else
		farm_disconnect(upgrade->farm);
}

static const struct machine_step steps[] = {
	[TENANTS_LOCK] = { "lock", .enter = enter_lock },
	[TENANTS_CONNECT] = { "connect", .enter = enter_connect, .may_be_left = true },
	[TENANTS_LOOK] = { "look", .enter = enter_look, .cancel = cancel_look },
	[TENANTS_PLAN] = { "plan", .enter = enter_plan },
	[TENANTS_MARK] = { "mark", .enter = enter_mark, .cancel = cancel_look },
	[TENANTS_GLOBAL] = { "upgrade the global schema", .enter = enter_global,
			     .cancel = cancel_run },
	[TENANTS_RUN] = { "upgrade", .enter = enter_run, .cancel = cancel_run },
};
_Static_assert(ARRAY_SIZE(steps) == TENANTS_DONE, "steps[] follows enum tenants_step");

static void tenants_end(void *owner);

struct tenants_upgrade *tenants_start(const struct run_opts *opts)
{
	struct tenants_upgrade *upgrade = xcalloc(1, sizeof(*upgrade));

	upgrade->opts = *opts;
	upgrade->machine = (struct machine){
		.steps = steps,
		.step_count = opts->conf->dry_run ? TENANTS_MARK : TENANTS_DONE,
		.end = tenants_end,
		.owner = upgrade,
	};
	upgrade->lock_fd = -1;
	machine_start(&upgrade->machine, opts->loop);
	return upgrade;
}

void tenants_cancel(struct tenants_upgrade *upgrade, int signal_number)
{
	upgrade->signal_number = signal_number;
	error_set(&upgrade->error, ERROR_SIGNAL, "stopped by signal %d (%s)",
		  signal_number, strsignal(signal_number));
	machine_cancel(&upgrade->machine);
}

static void tenants_free(struct tenants_upgrade *upgrade)
{
	tenants_runner_release(&upgrade->runner);
	tenants_look_release(&upgrade->before);
	tenants_look_release(&upgrade->after);
	tenants_marks_release(&upgrade->marks);
	tenants_release(&upgrade->tenants);
	farm_free(upgrade->farm);
	layout_release(&upgrade->layout);
	tenants_command_release(&upgrade->command);
	tenants_command_release(&upgrade->global_command);
	if (upgrade->lock_fd >= 0)
		close(upgrade->lock_fd);
	free(upgrade);
}

static void tenants_end(void *owner)
{
	struct tenants_upgrade *upgrade = owner;
	bool is_planned =
		upgrade->opts.conf->dry_run && upgrade->machine.step >= TENANTS_PLAN;
	struct report report = { .error = upgrade->error,
				 .signal_number = upgrade->signal_number };

	tenants_report_fill(&upgrade->tenants, is_planned, upgrade->machine.has_failed,
			    &report);
	failures_flush(&upgrade->tenants.failures, upgrade->opts.log);
	upgrade->opts.done(upgrade->opts.owner, &report);
	report_release(&report);
	tenants_free(upgrade);
}
