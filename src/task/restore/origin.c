/* SPDX-License-Identifier: PostgreSQL */
/*
 * Whose save is it? One of another database may be loaded where it replaces nothing: so
 * one moves, or starts again after a lost server. What would be replaced is looked at and
 * told, and only --from-other-database says yes to it.
 */
#include "task/restore/internal.h"

#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "catalog/states.h"
#include "task/origin.h"

enum { MOST_TOLD = 5 };

static void add_replaced(const struct restore *r, const struct catalog_state *s,
			 struct strvec *out)
{
	const struct manifest_entry *e = manifest_find(&r->save.manifest, s->name);

	strvec_push_format(out, "%s: here at version %s, saved at version %s, %s",
			   s->name, s->version ? s->version : "nil",
			   e && e->version ? e->version : "nil",
			   e ? e->saved_at : "not in the save");
}

static void refuse(struct restore *r)
{
	struct origin origin;

	origin_compare(&r->save.manifest, r->farm, &origin);
	origin_set_other(&origin, &r->save.manifest, r->opts.conf->directory, &r->error);
	strvec_sort(&r->replaced);
	for (size_t i = 0; i < r->replaced.count && i < MOST_TOLD; i++) {
		error_append(&r->error, "\n");
		error_append(&r->error, r->replaced.v[i]);
	}
	if (r->replaced.count > MOST_TOLD) {
		AUTO_FREE char *more = str_format("\nand %zu accounts more",
						  r->replaced.count - MOST_TOLD);

		error_append(&r->error, more);
	}
	error_hint(&r->error,
		   "name the database that it is of with --dbname, or the save of this "
		   "one with --directory; only if these accounts are to be replaced by "
		   "those of the other database: --from-other-database");
}

static void on_states(void *owner, struct catalog_states *states, const struct error *err)
{
	struct restore_node *n = owner;
	struct restore *r = n->restore;

	if (err && !restore_node_is_lost(n))
		farm_node_failed(n->farm_node, err);
	for (size_t i = 0; i < states->count; i++)
		add_replaced(r, &states->list[i], &r->replaced);
	catalog_states_release(states);
	if (--r->asking)
		return;
	if (!r->machine.is_cancelled)
		refuse(r);
	machine_move(&r->machine, STEP_FAIL);
}

/* Ask what is there of the accounts that would be replaced. */
static void ask_node(struct restore_node *n)
{
	struct restore *r = n->restore;
	AUTO_STRVEC struct strvec names = { 0 };

	for (size_t i = 0; i < n->plan_count; i++)
		if (n->plans[i].present)
			strvec_push(&names, n->plans[i].name);
	if (!names.count || restore_node_is_lost(n))
		return;
	r->asking++;
	catalog_read_states(n->farm_node->session, &names,
			    r->opts.conf->lock_wait_s * 1000, on_states, n);
}

enum step_result restore_enter_origin(void *owner)
{
	struct restore *r = owner;
	const char *dir = r->opts.conf->directory;
	AUTO_FREE char *notice = NULL;
	struct origin origin;

	if (r->is_trial) /* into a database of our own */
		return STEP_NEXT;
	origin_compare(&r->save.manifest, r->farm, &origin);
	notice = origin_format_notice(&origin, dir);
	if (notice)
		log_warning(r->opts.log, "%s", notice);
	if (origin.verdict != ORIGIN_OTHER)
		return STEP_NEXT;
	if (!r->opts.conf->from_other_database) {
		r->asking = 0;
		for (size_t i = 0; i < r->farm->node_count; i++)
			ask_node(&r->nodes[i]);
		if (r->asking)
			return STEP_WAIT;
	}
	origin_set_other(&origin, &r->save.manifest, dir, &r->error);
	log_warning(r->opts.log, "%s", r->error.text);
	r->error = (struct error){ .kind = ERROR_NONE };
	return STEP_NEXT;
}
