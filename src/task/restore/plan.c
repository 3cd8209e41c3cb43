/* SPDX-License-Identifier: PostgreSQL */
/*
 * Restoring a metamodel means dropping the present one. What will be dropped is known for
 * all accounts before anything is changed, and nothing outside them is dropped without
 * --cascade.
 */
#include "task/restore/plan.h"

#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "catalog/accounts.h"
#include "product/product.h"
#include "task/restore/account.h"
#include "task/restore/nodes.h"

enum { MOST_HINT_BYTES = 200 };

/* ---- plan ---- */

/* The names in _accounts, as its node would write them into a dump of _global. */
static void on_encoded(void *owner, const struct strvec *raw_names,
		       const struct error *err)
{
	struct restore_node *node = owner;

	if (err)
		restore_node_fail(node, err);
	for (size_t i = 0; i < raw_names->count; i++)
		strvec_push(&node->restore->registered_raw, raw_names->v[i]);
	restore_nodes_answered(node);
}

static void on_plans(void *owner, struct catalog_plan *plans, size_t count,
		     const struct error *err)
{
	struct restore_node *node = owner;
	struct farm *farm = node->restore->farm;
	const struct farm_account *global = farm_find(farm, PRODUCT_GLOBAL);

	node->plans = plans;
	node->plan_count = count;
	if (err)
		restore_node_fail(node, err);
	if (!err && global && global->node == node->farm_node)
		catalog_encode_names(node->farm_node->session, &farm->registered,
				     on_encoded, node);
	else
		restore_nodes_answered(node);
}

static bool ask(struct restore_node *node)
{
	AUTO_STRVEC struct strvec names = { 0 };

	farm_list(node->restore->farm, node->farm_node, &names);
	catalog_plan_restore(node->farm_node->session, &names, on_plans, node);
	return true;
}

enum step_result restore_plan_enter(void *owner)
{
	static const struct restore_question question = { .ask = ask };

	return restore_nodes_ask(owner, &question);
}

/* ---- assign: each account gets its plan, or fails ---- */

/* Node by node, so that an error of a node is logged once. */
static void fail_unplanned(struct restore *restore)
{
	const struct restore_accounts *accounts = &restore->accounts;

	for (size_t i = 0; i < restore->nodes.count; i++) {
		const struct restore_node *node = &restore->nodes.list[i];

		for (size_t k = 0; !restore_node_is_usable(node) && k < accounts->count;
		     k++)
			if (accounts->list[k].node == node)
				restore_account_fail(&accounts->list[k], "plan",
						     &node->farm_node->error);
	}
	for (size_t i = 0; i < accounts->count; i++) {
		struct restore_account *account = &accounts->list[i];
		struct error err;

		if (account->node)
			continue;
		if (account->place->is_unknown)
			error_set(&err, ERROR_SERVER, "%s", account->place->problem);
		else /* a restore cannot create accounts of a farm */
			error_set(&err, ERROR_DATA, "Account %s does not exist.",
				  account->place->name);
		restore_account_fail(account, "plan", &err);
	}
}

enum step_result restore_plan_assign_enter(void *owner)
{
	struct restore *restore = owner;

	restore_accounts_make(restore);
	for (size_t i = 0; i < restore->nodes.count; i++) {
		const struct restore_node *node = &restore->nodes.list[i];

		for (size_t k = 0; restore_node_is_usable(node) && k < node->plan_count;
		     k++)
			restore_account_require(restore, node->plans[k].name)->plan =
				&node->plans[k];
	}
	fail_unplanned(restore);
	run_log_misplaced(&restore->opts, restore->farm);
	restore_nodes_choose_jobs(restore);
	return STEP_NEXT;
}

/* ---- outsiders ---- */

/* Accounts in the save that own something that prevents restoring this one, as shell
 * words. */
static void list_neighbours(const struct restore_account *account, struct strbuf *out)
{
	const struct savedir *save = &account->restore->source.save;
	const char *hex = account->plan->tied_others_hex;

	while (*hex && out->length < MOST_HINT_BYTES) {
		size_t length = strcspn(hex, ",");
		AUTO_FREE char *digits = xstrndup(hex, length);
		AUTO_FREE char *name = catalog_decode_hex(digits);
		struct error ignored;
		AUTO_CLOSE int fd = -1;

		hex += length + (hex[length] == ',');
		if (!savedir_open_dump(save, name, &fd, &ignored))
			continue;
		strbuf_add_char(out, ' ');
		strbuf_add_shell_word(out, name);
	}
}

static void fail_for_outsiders(struct restore_account *account)
{
	AUTO_STRBUF struct strbuf own = { 0 };
	AUTO_STRBUF struct strbuf neighbours = { 0 };
	struct error err;

	error_set(&err, ERROR_DATA, "objects outside the metamodel depend on it:\n%s",
		  account->plan->outsiders);
	list_neighbours(account, &neighbours);
	strbuf_add_shell_word(&own, account->plan->name);
	if (neighbours.length)
		error_hint(&err,
			   "restore the accounts they belong to together with it "
			   "(metamodel restore %s%s), which also restores those as they "
			   "were saved; only --cascade destroys what no save holds",
			   own.buf, neighbours.buf);
	else
		error_hint(
			&err,
			"no save holds them: drop them, or destroy them with --cascade");
	restore_account_fail(account, "plan", &err);
}

void restore_plan_check_outsiders(struct restore *restore)
{
	if (restore->opts.conf->cascade)
		return;
	for (size_t i = 0; i < restore->accounts.count; i++) {
		struct restore_account *account = &restore->accounts.list[i];

		if (!account->error && account->plan->outsiders)
			fail_for_outsiders(account);
	}
}
