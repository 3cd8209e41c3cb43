/* SPDX-License-Identifier: PostgreSQL */
/* psql and the thread that feeds it end independently, and only the server knows how the
 * transaction ended. So a unit is finished only after all three have reported. */
#include "task/restore/load.h"

#include <stdlib.h>

#include "base/auto.h"
#include "task/restore/feed.h"
#include "task/restore/nodes.h"
#include "task/restore/unit_end.h"
#include "task/restore/psql.h"
#include "task/restore/settle.h"

static struct restore_unit *unit_of(struct work_item *item)
{
	return (struct restore_unit *)((char *)item -
				       offsetof(struct restore_unit, item));
}

static struct work_item *unit_item(void *owner, size_t index)
{
	struct restore *restore = owner;

	return &restore->units.list[index].item;
}

/* ---- psql and its feed have ended ---- */

static void conclude(struct restore_unit *unit)
{
	struct error unfed;

	unit->is_fed = feed_is_complete(unit->feed, &unfed);
	feed_free(unit->feed);
	unit->feed = NULL;
	if (unfed.kind != ERROR_NONE)
		unit->outcome = unfed; /* psql was cancelled for it */
	/* its first statement reports the transaction: none was begun */
	if (!unit->transaction) {
		restore_unit_end_settled(unit, CATALOG_ROLLED_BACK);
		return;
	}
	restore_unit_end_in_doubt(unit);
	restore_settle(unit);
}

/* A failed feed keeps psql waiting, so that psql does not take the end of its input for
 * the end of the dump. */
static void on_fed(void *owner)
{
	struct restore_unit *unit = owner;
	struct error unfed;

	if (--unit->running == 0)
		conclude(unit);
	else if (!feed_is_complete(unit->feed, &unfed) && unfed.kind != ERROR_NONE)
		worklist_stop(&unit->item);
}

static void on_loaded(void *owner, struct work_item *item,
		      const struct child_result *result)
{
	struct restore *restore = owner;
	struct restore_unit *unit = unit_of(item);
	struct child_result own = *result;
	AUTO_FREE char *said = restore_psql_without_locations(result->messages);
	AUTO_FREE char *words = NULL;

	free(unit->transaction);
	unit->transaction = catalog_take_transaction(said, &words);
	own.messages = words;
	for (size_t i = 0; i < unit->count; i++) /* its share */
		unit->accounts[i]->elapsed_ms = result->elapsed_ms / unit->count;
	unit->outcome = (struct error){ 0 };
	if (child_succeeded(&own, "psql", &unit->outcome))
		run_log_messages(&restore->opts, unit->accounts[0]->plan->name, "restore",
				 words);
	if (--unit->running == 0)
		conclude(unit);
	else
		feed_stop(unit->feed);
}

/* ---- start a psql ---- */

static void announce(const struct restore_unit *unit)
{
	const struct restore *restore = unit->restore;
	bool is_trial = restore_changes_nothing(restore);

	for (size_t i = 0; i < unit->count; i++) {
		const struct catalog_plan *plan = unit->accounts[i]->plan;
		AUTO_FREE char *file =
			savedir_file_name(&restore->source.save, plan->name);

		if (!plan->has_schema)
			log_info(restore->opts.log,
				 is_trial ? "Would add account %s"
					  : "Adding account %s...",
				 plan->name);
		log_info(restore->opts.log, "%s metamodel for account %s from %s/%s...",
			 is_trial ? "Rehearsing the import of" : "Importing", plan->name,
			 restore->opts.conf->directory, file);
	}
}

static bool prepare(void *owner, struct work_item *item, struct child_opts *child,
		    struct error *err)
{
	struct restore *restore = owner;
	struct restore_unit *unit = unit_of(item);
	const struct restore_feed_opts feed = { .loop = restore->opts.loop,
						.save = &restore->source.save,
						.server_major = unit->node->server_major,
						.done = on_fed,
						.owner = unit };

	if (!restore_node_is_usable(unit->node)) {
		*err = unit->node->farm_node->error;
		return false;
	}
	unit->feed = feed_new(&feed, child, err);
	if (!unit->feed)
		return false;
	if (item->attempts == 1)
		announce(unit);
	restore_psql_build(unit, unit->feed, &child->argv);
	run_log_command(&restore->opts, &child->argv);
	child->env = strvec_argv(&unit->node->childenv.env);
	child->timeout_ms = conf_timeout_ms(restore->opts.conf) * unit->count;
	return true;
}

static void on_started(void *owner, struct work_item *item)
{
	struct restore_unit *unit = unit_of(item);

	(void)owner;
	unit->running = 2;
	feed_start(unit->feed);
}

static void on_failed(void *owner, struct work_item *item, const struct error *err)
{
	struct restore_unit *unit = unit_of(item);

	(void)owner;
	feed_free(unit->feed); /* psql did not start */
	unit->feed = NULL;
	restore_unit_end_failed(unit, err);
}

/* ---- all units ---- */

static void on_all_loaded(void *owner)
{
	struct restore *restore = owner;

	worklist_free(restore->load.worklist);
	restore->load.worklist = NULL;
	machine_move(&restore->machine,
		     restore->machine.is_cancelled ? STEP_FAIL : STEP_NEXT);
}

static void make_items(struct restore *restore, bool has_global)
{
	for (size_t i = 0; i < restore->units.count; i++) {
		struct restore_unit *unit = &restore->units.list[i];
		bool is_held = unit->accounts[0]->error || unit->has_global != has_global;

		unit->item =
			(struct work_item){ .group = &unit->node->group,
					    .state = is_held ? WORK_ENDED : WORK_QUEUED };
	}
}

static void close_group(struct restore_node *node)
{
	worklist_close(node->restore->load.worklist, &node->group,
		       &node->farm_node->error);
}

/* Load the units that contain _global, or all others. */
static enum step_result load(struct restore *restore, bool has_global)
{
	const struct restore_nodes *nodes = &restore->nodes;
	AUTO_FREE struct work_group **groups = xcalloc(nodes->count + 1, sizeof(*groups));
	const struct worklist_opts opts = { .loop = restore->opts.loop,
					    .jobs = run_choose_jobs(&restore->opts,
								    restore->farm),
					    .groups = groups,
					    .group_count = nodes->count,
					    .count = restore->units.count,
					    .item = unit_item,
					    .prepare = prepare,
					    .started = on_started,
					    .finished = on_loaded,
					    .failed = on_failed,
					    .done = on_all_loaded,
					    .owner = restore };

	for (size_t i = 0; i < nodes->count; i++) {
		groups[i] = &nodes->list[i].group;
		groups[i]->jobs = nodes->list[i].jobs;
	}
	make_items(restore, has_global);
	restore->load.worklist = worklist_start(&opts);
	for (size_t i = 0; i < nodes->count; i++)
		if (!restore_node_is_usable(&nodes->list[i]))
			close_group(&nodes->list[i]);
	return STEP_WAIT;
}

void restore_load_node_lost(struct restore_node *node)
{
	error_hint(&node->farm_node->error,
		   "see the server's log; when it is back, restore again");
	if (node->restore->load.worklist && !node->restore->machine.is_cancelled)
		close_group(node);
}

enum step_result restore_load_global_enter(void *owner)
{
	static const struct restore_settle_calls calls = {
		.settled = restore_unit_end_settled,
		.failed = restore_load_node_lost,
	};
	struct restore *restore = owner;

	for (size_t i = 0; i < restore->nodes.count; i++) {
		struct restore_node *node = &restore->nodes.list[i];

		if (restore_node_is_usable(node) &&
		    !restore_psql_init_env(node, &node->childenv, &restore->error))
			return STEP_FAIL;
	}
	restore_settle_begin(restore, &calls);
	restore_unit_end_begin(restore);
	return load(restore, true);
}

enum step_result restore_load_accounts_enter(void *owner)
{
	return load(owner, false);
}

void restore_load_cancel(void *owner)
{
	struct restore *restore = owner;

	worklist_cancel(restore->load.worklist);
	restore_settle_hurry(restore);
}

void restore_load_release(struct restore *restore)
{
	worklist_free(restore->load.worklist);
}
