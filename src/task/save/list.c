/* SPDX-License-Identifier: PostgreSQL */
/*
 * A problem with an account should be reported before an hour of dumping, not after it.
 * And no later step has to ask whether an account exists, or where.
 */
#include "task/save/list.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "catalog/extensions.h"
#include "task/save/account.h"
#include "task/save/nodes.h"
#include "task/save/previous.h"
#include "product/product.h"

/* ---- the accounts ---- */

static bool check_place(const struct save_account *account, struct error *err)
{
	const struct farm_account *place = account->place;
	const struct catalog_account *listed = account->listed;

	if (!place->node && place->is_registered)
		return error_set(err, ERROR_DATA, "%s", place->problem);
	if (place->is_registered)
		return true;
	if (listed && !account->save->opts.conf->accounts.count) {
		error_set(err, ERROR_DATA,
			  "the account is no longer registered, but still has its %s",
			  listed->has_schema ? "schema" : "place");
		return error_hint(err, account->save->opts.conf->product.is_model
					       ? "register it again, or drop the schema"
					       : "register it again in " PRODUCT_ACCOUNTS
						 ", or drop the schema");
	}
	if (listed && listed->looks_like_account)
		return true;
	return error_set(err, ERROR_DATA, "Account %s does not exist.", place->name);
}

/*
 * A product may list a tenant before it has created the schema. But a tenant that was
 * asked for, or that has a dump, must not be skipped.
 */
static bool is_missing(const struct save_account *account)
{
	const struct save *save = account->save;
	const struct strvec *former = &save->nodes.former;

	if (!save->opts.conf->product.is_model || save->opts.conf->accounts.count ||
	    !account->listed || account->listed->has_schema)
		return false;
	for (size_t i = 0; i < former->count; i++)
		if (!strcmp(former->v[i], account->place->name))
			return false;
	return true;
}

static void check_account(struct save_account *account)
{
	const char *name = account->place->name;
	struct error err;
	bool is_ok;

	if (is_missing(account)) {
		log_warning(account->save->opts.log,
			    "tenant %s is listed, but has no schema yet", name);
		save_account_set_missing(account);
		return;
	}
	is_ok = str_is_utf8(name, strlen(name)) ||
		error_set(&err, ERROR_DATA, "its name is not valid UTF-8");

	is_ok = is_ok && check_place(account, &err) &&
		catalog_can_dump(account->listed,
				 account->save->opts.conf->product.is_whole, &err);
	if (!is_ok)
		save_account_fail(account, "list", &err);
	else if (!account->place->is_registered)
		log_warning(account->save->opts.log,
			    "account %s is not registered in " PRODUCT_ACCOUNTS, name);
}

static void log_plan(const struct save_account *account)
{
	const struct save *save = account->save;
	AUTO_FREE char *file = layout_file_name(account->place->name);

	log_info(save->opts.log, "Would dump %s %s to %s/%s",
		 save->opts.conf->product.noun, account->place->name,
		 save->opts.conf->directory, file);
}

/*
 * Through a pooler, what pg_dump sets before its transaction may be set in another
 * session. So only one pg_dump runs at a time, and none can take another one's settings;
 * a dump that was made without the search_path is found not to be sound.
 */
static void note_pooler(struct save_node *node)
{
	struct save_listing *listing = &node->listing;

	listing->is_pooled = session_facts(node->farm_node->session)->is_pooled;
	if (!listing->is_pooled)
		return;
	listing->jobs = 1;
	log_warning(node->save->opts.log,
		    "database %s is reached through a connection pooler in transaction "
		    "mode, where settings of pg_dump may be lost: running one pg_dump at "
		    "a time; save through a pool in session mode (pool_mode = session), "
		    "or from the server directly",
		    node->farm_node->name);
}

/* Fail the accounts of one node after the other, so that a node's reason is logged
 * once. */
static void fail_accounts_of(const struct save_node *node)
{
	struct save *save = node->save;

	for (size_t i = 0; i < save->accounts.count; i++)
		if (save->accounts.list[i].node == node)
			save_account_fail(&save->accounts.list[i], node->failed_step,
					  &node->farm_node->error);
}

static void check_nodes(struct save *save)
{
	for (size_t i = 0; i < save->nodes.farm->node_count; i++) {
		struct save_node *node = &save->nodes.list[i];

		if (save_node_is_usable(node)) {
			node->listing.jobs = run_choose_node_jobs(
				&save->opts, node->farm_node->session);
			note_pooler(node);
		}
		if (node->failed_step)
			fail_accounts_of(node);
	}
}

static enum step_result end_list(struct save *save)
{
	struct save_accounts *accounts = &save->accounts;

	if (save_nodes_settle(save, "list") == STEP_FAIL)
		return STEP_FAIL;
	save_accounts_make(save);
	run_log_misplaced(&save->opts, save->nodes.farm);
	check_nodes(save);
	for (size_t i = 0; i < accounts->count; i++)
		if (accounts->list[i].state == ACCOUNT_PENDING)
			check_account(&accounts->list[i]);
	for (size_t i = 0; save->opts.conf->dry_run && i < accounts->count; i++)
		if (accounts->list[i].state == ACCOUNT_PENDING)
			log_plan(&accounts->list[i]);
	return STEP_NEXT;
}

/* ---- the nodes ---- */

static void node_answered(struct save_node *node, const struct error *err)
{
	struct save *save = node->save;

	if (err)
		save_node_fail(node, err);
	if (--save->list_pending == 0)
		machine_move(&save->machine, end_list(save));
}

static void on_capacity(void *owner, const struct capacity *capacity,
			const struct error *err)
{
	struct save_node *node = owner;

	if (capacity)
		node->listing.capacity = *capacity;
	node_answered(node, err);
}

static void ask_capacity(struct save_node *node)
{
	if (node->listing.count > 1 && node->save->opts.conf->batch != 1)
		capacity_ask(session_conn(node->farm_node->session), on_capacity, node);
	else
		node_answered(node, NULL);
}

static void on_extension(void *owner, const struct catalog_extension *found)
{
	struct save_node *node = owner;
	struct save_listing *listing = &node->listing;

	if (!found->version) {
		log_warning(
			node->save->opts.log,
			"%s %s: the column %s may refer to large objects, which belong "
			"to no schema: they are not in the dump",
			node->save->opts.conf->product.noun, found->schema, found->name);
		return;
	}
	listing->extensions = xgrow(listing->extensions, listing->extension_count,
				    sizeof(listing->extensions[0]));
	listing->extensions[listing->extension_count++] = (struct save_extension){
		.schema = xstrdup(found->schema),
		.name = xstrdup(found->name),
		.version = xstrdup(found->version),
		.place = xstrdup(found->place),
	};
}

static int compare_extensions(const void *a, const void *b)
{
	return strcmp(((const struct save_extension *)a)->schema,
		      ((const struct save_extension *)b)->schema);
}

static void on_extensions_listed(void *owner, const struct error *err)
{
	struct save_listing *listing = &((struct save_node *)owner)->listing;

	if (listing->extension_count)
		qsort(listing->extensions, listing->extension_count,
		      sizeof(listing->extensions[0]), compare_extensions);
	if (err)
		node_answered(owner, err);
	else
		ask_capacity(owner);
}

static void ask_extensions(struct save_node *node)
{
	AUTO_STRVEC struct strvec names = { 0 };

	farm_list(node->save->nodes.farm, node->farm_node, &names);
	catalog_list_extensions(node->farm_node->session, &names, on_extension,
				on_extensions_listed, node);
}

static void on_listed(void *owner, struct catalog_account *accounts, size_t count,
		      const struct error *err)
{
	struct save_node *node = owner;

	node->listing.accounts = accounts;
	node->listing.count = count;
	if (err)
		node_answered(node, err);
	else if (node->save->opts.conf->product.is_whole)
		ask_extensions(node);
	else
		ask_capacity(node);
}

static void ask_node(struct save_node *node)
{
	const struct session_facts *facts = session_facts(node->farm_node->session);
	struct save *save = node->save;
	AUTO_STRVEC struct strvec names = { 0 };

	log_debug(save->opts.log, "snapshot %s of database %s, server %s, %s",
		  facts->snapshot ? facts->snapshot : "none", facts->dbname,
		  facts->server_version, node->tool->version_text);
	farm_list(save->nodes.farm, node->farm_node, &names);
	save->list_pending++;
	catalog_list_accounts(node->farm_node->session, &names,
			      save->opts.conf->product.is_whole, on_listed, node);
}

enum step_result save_list_enter(void *owner)
{
	struct save *save = owner;
	const struct farm *farm = save->nodes.farm;

	if (!save_previous_compare(save, &save->error))
		return STEP_FAIL;
	if (!farm->has_accounts_table && !run_set_no_accounts(farm, &save->error))
		return STEP_FAIL;
	save->list_pending = 1; /* this call itself */
	for (size_t i = 0; i < farm->node_count; i++)
		if (save_node_is_usable(&save->nodes.list[i]))
			ask_node(&save->nodes.list[i]);
	return --save->list_pending ? STEP_WAIT : end_list(save);
}
