/* SPDX-License-Identifier: PostgreSQL */
/*
 * A farm has many servers, of different versions, and some may be down. Whatever can be
 * saved is saved, so a node's failure affects only that node, until all have failed.
 */
#include "task/save/nodes.h"

#include <stdlib.h>

#include "base/str.h"
#include "task/save/hint.h"
#include "task/save/setbacks.h"
#include "task/tools.h"

bool save_node_is_usable(const struct save_node *node)
{
	return node->farm_node->error.kind == ERROR_NONE;
}

void save_node_fail(struct save_node *node, const struct error *err)
{
	if (save_node_is_usable(node))
		farm_node_failed(node->farm_node, err);
}

enum step_result save_nodes_settle(struct save *save, const char *step)
{
	const struct farm *farm = save->nodes.farm;
	size_t usable = 0;

	for (size_t i = 0; i < farm->node_count; i++) {
		struct save_node *node = &save->nodes.list[i];

		if (save_node_is_usable(node))
			usable++;
		else if (!node->failed_step)
			node->failed_step = step;
	}
	if (save->machine.is_cancelled)
		return STEP_FAIL;
	if (usable || !farm->node_count)
		return STEP_NEXT;
	save->error = farm->nodes[0]->error;
	return STEP_FAIL;
}

/* ---- connect ---- */

static void on_ready(void *owner, const struct error *err)
{
	struct save *save = owner;
	struct farm *farm = save->nodes.farm;

	if (err) {
		save->error = *err;
		machine_move(&save->machine, STEP_FAIL);
		return;
	}
	save->nodes.list = xcalloc(farm->node_count, sizeof(struct save_node));
	for (size_t i = 0; i < farm->node_count; i++) {
		save->nodes.list[i].save = save;
		save->nodes.list[i].farm_node = farm->nodes[i];
	}
	machine_move(&save->machine, save_nodes_settle(save, "connect"));
}

static void on_lost(void *owner, struct farm_node *farm_node, const struct error *err)
{
	struct save *save = owner;

	(void)err;
	error_hint(&farm_node->error, "%s", "");
	save_hint_add(&farm_node->error);
	if (!farm_node->error.hint[0])
		error_hint(&farm_node->error, "see the server's log, and save again");
	if (save->nodes.list)
		save->nodes.lost(&save->nodes.list[farm_node->index]);
}

enum step_result save_nodes_connect(void *owner)
{
	struct save *save = owner;
	bool is_dry = save->opts.conf->dry_run;
	const struct farm_opts opts = {
		.program = "metamodel save",
		.lock = is_dry ? SESSION_LOCK_NONE : SESSION_LOCK_SHARED,
		.has_snapshot = !is_dry,
		.names = &save->opts.conf->accounts,
		.former = &save->nodes.former,
		.ready = on_ready,
		.lost = on_lost,
		.owner = save,
	};

	savedir_list_accounts(&save->previous.list[0], &save->nodes.former);
	save->nodes.farm = run_start_farm(&save->opts, &opts);
	return STEP_WAIT;
}

void save_nodes_disconnect(void *owner)
{
	struct save *save = owner;

	farm_disconnect(save->nodes.farm);
}

/* ---- tool ---- */

static void on_tools_found(void *owner)
{
	struct save *save = owner;
	const struct farm *farm = save->nodes.farm;

	for (size_t i = 0; i < farm->node_count; i++)
		save->nodes.list[i].tool = tools_find(save->nodes.tools, farm->nodes[i]);
	machine_move(&save->machine, save_nodes_settle(save, "tool"));
}

enum step_result save_nodes_find_tools(void *owner)
{
	struct save *save = owner;

	save->nodes.tools = tools_start(&(struct tools_opts){ .run = &save->opts,
							      .farm = save->nodes.farm,
							      .name = "pg_dump",
							      .done = on_tools_found,
							      .owner = save });
	return STEP_WAIT;
}

void save_nodes_cancel_tools(void *owner)
{
	struct save *save = owner;

	tools_cancel(save->nodes.tools);
}

/* ---- the end ---- */

static void release_listing(struct save_listing *listing)
{
	catalog_accounts_free(listing->accounts, listing->count);
	capacity_release(&listing->capacity);
	for (size_t i = 0; i < listing->extension_count; i++) {
		free(listing->extensions[i].schema);
		free(listing->extensions[i].name);
		free(listing->extensions[i].version);
		free(listing->extensions[i].place);
	}
	free(listing->extensions);
}

void save_nodes_release(struct save *save)
{
	struct save_nodes *nodes = &save->nodes;

	for (size_t i = 0; nodes->list && i < nodes->farm->node_count; i++) {
		struct save_node *node = &nodes->list[i];

		release_listing(&node->listing);
		childenv_release(&node->childenv);
		save_setbacks_release(&node->setbacks);
	}
	tools_free(nodes->tools);
	free(nodes->list);
	strvec_release(&nodes->former);
	farm_free(nodes->farm);
}
