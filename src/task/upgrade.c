/* SPDX-License-Identifier: PostgreSQL */
/*
 * An upgrade is this file's table of steps, each entered by upgrade_move().
 *
 * How an account cannot be half-done: all of its steps and the new version are one
 * transaction, whose COMMIT is sent by itself and last. The commits wait for nothing; one
 * flush at the end makes all of them durable before any is called upgraded.
 */
#include "task/upgrade.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "model/model.h"
#include "model/restore.h"
#include "task/upgrade_internal.h"

void upgrade_account_failed(struct upgrade_account *a, const char *step,
			    const struct error *err)
{
	struct upgrade *u = a->upgrade;

	a->progress = ACCOUNT_FAILED;
	a->error = xstrdup(err->text);
	run_log_failure(&u->opts, a->place, step, err, &u->last_failure);
	u->is_closed |= u->opts.conf->fail_fast;
}

bool upgrade_is_global(const struct upgrade_account *a)
{
	return a->plan.level == MIGRATION_GLOBAL;
}

/* ---- load: the migrations ---- */

static enum step_result enter_load(struct upgrade *u)
{
	const struct conf *conf = u->opts.conf;
	const struct migration *last;

	if (!migrations_load(conf->migrations, &u->migrations, &u->error))
		return STEP_FAIL;
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

static enum step_result enter_lock(struct upgrade *u)
{
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
	upgrade_move(u, err ? STEP_FAIL : STEP_NEXT);
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
static enum step_result enter_connect(struct upgrade *u)
{
	const struct strvec *wanted = &u->opts.conf->accounts;
	const struct farm_opts opts = {
		.program = "metamodel upgrade",
		.lock = u->opts.conf->dry_run ? NODE_LOCK_NONE : NODE_LOCK_EXCLUSIVE,
		.names = &u->names,
		.ready = on_farm_ready,
		.lost = on_node_lost,
		.owner = u,
	};

	if (wanted->count)
		strvec_push(&u->names, MODEL_GLOBAL);
	for (size_t i = 0; i < wanted->count; i++)
		if (strcmp(wanted->v[i], MODEL_GLOBAL) != 0)
			strvec_push(&u->names, wanted->v[i]);
	u->farm = run_start_farm(&u->opts, &opts);
	return STEP_WAIT;
}

/* ---- states: at which versions are they ---- */

/* One node less to wait for. */
static void node_asked(struct upgrade *u)
{
	if (--u->asking == 0)
		upgrade_move(u, u->is_cancelled ? STEP_FAIL : STEP_NEXT);
}

static void on_states(void *owner, struct model_states *states, const struct error *err)
{
	struct upgrade_node *n = owner;
	struct upgrade *u = n->upgrade;

	if (err && n->farm_node->error.kind == ERROR_NONE) {
		n->farm_node->error = *err;
		farm_name_error(n->farm_node, &n->farm_node->error);
	}
	n->states = *states;
	for (size_t i = 0; i < states->count; i++) {
		struct model_state *s = &states->list[i];
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
				  .level = model_level(place->name) },
		};
	}
}

static enum step_result enter_states(struct upgrade *u)
{
	make_accounts(u);
	run_log_misplaced(&u->opts, u->farm);
	u->asking = 1; /* this very call */
	for (size_t i = 0; i < u->farm->node_count; i++) {
		struct upgrade_node *n = &u->nodes[i];
		AUTO_STRVEC struct strvec names = { 0 };

		if (n->farm_node->error.kind != ERROR_NONE)
			continue;
		farm_list(u->farm, n->farm_node, &names);
		u->asking++;
		model_read_states(n->farm_node->node, &names,
				  u->opts.conf->lock_wait_s * 1000, on_states, n);
	}
	return --u->asking ? STEP_WAIT : STEP_NEXT;
}

/* ---- the work ---- */

static enum step_result enter_global(struct upgrade *u)
{
	if (u->accounts[0].progress != ACCOUNT_WAITING)
		return STEP_NEXT;
	upgrade_lanes_start(u, true);
	return STEP_WAIT;
}

static enum step_result enter_accounts(struct upgrade *u)
{
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
	if (u->is_closed || u->is_cancelled)
		return STEP_NEXT;
	for (size_t i = 0; i < u->farm->node_count; i++)
		if (u->nodes[i].waiting)
			u->nodes[i].jobs = run_choose_node_jobs(
				&u->opts, u->nodes[i].farm_node->node);
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
	for (size_t i = 0; !err && i < u->account_count; i++)
		if (u->accounts[i].node == n &&
		    u->accounts[i].progress == ACCOUNT_COMMITTED)
			u->accounts[i].progress = ACCOUNT_UPGRADED;
	if (--u->asking == 0)
		upgrade_move(u, STEP_NEXT);
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

static enum step_result enter_flush(struct upgrade *u)
{
	AUTO_FREE bool *is_needed = xcalloc(u->farm->node_count + 1, sizeof(bool));

	for (size_t i = 0; i < u->account_count; i++) {
		struct upgrade_account *a = &u->accounts[i];

		if (a->progress == ACCOUNT_COMMITTED)
			is_needed[a->node - u->nodes] = true;
		else if (a->progress == ACCOUNT_WAITING && !u->is_cancelled)
			fail_waiting(a);
	}
	u->asking = 1; /* this very call */
	for (size_t i = 0; i < u->farm->node_count; i++) {
		struct upgrade_node *n = &u->nodes[i];

		if (!is_needed[i] || n->farm_node->error.kind != ERROR_NONE)
			continue;
		u->asking++;
		pgconn_query(node_conn(n->farm_node->node), model_flush_sql, NULL, 0,
			     on_flushed, n);
	}
	return --u->asking ? STEP_WAIT : STEP_NEXT;
}

/* ---- the machine ---- */

static const struct step {
	const char *name;
	enum step_result (*enter)(struct upgrade *u);
	enum upgrade_state next;
} steps[] = {
	[UPGRADE_LOAD] = { "load", enter_load, UPGRADE_LOCK },
	[UPGRADE_LOCK] = { "lock", enter_lock, UPGRADE_CONNECT },
	[UPGRADE_CONNECT] = { "connect", enter_connect, UPGRADE_STATES },
	[UPGRADE_STATES] = { "states", enter_states, UPGRADE_PLAN },
	[UPGRADE_PLAN] = { "plan", upgrade_enter_plan, UPGRADE_UNREGISTERED },
	[UPGRADE_UNREGISTERED] = { "unregistered", upgrade_enter_unregistered,
				   UPGRADE_GLOBAL },
	[UPGRADE_GLOBAL] = { "upgrade " MODEL_GLOBAL, enter_global, UPGRADE_ACCOUNTS },
	[UPGRADE_ACCOUNTS] = { "upgrade", enter_accounts, UPGRADE_FLUSH },
	[UPGRADE_FLUSH] = { "flush", enter_flush, UPGRADE_DONE },
};
_Static_assert(ARRAY_SIZE(steps) == UPGRADE_DONE, "steps[] follows upgrade_state");

static void upgrade_end(struct upgrade *u);

void upgrade_move(struct upgrade *u, enum step_result result) /* callbacks end here */
{
	while (result != STEP_WAIT) {
		u->state = result == STEP_NEXT ? steps[u->state].next : UPGRADE_FAILED;
		if (u->state == UPGRADE_GLOBAL && u->opts.conf->dry_run)
			u->state = UPGRADE_DONE;
		if (u->state >= UPGRADE_DONE) {
			upgrade_end(u); /* frees u */
			return;
		}
		result = steps[u->state].enter(u);
	}
}

static void on_start(void *owner)
{
	struct upgrade *u = owner;

	upgrade_move(u, u->is_cancelled ? STEP_FAIL : steps[UPGRADE_LOAD].enter(u));
}

struct upgrade *upgrade_start(const struct run_opts *opts)
{
	struct upgrade *u = xcalloc(1, sizeof(*u));

	u->opts = *opts;
	u->lock_fd = -1;
	timer_start(opts->loop, 0, on_start, u);
	return u;
}

void upgrade_cancel(struct upgrade *u, int signal_number)
{
	u->is_cancelled = true;
	u->signal_number = signal_number;
	error_set(&u->error, ERROR_SIGNAL, "stopped by signal %d (%s)", signal_number,
		  strsignal(signal_number));
	switch (u->state) {
	case UPGRADE_CONNECT:
		upgrade_move(u, STEP_FAIL);
		break;
	case UPGRADE_STATES:
	case UPGRADE_UNREGISTERED:
		farm_disconnect(u->farm); /* the callbacks go on */
		break;
	case UPGRADE_GLOBAL:
	case UPGRADE_ACCOUNTS:
		upgrade_lanes_end(u, NULL);
		break;
	case UPGRADE_LOAD: /* these last an instant */
	case UPGRADE_LOCK:
	case UPGRADE_PLAN:
	case UPGRADE_FLUSH:
	case UPGRADE_DONE:
	case UPGRADE_FAILED:
		break;
	}
}

static void upgrade_free(struct upgrade *u)
{
	for (size_t i = 0; i < u->account_count; i++) {
		free(u->accounts[i].from);
		free(u->accounts[i].error);
	}
	free(u->accounts);
	for (size_t i = 0; u->nodes && i < u->farm->node_count; i++)
		model_states_release(&u->nodes[i].states);
	free(u->nodes);
	farm_free(u->farm);
	migrations_release(&u->migrations);
	strvec_release(&u->names);
	layout_release(&u->layout);
	free(u->last_failure);
	if (u->lock_fd >= 0)
		close(u->lock_fd);
	free(u);
}

static void upgrade_end(struct upgrade *u)
{
	struct report report = { 0 };

	upgrade_fill_report(u, &report);
	u->opts.done(u->opts.owner, &report);
	report_release(&report);
	upgrade_free(u);
}
