/* SPDX-License-Identifier: PostgreSQL */
/* To drop a schema is to lock all tables that its foreign keys refer to. Done within the
 * restore, whoever reads those would wait for all of it; and two would wait for each
 * other. */
#include "task/restore/clean.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "catalog/asides.h"
#include "catalog/grants.h"
#include "task/restore/account.h"
#include "task/restore/nodes.h"

/* A reader may wait for the locks of one attempt; deadlock_timeout is longer. */
enum { MOST_ATTEMPTS = 60, LOCK_WAIT_MS = 50, PAUSE_MS = 200 };

struct restore_aside {
	uint64_t oid;
	char *tenant; /* NULL: it is not there */
	char *former;
};

static void drop_next(struct restore_node *node);

static void add_way_back(const struct restore_aside *aside, struct strbuf *out)
{
	AUTO_STRBUF struct strbuf name = { 0 };

	strbuf_add_identifier(&name, aside->tenant, strlen(aside->tenant));
	strbuf_add_format(out,
			  "to go back to it: ALTER SCHEMA %s RENAME TO "
			  "metamodel_restored; ALTER SCHEMA " CATALOG_ASIDE
			  "%llu RENAME TO %s",
			  name.buf, (unsigned long long)aside->oid, name.buf);
}

static void tell_kept(const struct restore_node *node, const struct restore_aside *aside,
		      const char *why)
{
	AUTO_STRBUF struct strbuf back = { 0 };

	add_way_back(aside, &back);
	log_warning(node->restore->opts.log,
		    "tenant %s: what was there before is kept as schema " CATALOG_ASIDE
		    "%llu: %.*s; the next restore drops it; %s",
		    aside->tenant, (unsigned long long)aside->oid,
		    (int)strcspn(why, "\n"), why, back.buf);
}

static void tell_orphan(const struct restore_node *node,
			const struct restore_aside *aside)
{
	log_warning(node->restore->opts.log,
		    "schema " CATALOG_ASIDE
		    "%llu is what tenant %s was before a restore, "
		    "and there is no such schema now: it is left alone. To have it back: "
		    "ALTER SCHEMA " CATALOG_ASIDE "%llu RENAME TO %s",
		    (unsigned long long)aside->oid, aside->former,
		    (unsigned long long)aside->oid, aside->former);
}

/* What may go with it, as was announced. */
static const char *outsiders_of(const struct restore_node *node, const char *tenant)
{
	const struct restore *restore = node->restore;
	const struct restore_account *account;

	if (!restore->opts.conf->cascade || !farm_find(restore->farm, tenant))
		return "";
	account = restore_account_require(restore, tenant);
	return account->progress == RESTORE_RESTORED ? account->plan->outsider_ids : "";
}

static void on_pause_over(void *owner)
{
	drop_next(owner);
}

static bool is_locked(const struct restore_node *node)
{
	const struct pg_failure *failure =
		pgconn_failure(session_conn(node->farm_node->session));

	return !strcmp(failure->sqlstate, CATALOG_LOCKED) ||
	       !strcmp(failure->sqlstate, "40P01"); /* deadlock_detected */
}

static void on_dropped(void *owner, const struct error *err)
{
	struct restore_node *node = owner;
	bool is_cancelled = node->restore->machine.is_cancelled;

	if (err && !is_cancelled && restore_node_is_usable(node) && is_locked(node) &&
	    ++node->drop_attempts < MOST_ATTEMPTS) {
		timer_start(node->restore->opts.loop, PAUSE_MS, on_pause_over, node);
		return;
	}
	if (err)
		tell_kept(node, &node->asides[node->aside_next], err->text);
	node->drop_attempts = 0;
	node->aside_next++;
	drop_next(node);
}

static void drop_next(struct restore_node *node)
{
	const struct restore *restore = node->restore;

	for (; node->aside_next < node->aside_count; node->aside_next++) {
		const struct restore_aside *aside = &node->asides[node->aside_next];

		if (!aside->tenant) {
			tell_orphan(node, aside);
		} else if (restore->machine.is_cancelled) {
			tell_kept(node, aside, "stopped");
		} else if (!restore_node_is_usable(node)) {
			tell_kept(node, aside, node->farm_node->error.text);
		} else {
			catalog_drop_aside(node->farm_node->session, aside->oid,
					   outsiders_of(node, aside->tenant),
					   LOCK_WAIT_MS, on_dropped, node);
			return;
		}
	}
	restore_nodes_answered(node);
}

static void on_aside(void *owner, const struct catalog_aside *aside)
{
	struct restore_node *node = owner;

	node->asides = xgrow(node->asides, node->aside_count, sizeof(node->asides[0]));
	node->asides[node->aside_count++] = (struct restore_aside){
		.oid = aside->oid,
		.tenant = aside->tenant ? xstrdup(aside->tenant) : NULL,
		.former = xstrdup(aside->former),
	};
}

static void on_listed(void *owner, const struct error *err)
{
	struct restore_node *node = owner;

	if (err)
		log_warning(node->restore->opts.log,
			    "which schemas are aside is not known: %s; the next restore "
			    "drops them",
			    err->text);
	drop_next(node);
}

static bool ask(struct restore_node *node)
{
	catalog_list_asides(node->farm_node->session, on_aside, on_listed, node);
	return true;
}

enum step_result restore_clean_enter(void *owner)
{
	static const struct restore_question question = { .ask = ask };
	struct restore *restore = owner;

	if (!restore->source.is_whole || restore->opts.conf->rehearse)
		return STEP_NEXT;
	restore->has_cleaned = true;
	return restore_nodes_ask(restore, &question);
}

void restore_clean_tell(const struct restore *restore)
{
	struct restore_counts counts;

	restore_accounts_count(restore, &counts);
	if (restore->source.is_whole && !restore->has_cleaned && counts.touched &&
	    !restore->opts.conf->rehearse)
		log_warning(restore->opts.log,
			    "what tenants were before is still there, as schemas that "
			    "are named " CATALOG_ASIDE "NUMBER: the next restore drops "
			    "them; to go back, rename them to what their comments say");
}

void restore_clean_release(struct restore *restore)
{
	for (size_t i = 0; i < restore->nodes.count; i++) {
		struct restore_node *node = &restore->nodes.list[i];

		for (size_t k = 0; k < node->aside_count; k++) {
			free(node->asides[k].tenant);
			free(node->asides[k].former);
		}
		free(node->asides);
	}
}
