/* SPDX-License-Identifier: PostgreSQL */
/*
 * The accounts' commits do not wait for the disk, which saves time for each of them. The
 * server writes its log in order, so one commit that does wait makes all earlier ones
 * durable, too. No account is called upgraded before that.
 */
#include "task/upgrade/flush.h"

#include <stdlib.h>

#include "base/str.h"
#include "catalog/restore.h"

struct flush_node {
	struct upgrade_flush *flush;
	struct farm_node *place;
	bool is_needed;
};

/* Everything committed on the node is on its disk, or nobody knows. */
static void on_flushed(void *owner, const struct pg_result *result,
		       const struct error *err)
{
	const struct flush_node *node = owner;
	struct upgrade_accounts *accounts = node->flush->accounts;

	(void)result;
	if (err && node->place->error.kind == ERROR_NONE)
		node->place->error = *err;
	for (size_t i = 0; i < accounts->count; i++) {
		struct upgrade_account *account = &accounts->list[i];

		if (account->place->node != node->place)
			continue;
		if (err && account->is_partly_done)
			upgrade_account_doubt(account);
		else if (!err && account->progress == ACCOUNT_COMMITTED)
			upgrade_account_set_progress(account, ACCOUNT_UPGRADED);
	}
	upgrade_round_answered(&node->flush->round);
}

static void ask(void *asker, struct farm_node *place)
{
	struct upgrade_flush *flush = asker;
	struct flush_node *node = &flush->nodes[place->index];

	node->flush = flush;
	node->place = place;
	if (node->is_needed)
		pgconn_query(session_conn(place->session), catalog_flush_sql, NULL, 0,
			     on_flushed, node);
	else
		upgrade_round_answered(&flush->round);
}

bool upgrade_flush_start(struct upgrade_flush *flush, struct upgrade_accounts *accounts,
			 void (*done)(void *owner), void *owner)
{
	*flush = (struct upgrade_flush){
		.accounts = accounts,
		.round = { .ask = ask, .asker = flush, .done = done, .owner = owner },
		.nodes = xcalloc(accounts->farm->node_count + 1, sizeof(*flush->nodes)),
	};
	for (size_t i = 0; i < accounts->count; i++) {
		const struct upgrade_account *account = &accounts->list[i];

		if (account->progress == ACCOUNT_COMMITTED || account->is_partly_done)
			flush->nodes[account->place->node->index].is_needed = true;
	}
	return upgrade_round_start(&flush->round, accounts->farm);
}

void upgrade_flush_release(struct upgrade_flush *flush)
{
	free(flush->nodes);
	*flush = (struct upgrade_flush){ 0 };
}

static void fail_committed(struct upgrade_account *account)
{
	struct error err = account->place->node->error;

	error_prefix(&err, "it was upgraded, but it is not known whether that is on the "
			   "server's disk");
	upgrade_account_doubt(account);
	upgrade_account_fail(account, "flush", &err);
}

/* The run ended between two transactions of an account. */
static void fail_partly_done(struct upgrade_account *account)
{
	struct error err;

	error_set(&err, ERROR_DATA, "it is at %s; the steps after that were not started",
		  account->state->version);
	error_hint(&err, "upgrade again: finished steps are not repeated");
	upgrade_account_fail(account, "upgrade", &err);
}

void upgrade_flush_fail_rest(struct upgrade_accounts *accounts)
{
	for (size_t i = 0; i < accounts->count; i++) {
		struct upgrade_account *account = &accounts->list[i];

		if (account->progress == ACCOUNT_COMMITTED)
			fail_committed(account);
		else if (account->progress == ACCOUNT_WAITING && account->is_partly_done)
			fail_partly_done(account);
	}
}
