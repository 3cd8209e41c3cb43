/* SPDX-License-Identifier: PostgreSQL */
/*
 * Some effects of a restore would surprise people: accounts that are no longer
 * registered, objects that --cascade drops, an old dump. They are announced while there
 * is still time to stop.
 */
#include "task/restore/announce.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "product/product.h"
#include "task/restore/dry.h"
#include "task/restore/state.h"
#include "task/restore/units.h"

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

/* The plans of the accounts that have one, sorted by raw name. Ownership: the caller
 * frees. */
static const struct catalog_plan **sort_by_raw_name(const struct restore *restore,
						    size_t *count)
{
	const struct catalog_plan **sorted =
		xcalloc(restore->accounts.count, sizeof(*sorted));

	*count = 0;
	for (size_t i = 0; i < restore->accounts.count; i++)
		if (restore->accounts.list[i].plan)
			sorted[(*count)++] = restore->accounts.list[i].plan;
	qsort(sorted, *count, sizeof(*sorted), compare_raw);
	return sorted;
}

static void announce_new(const struct restore *restore,
			 const struct strvec *new_raw_names)
{
	size_t count;
	AUTO_FREE const struct catalog_plan **sorted = sort_by_raw_name(restore, &count);

	for (size_t i = 0; i < new_raw_names->count; i++) {
		const struct catalog_plan key = { .raw_name = new_raw_names->v[i] };
		const struct catalog_plan *wanted = &key;
		const struct catalog_plan **found =
			bsearch(&wanted, sorted, count, sizeof(*sorted), compare_raw);

		log_info(restore->opts.log,
			 "Account %s will be registered by restoring %s.",
			 found ? (*found)->name : key.raw_name, PRODUCT_GLOBAL);
	}
}

/* Restoring _global restores the list of accounts, _accounts, as well. */
static void announce_accounts(const struct restore *restore)
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

	if (!savedir_open_dump(&restore->source.save, PRODUCT_GLOBAL, &fd, &err) ||
	    !dumpfile_check(fd, &opts, &facts, &err))
		return; /* the load will say why */
	dumpfile_facts_release(&facts);
	strvec_sort(&saved);
	for (size_t i = 0; i < restore->registered_raw.count; i++)
		strvec_push(&now, restore->registered_raw.v[i]);
	strvec_sort(&now);
	for (size_t i = 0; i < restore->registered_raw.count; i++)
		if (!strvec_has(&saved, restore->registered_raw.v[i]))
			log_warning(restore->opts.log,
				    "account %s will no longer be registered after "
				    "restoring %s; its schema remains",
				    restore->farm->registered.v[i], PRODUCT_GLOBAL);
	for (size_t i = 0; i < saved.count; i++)
		if (!strvec_has(&now, saved.v[i]))
			strvec_push(&new, saved.v[i]);
	announce_new(restore, &new);
}

static void announce_account(const struct restore_account *account)
{
	const struct restore *restore = account->restore;
	const struct manifest_entry *entry = account->dump.entry;

	if (restore->opts.conf->dry_run) {
		restore_dry_tell(account);
		return;
	}
	if (entry && entry->is_stale)
		log_warning(restore->opts.log,
			    "the dump of account %s is an older one, from %s",
			    account->plan->name, entry->saved_at);
	for (const char *line = account->plan->outsiders; line && *line;) {
		size_t length = strcspn(line, "\n");

		log_warning(restore->opts.log, "account %s: %s %.*s", account->plan->name,
			    restore->opts.conf->rehearse ? "would destroy"
							 : "will destroy",
			    (int)length, line);
		line += length + (line[length] == '\n');
	}
}

static void announce_global(const struct restore *restore)
{
	const struct error *err = &restore->farm->registered_error;

	if (err->kind == ERROR_NONE)
		announce_accounts(restore);
	else
		log_warning(restore->opts.log,
			    "it is not known whose registration restoring %s would "
			    "change: %s",
			    PRODUCT_GLOBAL, err->text);
}

static void announce_units(const struct restore *restore)
{
	for (size_t i = 0; i < restore->units.count; i++) {
		const struct restore_unit *unit = &restore->units.list[i];
		AUTO_FREE char *names = restore_unit_list(unit);

		if (unit->count > 1 && !unit->accounts[0]->error)
			log_info(restore->opts.log,
				 "Accounts %s depend on each other: %s in one "
				 "transaction.",
				 names,
				 restore->opts.conf->dry_run ? "would be restored"
							     : "restored");
	}
}

/* An account that is not registered stays unregistered, unless _global is restored,
 * too. */
static void announce_registration(const struct restore *restore,
				  const struct restore_account *account, bool has_global)
{
	if (!strcmp(account->place->name, PRODUCT_GLOBAL))
		announce_global(restore);
	else if (!has_global && !account->place->is_registered)
		log_warning(restore->opts.log,
			    "account %s is not registered, and restoring it does not "
			    "register it",
			    account->place->name);
}

enum step_result restore_announce_enter(void *owner)
{
	struct restore *restore = owner;
	bool has_global = false;

	if (restore->opts.conf->rehearse && farm_find(restore->farm, PRODUCT_GLOBAL))
		log_info(restore->opts.log,
			 "Accounts are rehearsed with the existing %s.", PRODUCT_GLOBAL);
	announce_units(restore);
	for (size_t i = 0; i < restore->accounts.count; i++) { /* _global comes first */
		const struct restore_account *account = &restore->accounts.list[i];

		if (account->error)
			continue;
		announce_account(account);
		has_global |= !strcmp(account->place->name, PRODUCT_GLOBAL);
		announce_registration(restore, account, has_global);
	}
	return STEP_NEXT;
}
