/* SPDX-License-Identifier: PostgreSQL */
/*
 * A damaged dump that is found only while it is loaded costs its account the time and the
 * locks of a load that is rolled back. The later steps also need to know what is in each
 * dump.
 */
#include "task/restore/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "task/restore/account.h"
#include "task/restore/psql.h"

/* On a worker thread. */
static void read_dump(void *owner, size_t index)
{
	struct restore *restore = owner;
	struct restore_account *account = &restore->accounts.list[index];
	struct error err;

	if (!account->plan)
		return;
	if (!stored_dump_open(&restore->source.save, account->place->name,
			      account->plan->raw_name, &account->dump, &err)) {
		account->problem = xcalloc(1, sizeof(*account->problem));
		*account->problem = err;
	}
	stored_dump_close(&account->dump);
}

static void check_psql(struct restore_account *account)
{
	const struct pgtool *psql = account->node->psql;
	const struct dumpfile_facts *facts = &account->dump.facts;
	struct error err;

	if (restore_psql_knows_restrict(psql) ||
	    (!facts->is_restricted && !facts->ambiguous_line))
		return;
	if (facts->is_restricted)
		error_set(&err, ERROR_DATA,
			  "the dump begins with \\restrict, which %s does not know",
			  psql->path);
	else
		error_set(&err, ERROR_DATA,
			  "line %llu: with another standard_conforming_strings this "
			  "literal would end elsewhere, and %s lacks \\restrict, which "
			  "would prevent that",
			  (unsigned long long)facts->ambiguous_line, psql->path);
	error_hint(&err, "install the newest minor release of postgresql-client-%u",
		   psql->major);
	restore_account_fail(account, "check", &err);
}

static void on_read(void *owner, size_t index)
{
	struct restore *restore = owner;
	struct restore_account *account = &restore->accounts.list[index];
	struct error *problem = account->problem;

	if (problem) {
		if (account->dump.entry == NULL && !strcmp(problem->text, "missing"))
			error_set(problem, ERROR_DATA, "%s holds no dump of it",
				  restore->opts.conf->directory);
		restore_account_fail(account, "check", problem);
		free(problem);
		account->problem = NULL;
	} else if (account->plan) {
		check_psql(account);
	}
	restore->opts.progress(restore->opts.owner, ++restore->checked,
			       restore->accounts.count);
}

static void on_all_read(void *owner)
{
	struct restore *restore = owner;

	machine_move(&restore->machine,
		     restore->machine.is_cancelled ? STEP_FAIL : STEP_NEXT);
}

enum step_result restore_check_enter(void *owner)
{
	struct restore *restore = owner;

	work_each_start(
		&(struct work_each_opts){ .loop = restore->opts.loop,
					  .count = restore->accounts.count,
					  .run = read_dump,
					  .done = on_read,
					  .finished = on_all_read,
					  .is_stopped = &restore->machine.is_cancelled,
					  .owner = restore });
	return STEP_WAIT;
}
