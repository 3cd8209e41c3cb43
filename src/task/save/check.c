/* SPDX-License-Identifier: PostgreSQL */
/*
 * An exit status of 0 from pg_dump proves nothing: a disk may be full, or a pooler may
 * have mixed up sessions. So each file is read again before it counts, by the same code
 * that checks it before a restore.
 */
#include "task/save/check.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "product/product.h"
#include "product/version.h"
#include "task/save/same.h"
#include "task/save/staging.h"
#include "task/stored.h"

struct save_check {
	struct dumpfile_facts facts;
	struct save_same same;
	struct error problem;  /* if it is not sound */
	struct strvec created; /* the relations in it */
	char *version;
	bool lacks_relations;
};

/* ---- on a worker thread ---- */

static void on_version(void *owner, const char *value)
{
	struct save_check *check = owner;

	(void)version_take(value, &check->version);
}

static bool check_file(const struct save_account *account, struct save_check *check,
		       struct error *err)
{
	bool is_whole = account->save->opts.conf->product.is_whole;
	const struct dumpfile_opts opts = {
		.expect_schema = account->listed->raw_name,
		.expect_prefix = is_whole ? NULL : STORED_PREFIX,
		.is_whole = is_whole,
		.watch_table = PRODUCT_VERSION_TABLE,
		.watch_column = PRODUCT_VERSION_COLUMN,
		.on_value = is_whole ? NULL : on_version,
		.created = &check->created,
		.owner = check,
	};
	AUTO_FREE char *file = layout_file_name(account->place->name);
	AUTO_CLOSE int fd = -1;

	if (!save_staging_open(account, &fd, err) ||
	    !dumpfile_check(fd, &opts, &check->facts, err))
		return error_prefix(err, "%s", file);
	if (check->facts.is_sound)
		save_same_look(account, fd, check->facts.size_bytes, &check->same);
	if (check->same.entry)
		return true;
	/* only start writing, so that the later fsync has little left to do */
	(void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	return true;
}

/*
 * A dump creates nothing that the catalogue, under the same snapshot, does not have, so
 * it is enough to compare their numbers. The names are kept only if some are missing, see
 * missing.h.
 */
static void count_relations(const struct save_account *account, struct save_check *check)
{
	const struct strvec *created = &check->created;
	size_t distinct = 0;

	strvec_sort(&check->created);
	for (size_t i = 0; i < created->count; i++)
		distinct += !i || strcmp(created->v[i], created->v[i - 1]) != 0;
	check->lacks_relations = distinct < account->listed->dumped_relations;
	if (!check->lacks_relations)
		strvec_release(&check->created);
}

void save_check_run(struct save_account *account)
{
	struct save_check *check = xcalloc(1, sizeof(*check));

	account->check = check; /* not sound until shown to be */
	(void)check_file(account, check, &check->problem);
	count_relations(account, check);
}

/* ---- on the loop's thread ---- */

static void take_facts(struct save_check *check, struct save_facts *facts)
{
	free(facts->parents);
	free(facts->version);
	strvec_release(&facts->created);
	facts->parents = check->facts.parents;
	facts->version = check->version;
	facts->created = check->created;
	facts->lacks_relations = check->lacks_relations;
	check->facts.parents = NULL;
	if (!check->facts.is_sound)
		return;
	facts->size_bytes = check->facts.size_bytes;
	facts->rows = check->facts.rows;
	facts->tables = check->facts.tables;
	memcpy(facts->sha256, check->facts.sha256, sizeof(facts->sha256));
}

/* The file is the new one, or that of the newest save. */
static void take_file(struct save_account *account, const struct save_same *same)
{
	struct save_facts *facts = &account->facts;

	facts->is_unchanged = same->entry && save_same_link(account, same);
	if (facts->is_unchanged)
		memcpy(facts->sha256, same->entry->sha256, sizeof(facts->sha256));
}

bool save_check_take(struct save_account *account, struct error *err)
{
	AUTO_FREE struct save_check *check = account->check;
	bool is_sound = check->facts.is_sound;

	account->check = NULL;
	take_facts(check, &account->facts);
	dumpfile_facts_release(&check->facts);
	if (is_sound) {
		take_file(account, &check->same);
		return true;
	}
	*err = check->problem;
	if (account->node->listing.is_pooled)
		error_hint(err, "pg_dump's search_path may have been lost in the "
				"connection pooler: save through a pool in session mode, "
				"or from the server directly");
	return error_prefix(err, "the dump is not complete");
}
