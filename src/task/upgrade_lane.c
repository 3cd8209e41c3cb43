/* SPDX-License-Identifier: PostgreSQL */
/* The upgrading: sessions that take one account after another. */
#include "task/upgrade_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "model/version.h"

enum { LOCK_RETRIES = 3, SESSIONS = 3, CANCEL_GRACE_MS = 5000 };

struct lane {
	struct upgrade *u;
	struct upgrade_node *on;
	struct node *node; /* NULL: given up */
	unsigned sessions; /* that it has had */
	bool is_ready;
	bool is_committing;
	bool is_late;                    /* --timeout has passed */
	bool is_ending;                  /* the server was asked to end what runs */
	struct upgrade_account *account; /* NULL: idle */
	char *script;
	struct timer *deadline; /* of the account; then of the server's answer */
	bool is_global;         /* for _global alone */
};

static void take_next(struct lane *l);
static void start_session(struct lane *l);

static void stop_deadline(struct lane *l)
{
	if (l->deadline)
		timer_cancel(l->deadline);
	l->deadline = NULL;
}

static void on_all_rest(void *owner)
{
	struct upgrade *u = owner;

	u->all_rest = NULL;
	upgrade_lanes_free(u);
	upgrade_move(u, STEP_NEXT);
}

/* The lane has nothing to do any more. */
static void rest(struct lane *l)
{
	struct upgrade *u = l->u;

	l->on->lanes--;
	if (--u->lanes_busy == 0)
		u->all_rest = timer_start(u->opts.loop, 0, on_all_rest, u);
}

/* May anything more be begun on the node? */
static bool is_open(const struct upgrade_node *on)
{
	return !on->upgrade->is_closed && !on->upgrade->is_cancelled &&
	       on->farm_node->error.kind == ERROR_NONE;
}

/* Its session is of no use any more: have another one, or rest. */
static void renew(struct lane *l, const struct error *why)
{
	struct node *node = l->node;

	l->node = NULL;
	l->is_ready = false;
	node_free(node);
	l->on->lane_error = *why;
	if (!is_open(l->on) || l->sessions >= SESSIONS)
		rest(l);
	else
		start_session(l);
}

static void let_go(struct lane *l, enum account_progress progress)
{
	struct upgrade_account *a = l->account;
	struct upgrade *u = l->u;

	a->progress = progress;
	a->elapsed_ms = loop_now_ms() - a->started_ms;
	l->account = NULL;
	l->is_committing = false;
	stop_deadline(l);
	free(l->script);
	l->script = NULL;
	if (progress != ACCOUNT_WAITING)
		u->opts.progress(u->opts.owner, ++u->finished, u->account_count);
	else if ((size_t)(a - u->accounts) < a->node->next)
		a->node->next = (size_t)(a - u->accounts); /* it is looked for again */
}

/* ---- the account failed ---- */

/* Is it to be tried again: somebody else was in the way, or was quicker? */
static bool is_to_retry(struct upgrade_account *a, const struct pg_failure *failure,
			const struct error *err)
{
	static const char *const passing[] = { "55P03", "40P01", "40001",
					       MODEL_VERSION_CHANGED };

	if (a->upgrade->is_cancelled)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(passing); i++)
		if (!strcmp(failure->sqlstate, passing[i]) &&
		    ++a->retries <= LOCK_RETRIES) {
			log_warning(a->upgrade->opts.log,
				    "[%s upgrade] to be tried again: %.*s",
				    a->state->name, (int)strcspn(err->text, "\n"),
				    err->text);
			return true;
		}
	return false;
}

static void fail_account(struct lane *l, const struct error *err)
{
	struct upgrade *u = l->u;
	const struct error late = {
		.kind = ERROR_SERVER,
		.text = "it took longer than --timeout allows",
	};
	const struct error *node_error = &l->on->farm_node->error;
	struct error described = l->is_late                       ? late
				 : node_error->kind != ERROR_NONE ? *node_error
								  : *err;

	if (l->is_committing) {
		error_prefix(&described, "it is not known whether it was upgraded");
		error_hint(&described, "upgrade again: what is done is not done twice");
	} else if (!described.hint[0]) {
		error_hint(&described, "the account is as it was before");
	}
	if (!u->is_cancelled || l->is_committing)
		upgrade_account_failed(l->account, "upgrade", &described);
	let_go(l, l->account->error ? ACCOUNT_FAILED : ACCOUNT_WAITING);
}

/* Migrations that are not ours may leave something in the session. */
static void go_on(struct lane *l)
{
	if (l->u->opts.conf->migrations) {
		l->is_ready = false;
		node_reset(l->node); /* on_ready() is next */
	} else {
		take_next(l);
	}
}

static void on_rolled_back(void *owner, const struct pg_result *result,
			   const struct error *err)
{
	struct lane *l = owner;

	(void)result;
	if (!l->node)
		return; /* it was let go of */
	if (err)
		renew(l, err);
	else
		go_on(l);
}

static void roll_back(struct lane *l)
{
	pgconn_query(node_conn(l->node), "ROLLBACK", NULL, 0, on_rolled_back, l);
}

/* The version that somebody else made of it meanwhile. */
static void replan(struct upgrade_account *a, const char *found)
{
	struct model_state *s = a->state;
	AUTO_FREE char *line = xstrndup(found, strcspn(found, "\n"));
	const char *words = strrchr(line, ' ');

	words = words ? words + 1 : line; /* behind "ERROR:  " */
	free(s->version);
	s->kind = strcmp(words, "nil") ? MODEL_VERSION : MODEL_NO_VERSION;
	s->version = s->kind == MODEL_VERSION ? xstrdup(words) : NULL;
	if (!version_parse(words, &s->number))
		s->number = 0;
}

/* The server's words, with what they mean here. */
static void describe(const struct lane *l, const struct pg_failure *failure,
		     struct error *err)
{
	if (!l->is_committing)
		model_upgrade_locate(&l->account->plan, l->script, failure, err);
	if (!strcmp(failure->sqlstate, "55P03") && !err->hint[0])
		error_hint(err, "another session holds a lock on it (see pg_locks): "
				"raise --lock-wait, or try at another time");
}

static void on_failed(struct lane *l, const struct error *err)
{
	const struct pg_failure *failure = pgconn_failure(node_conn(l->node));
	struct error described = *err;
	bool is_rolled_back;

	if (!failure->sqlstate[0]) {
		farm_name_error(l->on->farm_node, &described);
		fail_account(l, &described);
		renew(l, &described);
		return;
	}
	is_rolled_back = l->is_committing;
	l->is_committing = false; /* the server said no */
	if (is_to_retry(l->account, failure, err)) {
		if (!strcmp(failure->sqlstate, MODEL_VERSION_CHANGED))
			replan(l->account, err->text);
		let_go(l, ACCOUNT_WAITING);
	} else {
		describe(l, failure, &described);
		fail_account(l, &described);
	}
	if (is_rolled_back)
		go_on(l);
	else
		roll_back(l);
}

/* ---- the account succeeded ---- */

static void on_committed(void *owner, const struct pg_result *result,
			 const struct error *err)
{
	struct lane *l = owner;

	(void)result;
	if (!l->node)
		return;
	if (err) {
		on_failed(l, err);
		return;
	}
	let_go(l, ACCOUNT_COMMITTED);
	go_on(l);
}

/* Only now is the COMMIT sent: should we end before, the server rolls back. */
static void on_script_done(void *owner, const struct pg_result *result,
			   const struct error *err)
{
	const struct error ended = { .kind = ERROR_SERVER, .text = "it was ended" };
	struct lane *l = owner;

	(void)result;
	if (!l->node)
		return;
	if (err) {
		on_failed(l, err);
	} else if (l->is_ending) {
		fail_account(l, &ended);
		roll_back(l);
	} else {
		l->is_committing = true;
		pgconn_query(node_conn(l->node), "COMMIT", NULL, 0, on_committed, l);
	}
}

/* ---- taking accounts ---- */

/* The server does not answer. */
static void on_grace_over(void *owner)
{
	const struct error silent = { .kind = ERROR_SERVER,
				      .text = "the server does not answer" };
	struct lane *l = owner;

	l->deadline = NULL;
	fail_account(l, &silent);
	renew(l, &silent);
}

/* End what runs; at once, if that was asked for before. */
static void end_account(struct lane *l)
{
	bool is_again = l->is_ending;

	l->is_ending = true;
	stop_deadline(l);
	if (!is_again && !l->is_committing)
		pgconn_cancel(node_conn(l->node));
	l->deadline = timer_start(l->u->opts.loop, is_again ? 0 : CANCEL_GRACE_MS,
				  on_grace_over, l);
}

static void on_late(void *owner)
{
	struct lane *l = owner;

	l->deadline = NULL;
	l->is_late = true;
	end_account(l);
}

static void announce(const struct upgrade_account *a)
{
	const struct upgrade *u = a->upgrade;
	const char *from = a->state->version ? a->state->version : "nil";
	bool is_global = a->plan.level == MIGRATION_GLOBAL;

	for (size_t i = a->plan.first; i < a->plan.end; i++) {
		const char *to = u->migrations.steps[i].version;

		log_info(u->opts.log, "Upgrading %s%s from %s to %s...",
			 is_global ? "global metamodel" : "account ",
			 is_global ? "" : a->state->name, from, to);
		from = to;
	}
}

static void begin(struct lane *l, struct upgrade_account *a)
{
	struct upgrade *u = l->u;
	uint64_t timeout_s = u->opts.conf->timeout_s;

	l->account = a;
	l->is_late = l->is_ending = false;
	a->progress = ACCOUNT_RUNNING;
	a->started_ms = loop_now_ms();
	if (!a->retries)
		announce(a);
	l->script = model_upgrade_script(&a->plan, a->state);
	if (timeout_s)
		l->deadline = timer_start(u->opts.loop, timeout_s * 1000, on_late, l);
	pgconn_script(node_conn(l->node), l->script, on_script_done, l);
}

/* The next waiting account of a node. */
static struct upgrade_account *find_next(struct upgrade_node *on, bool is_global)
{
	struct upgrade *u = on->upgrade;
	size_t limit = is_global ? 1 : u->account_count;

	for (; on->next < limit && is_open(on); on->next++) {
		struct upgrade_account *a = &u->accounts[on->next];

		if (a->node != on || a->progress != ACCOUNT_WAITING)
			continue;
		if (upgrade_plan_account(a))
			return a;
		upgrade_log_current(a); /* somebody else was quicker */
		u->opts.progress(u->opts.owner, ++u->finished, u->account_count);
	}
	return NULL;
}

/* To a node that has accounts waiting and room for one more session. */
static bool move_on(struct lane *l)
{
	struct upgrade *u = l->u;

	for (size_t i = 0; i < u->farm->node_count && !l->is_global; i++) {
		struct upgrade_node *on = &u->nodes[i];
		struct node *node = l->node;

		if (on == l->on || on->lanes >= on->jobs || !find_next(on, false))
			continue;
		l->on->lanes--;
		l->on = on;
		on->lanes++;
		l->node = NULL;
		l->is_ready = false;
		l->sessions = 0;
		node_free(node);
		start_session(l);
		return true;
	}
	return false;
}

static void take_next(struct lane *l)
{
	struct upgrade_account *a = find_next(l->on, l->is_global);

	if (a) {
		l->on->next++;
		begin(l, a);
	} else if (!move_on(l)) {
		rest(l);
	}
}

/* ---- sessions ---- */

static void on_ready(void *owner, const struct error *err)
{
	struct lane *l = owner;
	struct upgrade *u = l->u;

	if (err && is_open(l->on))
		log_warning(u->opts.log, "a session to upgrade in cannot be had: %s",
			    err->text);
	l->is_ready = !err;
	if (err)
		renew(l, err);
	else
		take_next(l);
}

/* It was resting: what it has done is done. */
static void on_lost(void *owner, const struct error *err)
{
	(void)owner;
	(void)err;
}

static void on_warning(void *owner, const char *text)
{
	struct lane *l = owner;

	log_warning(l->u->opts.log, "[%s upgrade] %s",
		    l->account ? l->account->state->name : "session", text);
}

static void on_waiting(void *owner, const struct error *why, uint64_t pause_ms)
{
	struct lane *l = owner;

	run_log_waiting(&l->u->opts, why, pause_ms);
}

static void start_session(struct lane *l)
{
	struct upgrade *u = l->u;
	struct conninfo info;
	const struct node_opts opts = {
		.loop = u->opts.loop,
		.info = &info,
		.program = "metamodel upgrade",
		.lock = NODE_LOCK_NONE,
		.lock_wait_ms = u->opts.conf->lock_wait_s * 1000,
		.waiting = on_waiting,
		.ready = on_ready,
		.lost = on_lost,
		.warning = on_warning,
		.owner = l,
	};

	l->sessions++;
	node_conninfo(l->on->farm_node->node, &info);
	l->node = node_start(&opts);
	conninfo_release(&info);
}

static void add_lane(struct upgrade *u, struct upgrade_node *on, bool is_global)
{
	struct lane *l = xcalloc(1, sizeof(*l));

	u->lanes = xrealloc(u->lanes, (u->lane_count + 1) * sizeof(struct lane *));
	u->lanes[u->lane_count++] = l;
	u->lanes_busy++;
	*l = (struct lane){ .u = u, .on = on, .is_global = is_global };
	on->lanes++;
	start_session(l);
}

/* A lane for each node in turn, as long as there are accounts for it. */
static void add_lanes(struct upgrade *u)
{
	unsigned most = run_choose_jobs(&u->opts, u->farm), added;

	do {
		added = 0;
		for (size_t i = 0; i < u->farm->node_count && u->lane_count < most; i++) {
			struct upgrade_node *on = &u->nodes[i];

			if (on->lanes >= on->jobs || on->lanes >= on->waiting)
				continue;
			add_lane(u, on, false);
			added++;
		}
	} while (added);
}

void upgrade_lanes_start(struct upgrade *u, bool is_global)
{
	if (is_global)
		add_lane(u, u->accounts[0].node, true);
	else
		add_lanes(u);
	if (!u->lanes_busy)
		u->all_rest = timer_start(u->opts.loop, 0, on_all_rest, u);
}

void upgrade_lanes_end(struct upgrade *u, const struct upgrade_node *on)
{
	const struct error ended = { .kind = ERROR_SERVER, .text = "it was ended" };

	for (size_t i = 0; i < u->lane_count; i++) {
		struct lane *l = u->lanes[i];

		if (on && l->on != on)
			continue;
		if (l->account)
			end_account(l);
		else if (l->node && !l->is_ready)
			renew(l, &ended); /* it was connecting */
	}
}

void upgrade_lanes_free(struct upgrade *u)
{
	for (size_t i = 0; i < u->lane_count; i++) {
		struct lane *l = u->lanes[i];
		struct node *node = l->node;

		assert(!l->account && !l->deadline);
		l->node = NULL;
		node_free(node);
		free(l);
	}
	free(u->lanes);
	u->lanes = NULL;
	u->lane_count = 0;
}
