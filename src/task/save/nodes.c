/* SPDX-License-Identifier: PostgreSQL */
/* The nodes: connected, with the pg_dump that serves each, and looked at again at the
 * end. */
#include "task/save/internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "catalog/recheck.h"

enum step_result save_end_asking(struct save *s, const char *step)
{
	size_t usable = 0;

	for (size_t i = 0; i < s->farm->node_count; i++) {
		struct save_node *n = &s->nodes[i];

		if (save_node_is_usable(n))
			usable++;
		else if (!n->failed_step)
			n->failed_step = step;
	}
	if (s->machine.is_cancelled)
		return STEP_FAIL;
	if (usable || !s->farm->node_count)
		return STEP_NEXT;
	s->error = s->farm->nodes[0]->error;
	return STEP_FAIL;
}

void save_node_failed(struct save_node *n, const struct error *err)
{
	if (save_node_is_usable(n))
		farm_node_failed(n->farm_node, err);
}

/* ---- connect ---- */

static void on_farm_ready(void *owner, const struct error *err)
{
	struct save *s = owner;

	if (err) {
		s->error = *err;
		machine_move(&s->machine, STEP_FAIL);
		return;
	}
	s->nodes = xcalloc(s->farm->node_count, sizeof(*s->nodes));
	for (size_t i = 0; i < s->farm->node_count; i++)
		s->nodes[i] =
			(struct save_node){ .save = s, .farm_node = s->farm->nodes[i] };
	machine_move(&s->machine, save_end_asking(s, "connect"));
}

static void on_node_lost(void *owner, struct farm_node *node, const struct error *err)
{
	struct save *s = owner;

	(void)err;
	error_hint(&node->error, "%s", "");
	save_add_hint(&node->error);
	if (!node->error.hint[0])
		error_hint(&node->error, "see the server's log, and save again");
	if (s->machine.step == SAVE_DUMP)
		worklist_close(s->worklist, &s->nodes[node->index].group, &node->error);
}

enum step_result save_connect_enter(void *owner)
{
	struct save *s = owner;
	bool is_dry = s->opts.conf->dry_run;
	const struct farm_opts opts = {
		.program = "metamodel save",
		.lock = is_dry ? SESSION_LOCK_NONE : SESSION_LOCK_SHARED,
		.has_snapshot = !is_dry,
		.names = &s->opts.conf->accounts,
		.former = &s->former,
		.ready = on_farm_ready,
		.lost = on_node_lost,
		.owner = s,
	};

	savedir_list_accounts(&s->previous[0], &s->former);
	s->farm = run_start_farm(&s->opts, &opts);
	return STEP_WAIT;
}

/* ---- tool: the pg_dump that serves a node's server ---- */

static void on_tool_found(void *owner, const struct pgtool *tool, const struct error *err)
{
	struct save_tool *t = owner;
	struct save *s = t->save;

	t->search = NULL;
	if (!err) {
		pgtool_copy(&t->pgtool, tool);
		run_log_newer_tool(&s->opts, tool, "pg_dump", t->major);
	}
	for (size_t i = 0; err && i < s->farm->node_count; i++)
		if (s->nodes[i].tool == t)
			save_node_failed(&s->nodes[i], err);
	if (--s->asking == 0)
		machine_move(&s->machine, save_end_asking(s, "tool"));
}

static struct save_tool *require_tool(struct save *s, unsigned major)
{
	struct save_tool *t;

	for (size_t i = 0; i < s->tool_count; i++)
		if (s->tools[i].major == major)
			return &s->tools[i];
	t = &s->tools[s->tool_count++];
	*t = (struct save_tool){ .save = s, .major = major };
	s->asking++;
	t->search = pgtool_find(s->opts.loop, "pg_dump", s->opts.conf->pg_bindir, major,
				on_tool_found, t);
	return t;
}

enum step_result save_tool_enter(void *owner)
{
	struct save *s = owner;

	s->asking = 1; /* this very call */
	s->tools = xcalloc(s->farm->node_count, sizeof(*s->tools));
	for (size_t i = 0; i < s->farm->node_count; i++) {
		struct save_node *n = &s->nodes[i];

		if (save_node_is_usable(n))
			n->tool = require_tool(
				s, session_server_major(n->farm_node->session));
	}
	return --s->asking ? STEP_WAIT : save_end_asking(s, "tool");
}

/* ---- recheck: was anything changed behind the snapshot's back? ---- */

void save_recheck_failed(struct save_account *a, const struct error *err)
{
	save_discard_dump(a); /* so that a better one can be carried over */
	save_account_failed(a, "recheck", err);
	a->save->dumped--;
}

static void on_changed(void *owner, const char *schema, const char *why)
{
	struct save_node *n = owner;
	struct save_account *a = save_find_account(n->save, schema);
	struct error err;

	if (!a || a->node != n || !a->is_dumped)
		return;
	error_set(
		&err, ERROR_DATA,
		"%s while the account was dumped: the dump may lack rows, or hold others",
		why);
	run_hint_command(&n->save->opts, &err, "save it again", a->place->name);
	save_recheck_failed(a, &err);
}

/* Without the check no dump of this node can be told from an empty one: none of them
 * counts. */
static void on_rechecked(void *owner, const struct error *err)
{
	struct save_node *n = owner;
	struct save *s = n->save;

	for (size_t i = 0; err && !s->machine.is_cancelled && i < s->account_count; i++) {
		struct save_account *a = &s->accounts[i];
		struct error unchecked = *err;

		if (a->node != n || !a->is_dumped)
			continue;
		error_prefix(&unchecked,
			     "it could not be checked whether a table was truncated or "
			     "changed while it was dumped");
		farm_name_error(n->farm_node, &unchecked);
		error_hint(&unchecked, "save again");
		save_recheck_failed(a, &unchecked);
	}
	if (--s->asking == 0)
		machine_move(&s->machine,
			     s->machine.is_cancelled ? STEP_FAIL : STEP_NEXT);
}

static void on_missing_named(void *owner, const struct error *err)
{
	struct save_node *n = owner;

	if (err)
		on_rechecked(n, err);
	else
		recheck_start(n->farm_node->session, on_changed, on_rechecked, n);
}

void save_recheck_start(struct save_node *n)
{
	struct save *s = n->save;

	for (size_t i = 0; i < s->account_count; i++) {
		if (s->accounts[i].node != n || !s->accounts[i].is_dumped)
			continue;
		s->asking++;
		if (!save_name_missing(n, on_missing_named))
			recheck_start(n->farm_node->session, on_changed, on_rechecked, n);
		return;
	}
}

enum step_result save_recheck_enter(void *owner)
{
	struct save *s = owner;

	return --s->asking ? STEP_WAIT : STEP_NEXT;
}

/* ---- the end ---- */

void save_tool_cancel(void *owner)
{
	struct save *s = owner;

	for (size_t i = 0; i < s->tool_count; i++)
		if (s->tools[i].search)
			pgtool_cancel(s->tools[i].search);
}

void save_nodes_release(struct save *s)
{
	for (size_t i = 0; s->nodes && i < s->farm->node_count; i++) {
		free(s->nodes[i].given_up);
		catalog_accounts_free(s->nodes[i].models, s->nodes[i].catalog_count);
		childenv_release(&s->nodes[i].childenv);
		capacity_release(&s->nodes[i].capacity);
	}
	for (size_t i = 0; i < s->tool_count; i++)
		pgtool_release(&s->tools[i].pgtool);
	free(s->tools);
	free(s->nodes);
	farm_free(s->farm);
}
