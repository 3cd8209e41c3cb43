/* SPDX-License-Identifier: PostgreSQL */
#include "task/upgrade/lane.h"

#include <assert.h>
#include <stdlib.h>

#include "base/str.h"

/*
 * SESSION_ACCOUNTS: the server's process remembers each relation that it has seen, 35 kB
 * for an account, and becomes slower: 14 ms for an account after 6,000 instead of 7.
 */
enum { SESSIONS = 3, SESSION_ACCOUNTS = 500 };

static void start_session(struct lane *l);
static void start_next_session(struct lane *l);

static void end_session(struct lane *l)
{
	struct session *session = l->session, *next = l->next;

	l->session = l->next = NULL;
	l->is_ready = false;
	session_free(session);
	session_free(next);
}

static void on_all_rest(void *owner)
{
	struct upgrade *u = owner;

	u->all_rest = NULL;
	upgrade_lanes_free(u);
	machine_move(&u->machine, STEP_NEXT);
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
	return !on->upgrade->is_closed && !on->upgrade->machine.is_cancelled &&
	       on->farm_node->error.kind == ERROR_NONE;
}

void lane_renew(struct lane *l, const struct error *why)
{
	end_session(l);
	l->on->lane_error = *why;
	if (!is_open(l->on) || l->sessions >= SESSIONS)
		rest(l);
	else
		start_session(l);
}

/* ---- taking accounts ---- */

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

		if (on == l->on || on->lanes >= on->jobs || !find_next(on, false))
			continue;
		end_session(l);
		l->on->lanes--;
		l->on = on;
		on->lanes++;
		l->sessions = 0;
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
		l->accounts++;
		lane_begin(l, a);
	} else if (!move_on(l)) {
		rest(l);
	}
}

void lane_go_on(struct lane *l)
{
	bool is_foreign = l->u->opts.conf->migrations; /* may leave something behind */

	if (l->accounts >= SESSION_ACCOUNTS && find_next(l->on, l->is_global)) {
		start_next_session(l);
	} else if (is_foreign) {
		l->is_ready = false;
		session_reset(l->session); /* on_ready() is next */
	} else {
		take_next(l);
	}
}

/* ---- sessions ---- */

/* The session to come is there, or it is not to be had: then the old one goes on. */
static void on_next_ready(struct lane *l, const struct error *err)
{
	struct session *next = l->next;

	l->next = NULL;
	l->accounts = 0;
	if (!err) {
		end_session(l);
		l->session = next;
		l->is_ready = true;
		l->is_lost = false;
		take_next(l);
		return;
	}
	l->is_ready = true;
	session_free(next);
	log_debug(l->u->opts.log, "a session goes on, since no other is to be had: %s",
		  err->text);
	if (l->is_lost)
		lane_renew(l, err);
	else
		lane_go_on(l);
}

static void on_ready(void *owner, const struct error *err)
{
	struct lane *l = owner;
	struct upgrade *u = l->u;

	if (l->next) {
		on_next_ready(l, err);
		return;
	}
	if (err && is_open(l->on))
		log_warning(u->opts.log, "a session to upgrade in cannot be had: %s",
			    err->text);
	l->is_ready = !err;
	if (err)
		lane_renew(l, err);
	else
		take_next(l);
}

/* It was resting: what it has done is done. */
static void on_lost(void *owner, const struct error *err)
{
	struct lane *l = owner;

	(void)err;
	l->is_lost = true;
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

static struct session *start_node(struct lane *l, bool is_impatient)
{
	struct upgrade *u = l->u;
	struct conninfo info;
	const struct session_opts opts = {
		.loop = u->opts.loop,
		.info = &info,
		.program = "metamodel upgrade",
		.lock = SESSION_LOCK_NONE,
		.lock_wait_ms = u->opts.conf->lock_wait_s * 1000,
		.is_impatient = is_impatient,
		.waiting = on_waiting,
		.ready = on_ready,
		.lost = on_lost,
		.warning = on_warning,
		.owner = l,
	};
	struct session *session;

	session_conninfo(l->on->farm_node->session, &info);
	session = session_start(&opts);
	conninfo_release(&info);
	return session;
}

static void start_session(struct lane *l)
{
	l->sessions++;
	l->accounts = 0;
	l->is_lost = false;
	l->session = start_node(l, false);
}

/* Until it is ready, the lane has the old one, and keeps that if it cannot be had. */
static void start_next_session(struct lane *l)
{
	l->is_ready = false;
	l->next = start_node(l, true);
}

static void add_lane(struct upgrade *u, struct upgrade_node *on, bool is_global)
{
	struct lane *l = xcalloc(1, sizeof(*l));

	u->lanes = xgrow(u->lanes, u->lane_count, sizeof(struct lane *));
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
	const struct error ended = { .kind = ERROR_SERVER, .text = "cancelled" };

	for (size_t i = 0; i < u->lane_count; i++) {
		struct lane *l = u->lanes[i];

		if (on && l->on != on)
			continue;
		if (l->account)
			lane_end_account(l);
		else if (l->session && !l->is_ready)
			lane_renew(l, &ended); /* it was connecting */
	}
}

void upgrade_lanes_free(struct upgrade *u)
{
	for (size_t i = 0; i < u->lane_count; i++) {
		struct lane *l = u->lanes[i];

		assert(!l->account && !l->deadline);
		end_session(l);
		free(l);
	}
	free(u->lanes);
	u->lanes = NULL;
	u->lane_count = 0;
}
