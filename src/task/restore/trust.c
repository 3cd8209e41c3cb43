/* SPDX-License-Identifier: PostgreSQL */
/* A load runs what the owners of an account defined: not as a superuser, unless told so.
 */
#include "task/restore/internal.h"

#include "base/auto.h"
#include "task/trust.h"

/* Some dumps have SET SESSION AUTHORIZATION in the place of ALTER ... OWNER TO. */
static const struct strvec *owners_of(const struct restore_account *a)
{
	const struct dumpfile_facts *f = &a->dump.facts;

	return f->owners.count ? &f->owners : &f->sessions;
}

/* Loaded into a scratch database, what comes of one account says nothing: all or none. */
static void refuse_trial(struct restore_account *a, const struct error *why)
{
	struct restore *r = a->restore;

	if (r->error.kind != ERROR_NONE)
		return;
	r->error = *why;
	error_prefix(&r->error, "account %s", a->place->name);
	error_hint(
		&r->error,
		"load as a role that is no superuser, with CREATEDB and a member of the "
		"tables' owners (-U, or --load=CONNINFO); only if what the owners "
		"defined is trusted: --as-superuser");
}

static void check(struct restore_account *a, const struct catalog_trust *trust)
{
	struct restore *r = a->restore;
	struct error err;

	if (trust_check(trust, a->plan->name, "restore", &err) &&
	    trust_check_owners(trust, owners_of(a), "restore", &err))
		return;
	if (r->is_trial)
		refuse_trial(a, &err);
	else
		restore_account_failed(a, "plan", &err);
}

static void on_trust(void *owner, struct catalog_trust *trust, const struct error *why)
{
	struct restore_node *n = owner;
	struct restore *r = n->restore;
	enum step_result result;

	for (size_t i = 0; !r->machine.is_cancelled && i < r->account_count; i++) {
		struct restore_account *a = &r->accounts[i];

		if (!restore_is_planned(a, n))
			continue;
		if (why)
			restore_account_failed(a, "plan", why);
		else
			check(a, trust);
	}
	catalog_trust_release(trust);
	result = restore_asked(r);
	machine_move(&r->machine, result == STEP_NEXT && r->error.kind != ERROR_NONE
					  ? STEP_FAIL
					  : result);
}

enum step_result restore_enter_trust(void *owner)
{
	struct restore *r = owner;

	if (r->opts.conf->as_superuser)
		return STEP_NEXT;
	r->asking = 1; /* this very call */
	for (size_t i = 0; i < r->farm->node_count; i++) {
		struct restore_node *n = &r->nodes[i];
		AUTO_STRVEC struct strvec names = { 0 };
		AUTO_STRVEC struct strvec owners = { 0 };

		for (size_t k = 0; k < r->account_count; k++) {
			const struct restore_account *a = &r->accounts[k];

			if (!restore_is_planned(a, n))
				continue;
			strvec_push(&names, a->plan->name);
			trust_add_owners(owners_of(a), &owners);
		}
		if (restore_node_is_lost(n) || !names.count)
			continue;
		r->asking++;
		catalog_ask_trust(n->farm_node->session, &names, &owners, on_trust, n);
	}
	return restore_asked(r);
}
