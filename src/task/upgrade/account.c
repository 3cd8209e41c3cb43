/* SPDX-License-Identifier: PostgreSQL */
/*
 * Many places ask whether an account is upgraded, but only this file decides it, so that
 * messages, counts and retries never differ. What follows for the run, such as
 * --fail-fast, is derived from it.
 */
#include "task/upgrade/account.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "product/version.h"

void upgrade_accounts_init(struct upgrade_accounts *accounts, const struct run_opts *opts,
			   const struct upgrade_target *target, const struct farm *farm)
{
	const struct product *product = &opts->conf->product;

	*accounts = (struct upgrade_accounts){
		.opts = opts,
		.target = target,
		.farm = farm,
		.list = xcalloc(farm->account_count + 1, sizeof(*accounts->list)),
		.count = farm->account_count,
		.with_progress = { [ACCOUNT_WAITING] = farm->account_count },
	};
	for (size_t i = 0; i < accounts->count; i++) {
		const struct farm_account *place = &farm->accounts[i];

		accounts->list[i] = (struct upgrade_account){
			.accounts = accounts,
			.place = place,
			.plan = { .migrations = &target->migrations,
				  .level = place->is_global ? MIGRATION_GLOBAL
							    : MIGRATION_LOCAL,
				  .model = product->is_model ? product : NULL },
		};
	}
}

void upgrade_accounts_release(struct upgrade_accounts *accounts)
{
	for (size_t i = 0; i < accounts->count; i++) {
		free(accounts->list[i].from);
		free(accounts->list[i].error);
		free(accounts->list[i].done);
	}
	free(accounts->list);
	failures_release(&accounts->failures);
	*accounts = (struct upgrade_accounts){ 0 };
}

struct upgrade_account *upgrade_account_find(const struct upgrade_accounts *accounts,
					     const char *name)
{
	const struct farm *farm = accounts->farm;

	return &accounts->list[farm_find(farm, name) - farm->accounts];
}

bool upgrade_account_is_global(const struct upgrade_account *account)
{
	return account->plan.level == MIGRATION_GLOBAL;
}

struct upgrade_account *upgrade_accounts_global(const struct upgrade_accounts *accounts)
{
	return accounts->count && upgrade_account_is_global(&accounts->list[0])
		       ? &accounts->list[0]
		       : NULL;
}

bool upgrade_accounts_is_global_new(const struct upgrade_accounts *accounts)
{
	const struct upgrade_account *global = upgrade_accounts_global(accounts);

	return global && !global->plan.model && global->state &&
	       !global->state->has_schema;
}

bool upgrade_accounts_has_global_failed(const struct upgrade_accounts *accounts)
{
	const struct upgrade_account *global = upgrade_accounts_global(accounts);

	return global && global->error;
}

bool upgrade_accounts_are_closed(const struct upgrade_accounts *accounts)
{
	return accounts->opts->conf->fail_fast && accounts->with_progress[ACCOUNT_FAILED];
}

void upgrade_accounts_tell_progress(const struct upgrade_accounts *accounts)
{
	const size_t *with = accounts->with_progress;

	accounts->opts->progress(accounts->opts->owner,
				 accounts->count - with[ACCOUNT_WAITING] -
					 with[ACCOUNT_RUNNING],
				 accounts->count);
}

void upgrade_account_found(struct upgrade_account *account, struct catalog_state *state)
{
	account->state = state;
	account->from = state->version ? xstrdup(state->version) : NULL;
}

/* Indexes with commas between them. */
static void found_steps(struct upgrade_account *account, const char *indexes)
{
	while (*indexes) {
		size_t index = strtoul(indexes, NULL, 10);

		if (index < account->plan.migrations->count && !account->done[index]) {
			account->done[index] = true;
			account->step_count++;
		}
		indexes += strcspn(indexes, ",");
		indexes += *indexes == ',';
	}
}

void upgrade_account_found_version(struct upgrade_account *account, const char *version)
{
	struct catalog_state *state = account->state;

	if (account->done) {
		found_steps(account, version);
		return;
	}
	free(state->version);
	state->kind = strcmp(version, "nil") ? CATALOG_VERSION : CATALOG_NO_VERSION;
	state->version = state->kind == CATALOG_VERSION ? xstrdup(version) : NULL;
	if (!version_parse(version, &state->number))
		state->number = 0;
}

void upgrade_account_set_progress(struct upgrade_account *account,
				  enum account_progress progress)
{
	account->accounts->with_progress[account->progress]--;
	account->accounts->with_progress[progress]++;
	account->progress = progress;
}

void upgrade_account_pass_over(struct upgrade_account *account)
{
	account->is_unasked = true;
	upgrade_account_set_progress(account, ACCOUNT_CURRENT);
}

void upgrade_account_fail(struct upgrade_account *account, const char *step,
			  const struct error *err)
{
	struct upgrade_accounts *accounts = account->accounts;

	account->error = xstrdup(err->text);
	upgrade_account_set_progress(account, ACCOUNT_FAILED);
	run_log_failure(accounts->opts, account->place, step, err, &accounts->failures);
}

void upgrade_account_doubt(struct upgrade_account *account)
{
	account->is_in_doubt = true;
}

size_t upgrade_account_next_step(const struct upgrade_account *account, size_t first)
{
	size_t end = account->accounts->target->end;

	while (first < end && account->done && account->done[first])
		first++;
	return first;
}

size_t upgrade_account_count_steps(const struct upgrade_account *account)
{
	size_t end = account->accounts->target->end, count = 0;

	for (size_t i = upgrade_account_next_step(account, account->plan.first); i < end;
	     i = upgrade_account_next_step(account, i + 1))
		count++;
	return count;
}

char *upgrade_account_format_steps(const struct upgrade_account *account, size_t more)
{
	size_t count = account->step_count + more;

	return count ? str_format("%zu step%s", count, count == 1 ? "" : "s") : NULL;
}

bool upgrade_account_has_more(const struct upgrade_account *account)
{
	return upgrade_account_next_step(account, account->plan.end) <
	       account->accounts->target->end;
}

void upgrade_account_note_part(struct upgrade_account *account)
{
	const struct migration *last =
		&account->plan.migrations->steps[account->plan.end - 1];
	struct catalog_state *state = account->state;

	for (size_t i = account->plan.first; account->done && i < account->plan.end;
	     i++) {
		account->step_count += !account->done[i];
		account->done[i] = true;
	}
	free(state->version);
	state->kind = CATALOG_VERSION;
	state->has_schema = true;
	state->version = account->done ? upgrade_account_format_steps(account, 0)
				       : xstrdup(last->version);
	state->number = last->number;
	account->is_partly_done = true;
}
