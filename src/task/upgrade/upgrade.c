/* SPDX-License-Identifier: PostgreSQL */
/*
 * An upgrade is this file's table of steps, which the machine enters.
 *
 * How an account cannot be half-done: all of its steps and the new version are one
 * transaction, whose COMMIT is sent by itself and last. The commits wait for nothing; one
 * flush at the end makes all of them durable before any is called upgraded.
 */
#include "task/upgrade/upgrade.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "catalog/restore.h"
#include "task/upgrade/internal.h"
#include "product/product.h"

void upgrade_account_failed(struct upgrade_account *a, const char *step,
			    const struct error *err)
{
	struct upgrade *u = a->upgrade;

	a->progress = ACCOUNT_FAILED;
	a->error = xstrdup(err->text);
	run_log_failure(&u->opts, a->place, step, err, &u->failures);
	u->is_closed |= u->opts.conf->fail_fast;
}

bool upgrade_is_global(const struct upgrade_account *a)
{
	return a->plan.level == MIGRATION_GLOBAL;
}

/* ---- load: the migrations ---- */

static enum step_result enter_load(void *owner)
{
	struct upgrade *u = owner;
	const struct conf *conf = u->opts.conf;
	const struct migration *last;

	if (!migrations_load(conf->migrations, &u->migrations, &u->error))
		return STEP_FAIL;
	for (size_t i = 0; i < u->migrations.ignored.count; i++)
		log_debug(u->opts.log, "%s is no migration, and passed over",
			  u->migrations.ignored.v[i]);
	u->end = u->migrations.count;
	if (!conf->to)
		return STEP_NEXT;
	last = migrations_find(&u->migrations, conf->to);
	if (!last) {
		error_set(&u->error, ERROR_USAGE, "option --to: there is no version '%s'",
			  conf->to);
		error_hint(&u->error, "the newest is %s",
			   u->migrations.steps[u->end - 1].version);
		return STEP_FAIL;
	}
	u->end = (size_t)(last - u->migrations.steps) + 1;
	return STEP_NEXT;
}

/* ---- lock, connect ---- */

static enum step_result enter_lock(void *owner)
{
	struct upgrade *u = owner;

	if (!layout_init(&u->layout, u->opts.conf->directory, &u->error) ||
	    !run_begin(&u->opts, &u->layout, &u->lock_fd, &u->error))
		return STEP_FAIL;
	return STEP_NEXT;
}

static void on_farm_ready(void *owner, const struct error *err)
{
	struct upgrade *u = owner;

	if (err)
		u->error = *err;
	machine_move(&u->machine, err ? STEP_FAIL : STEP_NEXT);
}

/* With it goes the lock that keeps other runs away. */
static void on_node_lost(void *owner, struct farm_node *node, const struct error *err)
{
	struct upgrade *u = owner;

	(void)err;
	error_hint(&node->error, "see the server's log; when it is back, upgrade again");
	if (u->nodes)
		upgrade_lanes_end(u, &u->nodes[node->index]);
}

/* Named accounts are all that is asked for, but without _global there can be none. */
static enum step_result enter_connect(void *owner)
{
	struct upgrade *u = owner;
	const struct strvec *wanted = &u->opts.conf->accounts;
	const struct farm_opts opts = {
		.program = "metamodel upgrade",
		.lock = u->opts.conf->dry_run ? SESSION_LOCK_NONE
					      : SESSION_LOCK_EXCLUSIVE,
		.is_writer = true,
		.names = &u->names,
		.ready = on_farm_ready,
		.lost = on_node_lost,
		.owner = u,
	};

	if (wanted->count)
		strvec_push(&u->names, PRODUCT_GLOBAL);
	for (size_t i = 0; i < wanted->count; i++)
		if (strcmp(wanted->v[i], PRODUCT_GLOBAL) != 0)
			strvec_push(&u->names, wanted->v[i]);
	u->farm = run_start_farm(&u->opts, &opts);
	return STEP_WAIT;
}

/* ---- states: at which versions are they ---- */

/* One node less to wait for. */
static void node_asked(struct upgrade *u)
{
	if (--u->asking == 0)
		machine_move(&u->machine,
			     u->machine.is_cancelled ? STEP_FAIL : STEP_NEXT);
}

static void on_states(void *owner, struct catalog_states *states, const struct error *err)
{
	struct upgrade_node *n = owner;
	struct upgrade *u = n->upgrade;

	if (err && n->farm_node->error.kind == ERROR_NONE) {
		n->farm_node->error = *err;
		farm_name_error(n->farm_node, &n->farm_node->error);
	}
	n->states = *states;
	for (size_t i = 0; i < states->count; i++) {
		struct catalog_state *s = &states->list[i];
		struct upgrade_account *a =
			&u->accounts[farm_find(u->farm, s->name) - u->farm->accounts];

		a->state = s;
		a->from = s->version ? xstrdup(s->version) : NULL;
	}
	node_asked(u);
}

static void make_accounts(struct upgrade *u)
{
	struct farm *farm = u->farm;

	u->nodes = xcalloc(farm->node_count + 1, sizeof(*u->nodes));
	for (size_t i = 0; i < farm->node_count; i++)
		u->nodes[i] = (struct upgrade_node){ .upgrade = u,
						     .farm_node = farm->nodes[i] };
	u->account_count = farm->account_count;
	u->accounts = xcalloc(u->account_count + 1, sizeof(*u->accounts));
	for (size_t i = 0; i < u->account_count; i++) {
		const struct farm_account *place = &farm->accounts[i];

		u->accounts[i] = (struct upgrade_account){
			.upgrade = u,
			.place = place,
			.node = place->node ? &u->nodes[place->node->index] : NULL,
			.plan = { .migrations = &u->migrations,
				  .level = catalog_level(place->name) },
		};
	}
}

enum step_result upgrade_ask_nodes(struct upgrade *u,
				   void (*ask)(struct upgrade_node *n,
					       const struct strvec *names))
{
	u->asking = 1; /* this very call */
	for (size_t i = 0; i < u->farm->node_count; i++) {
		struct upgrade_node *n = &u->nodes[i];
		AUTO_STRVEC struct strvec names = { 0 };

		if (n->farm_node->error.kind != ERROR_NONE)
			continue;
		farm_list(u->farm, n->farm_node, &names);
		u->asking++;
		ask(n, &names);
	}
	return --u->asking ? STEP_WAIT : STEP_NEXT;
}

static void ask_states(struct upgrade_node *n, const struct strvec *names)
{
	catalog_read_states(n->farm_node->session, names,
			    n->upgrade->opts.conf->lock_wait_s * 1000, on_states, n);
}

static enum step_result enter_states(void *owner)
{
	struct upgrade *u = owner;

	make_accounts(u);
	run_log_misplaced(&u->opts, u->farm);
	return upgrade_ask_nodes(u, ask_states);
}

/* ---- the work ---- */

static enum step_result enter_global(void *owner)
{
	struct upgrade *u = owner;

	if (u->accounts[0].progress != ACCOUNT_WAITING)
		return STEP_NEXT;
	upgrade_lanes_start(u, true);
	return STEP_WAIT;
}

static enum step_result enter_accounts(void *owner)
{
	struct upgrade *u = owner;

	if (upgrade_has_global_failed(u))
		return upgrade_global_failed(u);
	for (size_t i = 0; i < u->farm->node_count; i++)
		u->nodes[i].next = 0;
	for (size_t i = 0; i < u->account_count; i++) {
		struct upgrade_account *a = &u->accounts[i];

		if (a->progress == ACCOUNT_WAITING)
			a->node->waiting++;
		else if (a->progress == ACCOUNT_CURRENT && !upgrade_is_global(a))
			upgrade_log_current(a);
	}
	u->opts.progress(u->opts.owner, u->finished, u->account_count);
	if (u->is_closed || u->machine.is_cancelled)
		return STEP_NEXT;
	for (size_t i = 0; i < u->farm->node_count; i++)
		if (u->nodes[i].waiting)
			u->nodes[i].jobs = run_choose_node_jobs(
				&u->opts, u->nodes[i].farm_node->session);
	upgrade_lanes_start(u, false);
	return STEP_WAIT;
}

/* Of the nodes whose flush went well, what was committed is on disk. */
static void on_flushed(void *owner, const struct pg_result *result,
		       const struct error *err)
{
	struct upgrade_node *n = owner;
	struct upgrade *u = n->upgrade;

	(void)result;
	if (err && n->farm_node->error.kind == ERROR_NONE)
		n->farm_node->error = *err;
	for (size_t i = 0; i < u->account_count; i++) {
		struct upgrade_account *a = &u->accounts[i];

		if (a->node != n)
			continue;
		if (err)
			a->is_in_doubt |= a->is_partly_done;
		else if (a->progress == ACCOUNT_COMMITTED)
			a->progress = ACCOUNT_UPGRADED;
	}
	if (--u->asking == 0)
		machine_move(&u->machine, STEP_NEXT);
}

/* Those that nobody was left for. */
static void fail_waiting(struct upgrade_account *a)
{
	const struct farm_node *node = a->node->farm_node;
	bool is_broken = node->error.kind != ERROR_NONE;

	if (is_broken || !a->upgrade->is_closed)
		upgrade_account_failed(a, "upgrade",
				       is_broken ? &node->error : &a->node->lane_error);
}

static enum step_result enter_flush(void *owner)
{
	struct upgrade *u = owner;
	AUTO_FREE bool *is_needed = xcalloc(u->farm->node_count + 1, sizeof(bool));

	for (size_t i = 0; i < u->account_count; i++) {
		struct upgrade_account *a = &u->accounts[i];

		if (a->progress == ACCOUNT_COMMITTED || a->is_partly_done)
			is_needed[a->node - u->nodes] = true;
		if (a->progress == ACCOUNT_WAITING && !u->machine.is_cancelled)
			fail_waiting(a);
	}
	u->asking = 1; /* this very call */
	for (size_t i = 0; i < u->farm->node_count; i++) {
		struct upgrade_node *n = &u->nodes[i];

		if (!is_needed[i] || n->farm_node->error.kind != ERROR_NONE)
			continue;
		u->asking++;
		pgconn_query(session_conn(n->farm_node->session), catalog_flush_sql, NULL,
			     0, on_flushed, n);
	}
	return --u->asking ? STEP_WAIT : STEP_NEXT;
}

/* ---- the machine ---- */

/* Its callbacks go on, with errors. */
static void cancel_queries(void *owner)
{
	struct upgrade *u = owner;

	farm_disconnect(u->farm);
}

static void cancel_lanes(void *owner)
{
	struct upgrade *u = owner;

	upgrade_lanes_end(u, NULL);
}

static const struct machine_step steps[] = {
	[UPGRADE_LOAD] = { "load", .enter = enter_load },
	[UPGRADE_LOCK] = { "lock", .enter = enter_lock },
	[UPGRADE_CONNECT] = { "connect", .enter = enter_connect, .may_be_left = true },
	[UPGRADE_STATES] = { "states", .enter = enter_states, .cancel = cancel_queries },
	[UPGRADE_STRANGERS] = { "strangers", .enter = upgrade_enter_strangers,
				.cancel = cancel_queries },
	[UPGRADE_TRUST] = { "trust", .enter = upgrade_enter_trust,
			    .cancel = cancel_queries },
	[UPGRADE_PLAN] = { "plan", .enter = upgrade_enter_plan },
	[UPGRADE_UNREGISTERED] = { "unregistered", .enter = upgrade_enter_unregistered,
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
	struct upgrade *u = xcalloc(1, sizeof(*u));

	u->opts = *opts;
	u->machine = (struct machine){
		.steps = steps,
		.step_count = opts->conf->dry_run ? UPGRADE_GLOBAL : UPGRADE_DONE,
		.end = upgrade_end,
		.owner = u,
	};
	u->lock_fd = -1;
	machine_start(&u->machine, opts->loop);
	return u;
}

void upgrade_cancel(struct upgrade *u, int signal_number)
{
	u->signal_number = signal_number;
	error_set(&u->error, ERROR_SIGNAL, "stopped by signal %d (%s)", signal_number,
		  strsignal(signal_number));
	machine_cancel(&u->machine);
}

static void upgrade_free(struct upgrade *u)
{
	for (size_t i = 0; i < u->account_count; i++) {
		free(u->accounts[i].from);
		free(u->accounts[i].error);
	}
	free(u->accounts);
	for (size_t i = 0; u->nodes && i < u->farm->node_count; i++) {
		catalog_states_release(&u->nodes[i].states);
		catalog_trust_release(&u->nodes[i].trust);
	}
	free(u->nodes);
	farm_free(u->farm);
	migrations_release(&u->migrations);
	strvec_release(&u->names);
	layout_release(&u->layout);
	failures_release(&u->failures);
	if (u->lock_fd >= 0)
		close(u->lock_fd);
	free(u);
}

static void upgrade_end(void *owner)
{
	struct upgrade *u = owner;
	struct report report = { 0 };

	upgrade_fill_report(u, &report);
	failures_flush(&u->failures, u->opts.log);
	u->opts.done(u->opts.owner, &report);
	report_release(&report);
	upgrade_free(u);
}
