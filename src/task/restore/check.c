/* SPDX-License-Identifier: PostgreSQL */
#include "task/restore/internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "catalog/accounts.h"
#include "product/product.h"

enum { MOST_HINT_BYTES = 200 };

/* ---- plan: what is there of each account, and what stands in the way ---- */

/* The names in _accounts as the dump of _global has them, from its node. */
static void on_encoded(void *owner, const struct strvec *raw_names,
		       const struct error *err)
{
	struct restore_node *n = owner;
	struct restore *r = n->restore;

	if (err && !restore_node_is_lost(n))
		farm_node_failed(n->farm_node, err);
	for (size_t i = 0; i < raw_names->count; i++)
		strvec_push(&r->registered_raw, raw_names->v[i]);
	machine_move(&r->machine, restore_asked(r));
}

static void on_plans(void *owner, struct catalog_plan *plans, size_t count,
		     const struct error *err)
{
	struct restore_node *n = owner;
	struct restore *r = n->restore;
	const struct farm_account *global = farm_find(r->farm, PRODUCT_GLOBAL);

	n->plans = plans;
	n->plan_count = count;
	if (err && !restore_node_is_lost(n))
		farm_node_failed(n->farm_node, err);
	if (!err && global && global->node == n->farm_node)
		catalog_encode_names(n->farm_node->session, &r->farm->registered,
				     on_encoded, n);
	else
		machine_move(&r->machine, restore_asked(r));
}

enum step_result restore_enter_plan(void *owner)
{
	struct restore *r = owner;

	r->asking = 1; /* this very call */
	for (size_t i = 0; i < r->farm->node_count; i++) {
		struct restore_node *n = &r->nodes[i];
		AUTO_STRVEC struct strvec names = { 0 };

		if (restore_node_is_lost(n))
			continue;
		farm_list(r->farm, n->farm_node, &names);
		r->asking++;
		catalog_plan_restore(n->farm_node->session, &names, on_plans, n);
	}
	return restore_asked(r);
}

static void make_accounts(struct restore *r)
{
	struct farm *farm = r->farm;

	r->account_count = farm->account_count;
	r->accounts = xcalloc(r->account_count + 1, sizeof(*r->accounts));
	for (size_t i = 0; i < r->account_count; i++) {
		const struct farm_account *place = &farm->accounts[i];

		r->accounts[i] = (struct restore_account){
			.restore = r,
			.place = place,
			.node = place->node ? &r->nodes[place->node->index] : NULL,
			.dump.fd = -1,
		};
	}
	for (size_t i = 0; i < farm->node_count; i++) {
		const struct restore_node *n = &r->nodes[i];

		if (restore_node_is_lost(n))
			continue;
		for (size_t k = 0; k < n->plan_count; k++) {
			const char *name = n->plans[k].name;

			r->accounts[farm_find(farm, name) - farm->accounts].plan =
				&n->plans[k];
		}
	}
}

/* Node by node, so that what is the matter with one is said once. */
static void fail_unplanned(struct restore *r)
{
	for (size_t i = 0; i < r->farm->node_count; i++) {
		const struct restore_node *n = &r->nodes[i];

		for (size_t k = 0; restore_node_is_lost(n) && k < r->account_count; k++)
			if (r->accounts[k].node == n)
				restore_account_failed(&r->accounts[k], "plan",
						       &n->farm_node->error);
	}
	for (size_t i = 0; i < r->account_count; i++) {
		struct restore_account *a = &r->accounts[i];
		struct error err;

		if (a->node)
			continue;
		if (a->place->is_unknown)
			error_set(&err, ERROR_SERVER, "%s", a->place->problem);
		else /* accounts of a farm are made elsewhere */
			error_set(&err, ERROR_DATA, "User %s not found.", a->place->name);
		restore_account_failed(a, "plan", &err);
	}
}

/* ---- read: every dump is checked before the first one is loaded ---- */

/* On a worker thread. */
static void read_dump(void *owner, size_t index)
{
	struct restore *r = owner;
	struct restore_account *a = &r->accounts[index];
	struct error err;

	if (!a->plan)
		return;
	if (!stored_dump_open(&r->save, a->place->name, a->plan->raw_name, &a->dump,
			      &err)) {
		a->problem = xcalloc(1, sizeof(*a->problem));
		*a->problem = err;
	}
	stored_dump_close(&a->dump);
}

/* Since when psql knows \restrict (postgresql.org, CVE-2025-8714). */
bool restore_is_psql_new(const struct pgtool *psql)
{
	static const unsigned first_minor[][2] = {
		{ 13, 22 }, { 14, 19 }, { 15, 14 }, { 16, 10 }, { 17, 6 }
	};

	for (size_t i = 0; i < ARRAY_SIZE(first_minor); i++)
		if (psql->major == first_minor[i][0])
			return psql->minor >= first_minor[i][1];
	return psql->major >= 18;
}

static void check_psql(struct restore_account *a)
{
	const struct pgtool *psql = a->node->psql;
	const struct dumpfile_facts *facts = &a->dump.facts;
	struct error err;

	if (restore_is_psql_new(psql) ||
	    (!facts->is_restricted && !facts->ambiguous_line))
		return;
	if (facts->is_restricted)
		error_set(&err, ERROR_DATA,
			  "the dump begins with \\restrict, which %s does not know",
			  psql->path);
	else
		error_set(&err, ERROR_DATA,
			  "line %llu: with another standard_conforming_strings this "
			  "literal would end elsewhere, and %s knows no \\restrict to be "
			  "safe with",
			  (unsigned long long)facts->ambiguous_line, psql->path);
	error_hint(&err, "install the newest minor release of postgresql-client-%u",
		   psql->major);
	restore_account_failed(a, "check", &err);
}

static void on_read(void *owner, size_t index)
{
	struct restore *r = owner;
	struct restore_account *a = &r->accounts[index];

	if (a->problem) {
		if (a->dump.entry == NULL && !strcmp(a->problem->text, "missing"))
			error_set(a->problem, ERROR_DATA, "%s holds no dump of it",
				  r->opts.conf->directory);
		restore_account_failed(a, "check", a->problem);
		free(a->problem);
		a->problem = NULL;
	} else if (a->plan) {
		check_psql(a);
	}
	r->opts.progress(r->opts.owner, ++r->finished, r->account_count);
}

static void on_all_read(void *owner)
{
	struct restore *r = owner;

	r->finished = 0;
	machine_move(&r->machine, r->machine.is_cancelled ? STEP_FAIL : STEP_NEXT);
}

enum step_result restore_enter_read(void *owner)
{
	struct restore *r = owner;

	make_accounts(r);
	fail_unplanned(r);
	run_log_misplaced(&r->opts, r->farm);
	for (size_t i = 0; i < r->farm->node_count; i++) {
		struct restore_node *n = &r->nodes[i];

		if (!restore_node_is_lost(n))
			n->group.jobs =
				run_choose_node_jobs(&r->opts, n->farm_node->session);
	}
	work_each_start(&(struct work_each_opts){ .loop = r->opts.loop,
						  .count = r->account_count,
						  .run = read_dump,
						  .done = on_read,
						  .finished = on_all_read,
						  .is_stopped = &r->machine.is_cancelled,
						  .owner = r });
	return STEP_WAIT;
}

/* Accounts that the save holds, of which something is in the way of this one; shell
 * words.
 */
static void list_neighbours(const struct restore_account *a, struct strbuf *out)
{
	const struct savedir *save = &a->restore->save;
	const char *hex = a->plan->tied_others_hex;

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

static void check_plan(struct restore_account *a)
{
	AUTO_STRBUF struct strbuf own = { 0 };
	AUTO_STRBUF struct strbuf neighbours = { 0 };
	struct error err;

	if (!a->plan->outsiders || a->restore->opts.conf->cascade)
		return;
	error_set(&err, ERROR_DATA, "objects outside the metamodel depend on it:\n%s",
		  a->plan->outsiders);
	list_neighbours(a, &neighbours);
	strbuf_add_shell_word(&own, a->plan->name);
	if (neighbours.length)
		error_hint(
			&err,
			"restore the accounts they belong to together with it (metamodel "
			"restore %s%s), which brings those back as they were saved, too; "
			"what no save holds is destroyed by --cascade only",
			own.buf, neighbours.buf);
	else
		error_hint(
			&err,
			"no save holds them: drop them, or destroy them with --cascade");
	restore_account_failed(a, "plan", &err);
}

/* ---- announce: what will be different, before anything is ---- */

static void on_account_name(void *owner, const char *value)
{
	if (value)
		strvec_push(owner, value);
}

static int compare_raw(const void *a, const void *b)
{
	const struct catalog_plan *const *left = a, *const *right = b;

	return strcmp((*left)->raw_name, (*right)->raw_name);
}

/* The accounts that have a plan, by their names in the encoding of their databases.
 * Caller frees. */
static const struct catalog_plan **sort_by_raw_name(const struct restore *r,
						    size_t *count)
{
	const struct catalog_plan **sorted = xcalloc(r->account_count, sizeof(*sorted));

	*count = 0;
	for (size_t i = 0; i < r->account_count; i++)
		if (r->accounts[i].plan)
			sorted[(*count)++] = r->accounts[i].plan;
	qsort(sorted, *count, sizeof(*sorted), compare_raw);
	return sorted;
}

static void announce_new(const struct restore *r, const struct strvec *new_raw_names)
{
	size_t count;
	AUTO_FREE const struct catalog_plan **sorted = sort_by_raw_name(r, &count);

	for (size_t i = 0; i < new_raw_names->count; i++) {
		const struct catalog_plan key = { .raw_name = new_raw_names->v[i] };
		const struct catalog_plan *wanted = &key;
		const struct catalog_plan **found =
			bsearch(&wanted, sorted, count, sizeof(*sorted), compare_raw);

		log_info(r->opts.log, "Account %s becomes registered by restoring %s.",
			 found ? (*found)->name : key.raw_name, PRODUCT_GLOBAL);
	}
}

/* Restoring _global brings _accounts back as it was. */
static void announce_accounts(const struct restore *r)
{
	AUTO_STRVEC struct strvec now = { 0 };
	AUTO_STRVEC struct strvec saved = { 0 };
	AUTO_STRVEC struct strvec new = { 0 };
	const struct dumpfile_opts opts = { .watch_table = PRODUCT_ACCOUNTS_TABLE,
					    .watch_column = PRODUCT_ACCOUNTS_COLUMN,
					    .on_value = on_account_name,
					    .owner = &saved };
	struct dumpfile_facts facts;
	AUTO_CLOSE int fd = -1;
	struct error err;

	if (!savedir_open_dump(&r->save, PRODUCT_GLOBAL, &fd, &err) ||
	    !dumpfile_check(fd, &opts, &facts, &err))
		return; /* loading it will say why */
	dumpfile_facts_release(&facts);
	strvec_sort(&saved);
	for (size_t i = 0; i < r->registered_raw.count; i++)
		strvec_push(&now, r->registered_raw.v[i]);
	strvec_sort(&now);
	for (size_t i = 0; i < r->registered_raw.count; i++)
		if (!strvec_has(&saved, r->registered_raw.v[i]))
			log_warning(r->opts.log,
				    "account %s is registered, and will not be any more "
				    "after restoring %s; its schema stays",
				    r->farm->registered.v[i], PRODUCT_GLOBAL);
	for (size_t i = 0; i < saved.count; i++)
		if (!strvec_has(&now, saved.v[i]))
			strvec_push(&new, saved.v[i]);
	announce_new(r, &new);
}

static void announce_account(struct restore_account *a)
{
	const struct restore *r = a->restore;
	const struct manifest_entry *e = a->dump.entry;

	if (a->error)
		return;
	if (r->opts.conf->dry_run) {
		restore_tell_account(a);
		return;
	}
	if (e && e->is_stale)
		log_warning(r->opts.log, "the dump of account %s is an older one, of %s",
			    a->plan->name, e->saved_at);
	for (const char *line = a->plan->outsiders; line && *line;) {
		size_t length = strcspn(line, "\n");

		log_warning(r->opts.log, "account %s: %s %.*s", a->plan->name,
			    r->opts.conf->rehearse ? "would destroy" : "will destroy",
			    (int)length, line);
		line += length + (line[length] == '\n');
	}
}

static void announce_global(const struct restore *r)
{
	const struct error *err = &r->farm->registered_error;

	if (err->kind == ERROR_NONE)
		announce_accounts(r);
	else
		log_warning(r->opts.log,
			    "whose registration changes by restoring %s is not known: %s",
			    PRODUCT_GLOBAL, err->text);
}

static void announce_units(const struct restore *r)
{
	for (size_t i = 0; i < r->unit_count; i++) {
		const struct restore_unit *u = &r->units[i];
		AUTO_FREE char *names = restore_list_unit(u);

		if (u->count > 1 && !u->accounts[0]->error)
			log_info(r->opts.log,
				 "Accounts %s depend on each other: %s in one "
				 "transaction.",
				 names,
				 r->opts.conf->dry_run ? "would be restored"
						       : "restored");
	}
}

enum step_result restore_enter_announce(void *owner)
{
	struct restore *r = owner;
	bool has_global = false;

	for (size_t i = 0; i < r->account_count; i++)
		if (!r->accounts[i].error)
			check_plan(&r->accounts[i]);
	restore_make_units(r);
	restore_check_locks(r);
	restore_fail_units(r);
	if (r->opts.conf->rehearse && farm_find(r->farm, PRODUCT_GLOBAL))
		log_info(r->opts.log, "Accounts are rehearsed with the %s that is there.",
			 PRODUCT_GLOBAL);
	announce_units(r);
	for (size_t i = 0; i < r->account_count; i++) { /* _global comes first */
		struct restore_account *a = &r->accounts[i];
		bool is_global = !strcmp(a->place->name, PRODUCT_GLOBAL);

		announce_account(a);
		if (a->error)
			continue;
		has_global |= is_global;
		if (is_global)
			announce_global(r);
		else if (!has_global && !a->place->is_registered)
			log_warning(r->opts.log,
				    "account %s is not registered, and restoring it does "
				    "not register it",
				    a->place->name);
	}
	return STEP_NEXT;
}
