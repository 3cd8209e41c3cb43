/* SPDX-License-Identifier: PostgreSQL */
/*
 * Up to here the old save is untouched. This run may be killed at any moment, so the new
 * save must say by itself where each dump comes from and what has to be done with the old
 * saves.
 */
#include "task/save/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "store/lockfile.h"
#include "store/marker.h"
#include "store/rotate.h"
#include "task/save/account.h"
#include "task/save/history.h"

/* ---- the manifest ---- */

static int compare_schema(const void *key, const void *element)
{
	return strcmp(key, ((const struct save_extension *)element)->schema);
}

/* They are sorted by schema, and there may be very many. */
static void add_extensions(struct manifest_entry *entry,
			   const struct save_account *account)
{
	const struct save_listing *listing = &account->node->listing;
	const struct save_extension *end = listing->extensions + listing->extension_count;
	const struct save_extension *first =
		listing->extension_count
			? bsearch(account->place->name, listing->extensions,
				  listing->extension_count, sizeof(*end), compare_schema)
			: NULL;

	while (first && first > listing->extensions &&
	       !strcmp(first[-1].schema, account->place->name))
		first--;
	for (; first && first < end && !strcmp(first->schema, account->place->name);
	     first++)
		manifest_add_extension(entry, first->name, first->version, first->place);
}

static void add_account(struct manifest *manifest, const struct save_account *account)
{
	const struct farm_node *node = account->node->farm_node;
	const struct save_facts *facts = &account->facts;
	struct manifest_entry *entry = manifest_add(manifest, account->place->name);

	entry->node = xstrdup(node->name);
	entry->version = facts->version ? xstrdup(facts->version) : NULL;
	entry->size_bytes = facts->size_bytes;
	entry->rows = facts->rows;
	entry->tables = facts->tables;
	entry->parents = facts->parents ? xstrdup(facts->parents) : NULL;
	add_extensions(entry, account);
	memcpy(entry->sha256, facts->sha256, sizeof(entry->sha256));
	memcpy(entry->saved_at, session_facts(node->session)->snapshot_at,
	       sizeof(entry->saved_at));
}

static void add_node(struct manifest *manifest, const struct farm_node *node)
{
	const struct session_facts *facts = session_facts(node->session);
	struct manifest_node *added = manifest_add_node(manifest, node->name);

	added->host = xstrdup(pgconn_host(session_conn(node->session)));
	added->port = xstrdup(pgconn_port(session_conn(node->session)));
	if (facts->system_identifier)
		added->system_identifier = xstrdup(facts->system_identifier);
	added->database_oid = facts->database_oid;
	added->server_version = xstrdup(facts->server_version);
	added->snapshot = xstrdup(facts->snapshot);
}

/* The versions without duplicates, as one text. Ownership: the caller frees. */
static char *join_versions(struct strvec *versions)
{
	struct strbuf out = { 0 };

	strvec_sort(versions);
	for (size_t i = 0; i < versions->count; i++)
		if (!i || strcmp(versions->v[i], versions->v[i - 1]) != 0)
			strbuf_add_format(&out, "%s%s", i ? ", " : "", versions->v[i]);
	return strbuf_detach(&out);
}

/* Where the new dumps come from, and what dumped them. */
static void add_nodes(const struct save *save, struct manifest *manifest)
{
	const struct save_accounts *accounts = &save->accounts;
	AUTO_FREE bool *is_used = xcalloc(save->nodes.farm->node_count, sizeof(bool));
	AUTO_STRVEC struct strvec versions = { 0 };

	for (size_t i = 0; i < accounts->count; i++)
		if (accounts->list[i].state == ACCOUNT_DUMPED)
			is_used[accounts->list[i].node - save->nodes.list] = true;
	for (size_t i = 0; i < save->nodes.farm->node_count; i++) {
		const struct save_node *node = &save->nodes.list[i];

		if (!is_used[i])
			continue;
		add_node(manifest, node->farm_node);
		strvec_push(&versions, node->tool->version_text);
	}
	manifest->pg_dump = join_versions(&versions);
}

/* Where the carried-over dumps come from, according to an old save. */
static void add_node_of_old(const struct save *save, const char *name,
			    struct manifest *manifest)
{
	const struct save_previous *previous = &save->previous;

	for (size_t i = 0; i < previous->count; i++) {
		const struct manifest_node *from =
			manifest_find_node(&previous->list[i].manifest, name);

		if (from && !previous->is_foreign[i]) {
			struct manifest_node *node = manifest_add_node(manifest, name);

			manifest_copy_node(node, from);
			node->is_carried = true;
			return;
		}
	}
}

static void add_carried(const struct save *save, struct manifest *manifest)
{
	const struct manifest *carried = &save->carry.carried;

	for (size_t i = 0; i < carried->entry_count; i++) {
		const struct manifest_entry *from = &carried->entries[i];

		manifest_copy_entry(manifest_add(manifest, from->account), from);
		if (from->node && !manifest_find_node(manifest, from->node))
			add_node_of_old(save, from->node, manifest);
	}
}

static void fill_manifest(const struct save *save, struct manifest *manifest)
{
	const struct save_accounts *accounts = &save->accounts;

	manifest->serial = save->previous.serial + 1;
	manifest->keep = save->opts.conf->keep;
	manifest->program = xstrdup(save->opts.program);
	manifest->backend = xstrdup(save->nodes.farm->backend);
	manifest->is_whole = save->opts.conf->product.is_whole;
	memcpy(manifest->started, save->started, sizeof(manifest->started));
	clock_now(manifest->finished);
	add_nodes(save, manifest);
	for (size_t i = 0; i < accounts->count; i++)
		if (accounts->list[i].state == ACCOUNT_DUMPED)
			add_account(manifest, &accounts->list[i]);
	add_carried(save, manifest);
	manifest_sort(manifest);
	save_history_plan(save, manifest);
}

/* ---- the swap ---- */

static bool swap(struct save *save, const struct manifest *manifest, struct error *err)
{
	const struct rotate_plan plan = { .window = (unsigned)manifest->window,
					  .dropped = manifest->dropped,
					  .count = manifest->dropped_count };
	AUTO_STRVEC struct strvec notes = { 0 };
	bool is_ok = rotate_commit(&save->layout, &plan, &save->is_swapped, &notes, err);

	run_log_notes(&save->opts, &notes);
	return is_ok;
}

static bool publish(struct save *save, struct error *err)
{
	const char *path = save->layout.staging;
	AUTO_CLOSE int dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct manifest manifest = { 0 };
	bool is_ok;

	if (dir_fd < 0)
		return error_set(err, ERROR_SYSTEM, "open %s: %s", path, strerror(errno));
	fill_manifest(save, &manifest);
	if (manifest_write(dir_fd, &manifest, err) && marker_remove(dir_fd, err))
		is_ok = swap(save, &manifest, err);
	else
		is_ok = error_prefix(err, "%s", path);
	manifest_release(&manifest);
	return is_ok;
}

enum step_result save_publish_enter(void *owner)
{
	struct save *save = owner;
	size_t dumped = save_accounts_count(save, ACCOUNT_DUMPED);
	size_t wanted = save->accounts.count - save_accounts_count(save, ACCOUNT_MISSING);

	if (!lockfile_is_held(save->layout.lock, save->lock_fd)) {
		error_set(&save->error, ERROR_SYSTEM,
			  "somebody deleted the lock file %s: another run may be "
			  "at work in the same place",
			  save->layout.lock);
		error_hint(&save->error, "never delete it; save again");
		return STEP_FAIL;
	}
	if (!dumped) /* each account has reported why */
		return STEP_FAIL;
	if (save->opts.conf->strict && dumped < wanted) {
		error_set(&save->error, ERROR_DATA,
			  "not every account could be dumped, and --strict was "
			  "given: %s is as it was",
			  save->opts.conf->directory);
		return STEP_FAIL;
	}
	return publish(save, &save->error) ? STEP_NEXT : STEP_FAIL;
}
