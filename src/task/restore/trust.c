/* SPDX-License-Identifier: PostgreSQL */
/*
 * A load runs code that the owners of an account have defined, such as functions in an
 * index or a CHECK. A superuser would run it with more rights than they have, so that
 * needs --as-superuser.
 */
#include "task/restore/trust.h"

#include "base/auto.h"
#include "task/restore/account.h"
#include "task/restore/nodes.h"
#include "task/trust.h"

/* Some dumps use SET SESSION AUTHORIZATION instead of ALTER ... OWNER TO. */
static const struct strvec *owners_of(const struct restore_account *account)
{
	const struct dumpfile_facts *facts = &account->dump.facts;

	return facts->owners.count ? &facts->owners : &facts->sessions;
}

/* In a scratch database a partial result proves nothing: load all accounts or none. */
static void refuse_trial(struct restore_account *account, const struct error *why)
{
	struct error *err = &account->restore->error;

	if (err->kind != ERROR_NONE)
		return;
	*err = *why;
	error_prefix(err, "account %s", account->place->name);
	error_hint(err, "load as a role that is not a superuser, has CREATEDB and is a "
			"member of the tables' owners (-U, or --load=CONNINFO); use "
			"--as-superuser only if you trust what the owners defined");
}

static void check(struct restore_account *account, const struct catalog_trust *trust)
{
	struct error err;

	if (trust_check(trust, account->plan->name, "restore", &err) &&
	    trust_check_owners(trust, owners_of(account), "restore", &err))
		return;
	if (account->restore->is_trial)
		refuse_trial(account, &err);
	else
		restore_account_fail(account, "plan", &err);
}

static void on_trust(void *owner, struct catalog_trust *trust, const struct error *why)
{
	struct restore_node *node = owner;
	struct restore_account *account = NULL;
	bool is_cancelled = node->restore->machine.is_cancelled;

	while (!is_cancelled && (account = restore_account_next(node, account))) {
		if (why)
			restore_account_fail(account, "plan", why);
		else
			check(account, trust);
	}
	catalog_trust_release(trust);
	restore_nodes_answered(node);
}

static bool ask(struct restore_node *node)
{
	const struct restore_account *account = NULL;
	AUTO_STRVEC struct strvec names = { 0 };
	AUTO_STRVEC struct strvec owners = { 0 };

	while ((account = restore_account_next(node, account))) {
		strvec_push(&names, account->plan->name);
		trust_add_owners(owners_of(account), &owners);
	}
	if (names.count)
		catalog_ask_trust(node->farm_node->session, &names, &owners, on_trust,
				  node);
	return names.count > 0;
}

/* The trial may have been refused. */
static enum step_result end_trust(struct restore *restore)
{
	enum step_result result = restore_nodes_check(restore);

	return restore->error.kind == ERROR_NONE ? result : STEP_FAIL;
}

enum step_result restore_trust_enter(void *owner)
{
	static const struct restore_question question = { .ask = ask,
							  .answered = end_trust };
	struct restore *restore = owner;

	return restore->opts.conf->as_superuser ? STEP_NEXT
						: restore_nodes_ask(restore, &question);
}
