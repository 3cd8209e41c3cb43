/* SPDX-License-Identifier: PostgreSQL */
/*
 * Many steps say what happened to an account, and others count it. All of that goes
 * through this file, so that a state, its reason and what was logged never differ.
 */
#include "task/save/account.h"

#include <assert.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/str.h"

void save_accounts_make(struct save *save)
{
	struct farm *farm = save->nodes.farm;
	AUTO_FREE size_t *taken = xcalloc(farm->node_count, sizeof(size_t));

	save->accounts.count = farm->account_count;
	save->accounts.with_state[ACCOUNT_PENDING] = farm->account_count;
	save->accounts.list = xcalloc(farm->account_count, sizeof(struct save_account));
	for (size_t i = 0; i < farm->account_count; i++) {
		struct save_account *account = &save->accounts.list[i];
		size_t index;

		account->save = save;
		account->place = &farm->accounts[i];
		if (!account->place->node)
			continue;
		index = account->place->node->index;
		account->node = &save->nodes.list[index];
		if (account->node->listing.accounts)
			account->listed =
				&account->node->listing.accounts[taken[index]++];
	}
}

void save_accounts_release(struct save *save)
{
	for (size_t i = 0; i < save->accounts.count; i++) {
		struct save_account *account = &save->accounts.list[i];

		assert(!account->check);
		free(account->error);
		free(account->facts.version);
		free(account->facts.parents);
		strvec_release(&account->facts.created);
	}
	free(save->accounts.list);
	failures_release(&save->accounts.failures);
}

size_t save_accounts_count(const struct save *save, enum account_state state)
{
	return save->accounts.with_state[state];
}

struct save_account *save_account_find(const struct save *save, const char *name)
{
	const struct farm *farm = save->nodes.farm;
	const struct farm_account *place = farm_find(farm, name);

	return place ? &save->accounts.list[place - farm->accounts] : NULL;
}

static void set_state(struct save_account *account, enum account_state state)
{
	size_t *with_state = account->save->accounts.with_state;

	with_state[account->state]--;
	with_state[state]++;
	account->state = state;
}

void save_account_fail(struct save_account *account, const char *step,
		       const struct error *err)
{
	struct save *save = account->save;

	if (account->state == ACCOUNT_FAILED)
		return;
	set_state(account, ACCOUNT_FAILED);
	account->error = xstrdup(err->text);
	run_log_failure(&save->opts, account->place, step, err, &save->accounts.failures);
}

void save_account_set_dumped(struct save_account *account)
{
	assert(account->state == ACCOUNT_PENDING);
	set_state(account, ACCOUNT_DUMPED);
}

void save_account_set_missing(struct save_account *account)
{
	assert(account->state == ACCOUNT_PENDING);
	set_state(account, ACCOUNT_MISSING);
}

void save_account_set_stopped(struct save_account *account)
{
	assert(account->state == ACCOUNT_PENDING);
	set_state(account, ACCOUNT_STOPPED);
}

void save_account_announce(struct save_account *account)
{
	const struct save *save = account->save;
	AUTO_FREE char *file = layout_file_name(account->place->name);

	if (!account->is_announced)
		log_info(save->opts.log, "Dumping %s %s to %s/%s...",
			 save->opts.conf->product.noun, account->place->name,
			 save->opts.conf->directory, file);
	account->is_announced = true;
}

void save_account_set_elapsed(struct save_account *account, uint64_t elapsed_ms)
{
	account->elapsed_ms = elapsed_ms;
}
