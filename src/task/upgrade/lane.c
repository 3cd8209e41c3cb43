/* SPDX-License-Identifier: PostgreSQL */
/*
 * A session per account would cost more than the upgrade of the account. So sessions are
 * kept as long as they are good. This file decides what happens to a session;
 * transaction.c decides what happens to an account.
 */
#include "task/upgrade/lane.h"

#include <assert.h>
#include <stdlib.h>

#include "base/str.h"
#include "task/upgrade/transaction.h"

/*
 * SESSION_ACCOUNTS: the server process remembers each relation that it has seen, 35 kB
 * per account, and becomes slower: after 6,000 accounts the next takes 14 ms instead of
 * 7.
 */
enum { SESSIONS = 3, SESSION_ACCOUNTS = 500 };

enum lane_state {
	LANE_CONNECTING,
	LANE_RESETTING, /* the session is being reset after its last account */
	LANE_REPLACING, /* another session is connecting; this one is kept until then */
	LANE_REPLACING_LOST, /* the same, but this one has been lost meanwhile */
	LANE_WORKING,        /* on the account of `transaction` */
	LANE_RESTING,        /* it has nothing more to do */
};

struct lane {
	struct upgrade_lanes *lanes;
	struct queue_node *on;
	enum lane_state state;
	struct session *session; /* NULL: none any more */
	struct session *next;    /* LANE_REPLACING: the one that is connecting */
	unsigned sessions;       /* attempts to get a session on this node */
	unsigned accounts;       /* begun in this session */
	bool is_global;          /* only for _global */
	struct transaction transaction;
};

static const struct run_opts *opts_of(const struct lane *lane)
{
	return lane->lanes->queue->accounts->opts;
}

static void start_session(struct lane *lane);
static void start_next_session(struct lane *lane);

static void end_session(struct lane *lane)
{
	struct session *session = lane->session, *next = lane->next;

	lane->session = lane->next = NULL;
	session_free(session);
	session_free(next);
}

static void free_lanes(struct upgrade_lanes *lanes)
{
	for (size_t i = 0; i < lanes->count; i++) {
		struct lane *lane = lanes->list[i];

		assert(lane->state == LANE_RESTING);
		end_session(lane);
		free(lane);
	}
	free(lanes->list);
	lanes->list = NULL;
	lanes->count = 0;
}

static void on_all_rest(void *owner)
{
	struct upgrade_lanes *lanes = owner;

	lanes->all_rest = NULL;
	free_lanes(lanes);
	lanes->done(lanes->owner);
}

/* Through the loop, since the caller may be using a session that this frees. */
static void check_rest(struct upgrade_lanes *lanes)
{
	if (!lanes->busy)
		lanes->all_rest = timer_start(lanes->queue->accounts->opts->loop, 0,
					      on_all_rest, lanes);
}

/* The lane has nothing more to do. */
static void rest(struct lane *lane)
{
	lane->state = LANE_RESTING;
	upgrade_queue_leave(lane->on);
	lane->lanes->busy--;
	check_rest(lane->lanes);
}

/* The session cannot be used any more: connect again, or rest. */
static void renew(struct lane *lane, const struct error *why)
{
	end_session(lane);
	upgrade_queue_note_error(lane->on, why);
	if (!upgrade_queue_is_open(lane->lanes->queue, lane->on) ||
	    lane->sessions >= SESSIONS)
		rest(lane);
	else
		start_session(lane);
}

/* ---- taking accounts ---- */

/* Move to a node that has accounts waiting and room for one more session. */
static bool move_on(struct lane *lane)
{
	struct queue_node *on =
		lane->is_global ? NULL
				: upgrade_queue_find_node(lane->lanes->queue, lane->on);

	if (!on)
		return false;
	end_session(lane);
	upgrade_queue_leave(lane->on);
	lane->on = on;
	upgrade_queue_enter(on);
	lane->sessions = 0;
	start_session(lane);
	return true;
}

static void take_next(struct lane *lane)
{
	struct upgrade_account *account =
		upgrade_queue_take(lane->lanes->queue, lane->on, lane->is_global);

	if (account) {
		lane->state = LANE_WORKING;
		lane->accounts++;
		transaction_begin(&lane->transaction, lane->session, account);
	} else if (!move_on(lane)) {
		rest(lane);
	}
}

/* Take the next account in this session, or in a new or reset one if necessary. */
static void go_on(struct lane *lane)
{
	/* may leave something in the session */
	bool is_foreign = opts_of(lane)->conf->migrations;

	if (lane->accounts >= SESSION_ACCOUNTS &&
	    upgrade_queue_find(lane->lanes->queue, lane->on, lane->is_global)) {
		start_next_session(lane);
	} else if (is_foreign) {
		lane->state = LANE_RESETTING;
		session_reset(lane->session); /* on_ready() is next */
	} else {
		take_next(lane);
	}
}

static void on_transaction_over(void *owner, struct upgrade_account *account,
				const struct error *lost)
{
	struct lane *lane = owner;

	if (account->progress == ACCOUNT_WAITING)
		upgrade_queue_put_back(lane->lanes->queue, account);
	if (lost)
		renew(lane, lost);
	else
		go_on(lane);
}

/* ---- sessions ---- */

/* The next session is ready. If it could not be had, the old one is kept. */
static void on_next_ready(struct lane *lane, const struct error *err)
{
	bool is_lost = lane->state == LANE_REPLACING_LOST;
	struct session *next = lane->next;

	lane->next = NULL;
	lane->accounts = 0;
	if (!err) {
		end_session(lane);
		lane->session = next;
		take_next(lane);
		return;
	}
	session_free(next);
	log_debug(opts_of(lane)->log,
		  "keeping the old session, since a new one is not available: %s",
		  err->text);
	if (is_lost)
		renew(lane, err);
	else
		go_on(lane);
}

static void on_ready(void *owner, const struct error *err)
{
	struct lane *lane = owner;

	if (lane->next) {
		on_next_ready(lane, err);
		return;
	}
	if (err && upgrade_queue_is_open(lane->lanes->queue, lane->on))
		log_warning(opts_of(lane)->log, "no session for the upgrade: %s",
			    err->text);
	if (err)
		renew(lane, err);
	else
		take_next(lane);
}

/* The lane was resting, and its work is done, or the session was to be replaced
 * anyway. */
static void on_lost(void *owner, const struct error *err)
{
	struct lane *lane = owner;

	(void)err;
	if (lane->state == LANE_REPLACING)
		lane->state = LANE_REPLACING_LOST;
}

static void on_warning(void *owner, const char *text)
{
	const struct lane *lane = owner;
	const struct transaction *transaction = &lane->transaction;
	bool has_account = transaction->state == TRANSACTION_RUNNING ||
			   transaction->state == TRANSACTION_COMMITTING;

	log_warning(opts_of(lane)->log, "[%s upgrade] %s",
		    has_account ? transaction->account->state->name : "session", text);
}

static void on_waiting(void *owner, const struct error *why, uint64_t pause_ms)
{
	const struct lane *lane = owner;

	run_log_waiting(opts_of(lane), why, pause_ms);
}

static struct session *connect_lane(struct lane *lane, bool is_impatient)
{
	const struct run_opts *run = opts_of(lane);
	struct conninfo info;
	const struct session_opts opts = {
		.loop = run->loop,
		.info = &info,
		.program = "metamodel upgrade",
		.lock = SESSION_LOCK_NONE,
		.lock_wait_ms = conf_lock_wait_ms(run->conf),
		.is_impatient = is_impatient,
		.waiting = on_waiting,
		.ready = on_ready,
		.lost = on_lost,
		.warning = on_warning,
		.owner = lane,
	};
	struct session *session;

	session_conninfo(lane->on->place->session, &info);
	session = session_start(&opts);
	conninfo_release(&info);
	return session;
}

static void start_session(struct lane *lane)
{
	lane->state = LANE_CONNECTING;
	lane->sessions++;
	lane->accounts = 0;
	lane->session = connect_lane(lane, false);
}

static void start_next_session(struct lane *lane)
{
	lane->state = LANE_REPLACING;
	lane->next = connect_lane(lane, true);
}

/* ---- all lanes ---- */

static void add_lane(struct upgrade_lanes *lanes, struct queue_node *on, bool is_global)
{
	struct lane *lane = xcalloc(1, sizeof(*lane));

	lanes->list = xgrow(lanes->list, lanes->count, sizeof(struct lane *));
	lanes->list[lanes->count++] = lane;
	lanes->busy++;
	*lane = (struct lane){
		.lanes = lanes,
		.on = on,
		.is_global = is_global,
		.transaction = { .machine = lanes->queue->machine,
				 .over = on_transaction_over,
				 .owner = lane },
	};
	upgrade_queue_enter(on);
	start_session(lane);
}

void upgrade_lanes_start_global(struct upgrade_lanes *lanes)
{
	struct upgrade_queue *queue = lanes->queue;
	const struct farm_node *node = queue->accounts->list[0].place->node;

	add_lane(lanes, &queue->nodes[node->index], true);
}

/* Add a lane for each node in turn, as long as there are accounts for it. */
void upgrade_lanes_start(struct upgrade_lanes *lanes)
{
	struct upgrade_queue *queue = lanes->queue;
	const struct farm *farm = queue->accounts->farm;
	unsigned most, added;

	upgrade_queue_measure(queue);
	most = run_choose_jobs(queue->accounts->opts, farm);
	do {
		added = 0;
		for (size_t i = 0; i < farm->node_count && lanes->count < most; i++) {
			if (!upgrade_queue_has_room(&queue->nodes[i]))
				continue;
			add_lane(lanes, &queue->nodes[i], false);
			added++;
		}
	} while (added);
	check_rest(lanes);
}

void upgrade_lanes_stop(struct upgrade_lanes *lanes, const struct farm_node *on)
{
	const struct error ended = { .kind = ERROR_SERVER, .text = "cancelled" };

	for (size_t i = 0; i < lanes->count; i++) {
		struct lane *lane = lanes->list[i];

		if (on && lane->on->place != on)
			continue;
		switch (lane->state) {
		case LANE_WORKING:
			transaction_stop(&lane->transaction);
			break;
		case LANE_CONNECTING:
		case LANE_RESETTING:
		case LANE_REPLACING:
		case LANE_REPLACING_LOST:
			renew(lane, &ended);
			break;
		case LANE_RESTING:
			break;
		}
	}
}

void upgrade_lanes_init(struct upgrade_lanes *lanes, struct upgrade_queue *queue,
			void (*done)(void *owner), void *owner)
{
	*lanes = (struct upgrade_lanes){ .queue = queue, .done = done, .owner = owner };
}

void upgrade_lanes_release(struct upgrade_lanes *lanes)
{
	free_lanes(lanes);
	*lanes = (struct upgrade_lanes){ 0 };
}
