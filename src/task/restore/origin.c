/* SPDX-License-Identifier: PostgreSQL */
/*
 * A save of another database may be loaded where it replaces nothing, for instance to
 * move to another server or to start again after losing one. If it would replace
 * something, the restore lists that and needs --from-other-database.
 */
#include "task/restore/origin.h"

#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "catalog/states.h"
#include "task/origin.h"
#include "task/restore/nodes.h"

enum { MOST_TOLD = 5 };

static void add_replaced(struct restore *restore, const struct catalog_state *state)
{
	const struct manifest_entry *entry =
		manifest_find(&restore->source.save.manifest, state->name);

	strvec_push_format(&restore->replaced,
			   "%s: here at version %s, saved at version %s, %s", state->name,
			   state->version ? state->version : "nil",
			   entry && entry->version ? entry->version : "nil",
			   entry ? entry->saved_at : "not in the save");
}

/* All nodes have reported what exists. */
static enum step_result refuse(struct restore *restore)
{
	const struct manifest *manifest = &restore->source.save.manifest;
	struct strvec *replaced = &restore->replaced;
	struct origin origin;

	origin_compare(manifest, restore->farm, &origin);
	origin_set_other(&origin, manifest, restore->opts.conf->directory,
			 &restore->error);
	strvec_sort(replaced);
	for (size_t i = 0; i < replaced->count && i < MOST_TOLD; i++) {
		error_append(&restore->error, "\n");
		error_append(&restore->error, replaced->v[i]);
	}
	if (replaced->count > MOST_TOLD) {
		AUTO_FREE char *more = str_format("\nand %zu more accounts",
						  replaced->count - MOST_TOLD);

		error_append(&restore->error, more);
	}
	error_hint(&restore->error,
		   "name the save's database with --dbname, or this database's save with "
		   "--directory; use --from-other-database only to replace these "
		   "accounts with those of the other database");
	return STEP_FAIL;
}

static void on_states(void *owner, struct catalog_states *states, const struct error *err)
{
	struct restore_node *node = owner;

	if (err)
		restore_node_fail(node, err);
	for (size_t i = 0; i < states->count; i++)
		add_replaced(node->restore, &states->list[i]);
	catalog_states_release(states);
	restore_nodes_answered(node);
}

/* The accounts of a node that would be replaced. */
static void list_present(const struct restore_node *node, struct strvec *out)
{
	for (size_t i = 0; i < node->plan_count; i++)
		if (node->plans[i].present)
			strvec_push(out, node->plans[i].name);
}

static bool ask(struct restore_node *node)
{
	AUTO_STRVEC struct strvec names = { 0 };

	list_present(node, &names);
	if (names.count)
		catalog_read_states(node->farm_node->session, &names,
				    conf_lock_wait_ms(node->restore->opts.conf),
				    on_states, node);
	return names.count > 0;
}

static bool replaces_any(const struct restore *restore)
{
	AUTO_STRVEC struct strvec names = { 0 };

	for (size_t i = 0; i < restore->nodes.count; i++)
		if (restore_node_is_usable(&restore->nodes.list[i]))
			list_present(&restore->nodes.list[i], &names);
	return names.count > 0;
}

enum step_result restore_origin_enter(void *owner)
{
	static const struct restore_question question = { .ask = ask,
							  .answered = refuse };
	struct restore *restore = owner;
	const struct manifest *manifest = &restore->source.save.manifest;
	const char *dir = restore->opts.conf->directory;
	AUTO_FREE char *notice = NULL;
	struct origin origin;
	struct error other;

	if (restore->is_trial) /* into a scratch database */
		return STEP_NEXT;
	origin_compare(manifest, restore->farm, &origin);
	notice = origin_format_notice(&origin, dir);
	if (notice)
		log_warning(restore->opts.log, "%s", notice);
	if (origin.verdict != ORIGIN_OTHER)
		return STEP_NEXT;
	if (!restore->opts.conf->from_other_database && replaces_any(restore))
		return restore_nodes_ask(restore, &question);
	origin_set_other(&origin, manifest, dir, &other);
	log_warning(restore->opts.log, "%s", other.text);
	return STEP_NEXT;
}
