/* SPDX-License-Identifier: PostgreSQL */
/* A farm may have servers of many versions, and a tool serves only its own version well.
 * Starting a tool to ask for its version takes time, so this is done once per version. */
#include "task/tools.h"

#include <stdlib.h>

#include "base/str.h"
#include "pg/session.h"
#include "proc/loop.h"

/* The tool for the servers of one major version. */
struct version {
	struct tools *tools;
	unsigned server_major;
	struct pgtool_search *search; /* NULL: it has ended */
	struct pgtool tool;
};

struct tools {
	struct tools_opts opts;
	struct version *versions;
	size_t version_count;
	struct version **by_node; /* in the order of the farm's nodes; NULL: left out */
	size_t pending;           /* running searches */
};

static void on_found(void *owner, const struct pgtool *tool, const struct error *err)
{
	struct version *version = owner;
	struct tools *tools = version->tools;
	const struct farm *farm = tools->opts.farm;

	version->search = NULL;
	if (!err) {
		pgtool_copy(&version->tool, tool);
		run_log_newer_tool(tools->opts.run, tool, tools->opts.name,
				   version->server_major);
	}
	for (size_t i = 0; err && i < farm->node_count; i++)
		if (tools->by_node[i] == version &&
		    farm->nodes[i]->error.kind == ERROR_NONE)
			farm_node_failed(farm->nodes[i], err);
	if (--tools->pending == 0)
		tools->opts.done(tools->opts.owner);
}

static void on_nothing_to_find(void *owner)
{
	struct tools *tools = owner;

	tools->opts.done(tools->opts.owner);
}

static struct version *require_version(struct tools *tools, unsigned server_major)
{
	const struct run_opts *run = tools->opts.run;
	struct version *version;

	for (size_t i = 0; i < tools->version_count; i++)
		if (tools->versions[i].server_major == server_major)
			return &tools->versions[i];
	version = &tools->versions[tools->version_count++];
	*version = (struct version){ .tools = tools, .server_major = server_major };
	tools->pending++;
	version->search = pgtool_find(run->loop, tools->opts.name, run->conf->pg_bindir,
				      server_major, on_found, version);
	return version;
}

struct tools *tools_start(const struct tools_opts *opts)
{
	struct tools *tools = xcalloc(1, sizeof(*tools));
	const struct farm *farm = opts->farm;

	tools->opts = *opts;
	tools->versions = xcalloc(farm->node_count + 1, sizeof(*tools->versions));
	tools->by_node = xcalloc(farm->node_count + 1, sizeof(struct version *));
	for (size_t i = 0; i < farm->node_count; i++) {
		const struct farm_node *node = farm->nodes[i];

		if (node->error.kind == ERROR_NONE)
			tools->by_node[i] = require_version(
				tools, session_server_major(node->session));
	}
	if (!tools->pending)
		timer_start(opts->run->loop, 0, on_nothing_to_find, tools);
	return tools;
}

void tools_cancel(struct tools *tools)
{
	for (size_t i = 0; tools && i < tools->version_count; i++)
		if (tools->versions[i].search)
			pgtool_cancel(tools->versions[i].search);
}

const struct pgtool *tools_find(const struct tools *tools, const struct farm_node *node)
{
	const struct version *version = tools->by_node[node->index];

	return version ? &version->tool : NULL;
}

void tools_free(struct tools *tools)
{
	if (!tools)
		return;
	for (size_t i = 0; i < tools->version_count; i++)
		pgtool_release(&tools->versions[i].tool);
	free(tools->versions);
	free(tools->by_node);
	free(tools);
}
