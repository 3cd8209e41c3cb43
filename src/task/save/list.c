/* SPDX-License-Identifier: PostgreSQL */
/* The list: which accounts there are on the nodes, and which cannot be dumped at all. */
#include "task/save/internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "task/origin.h"

static void refuse(struct save_account *a, const char *step, const struct error *err)
{
	save_account_failed(a, step, err);
	a->save->finished++;
}

static bool check_place(const struct save_account *a, struct error *err)
{
	const struct farm_account *place = a->place;

	if (!place->node && place->is_registered)
		return error_set(err, ERROR_DATA, "%s", place->problem);
	if (place->is_registered)
		return true;
	if (a->model && !a->save->opts.conf->accounts.count) {
		error_set(err, ERROR_DATA,
			  "the account is not registered any more, but still has its %s",
			  a->model->has_schema ? "schema" : "place");
		return error_hint(err, "register it again in _global._accounts, or drop "
				       "the schema");
	}
	if (a->model && a->model->looks_like_account)
		return true;
	return error_set(err, ERROR_DATA, "Account %s does not exist.", place->name);
}

static void check_account(struct save_account *a)
{
	const char *name = a->place->name;
	struct error err;
	bool is_ok = str_is_utf8(name, strlen(name)) ||
		     error_set(&err, ERROR_DATA, "its name is not valid UTF-8");

	is_ok = is_ok && check_place(a, &err) && catalog_can_dump(a->model, &err);
	if (!is_ok)
		refuse(a, "list", &err);
	else if (!a->place->is_registered)
		log_warning(a->save->opts.log,
			    "account %s is not registered in _global._accounts", name);
}

static void plan(struct save *s)
{
	for (size_t i = 0; i < s->account_count; i++) {
		const char *name = s->accounts[i].place->name;
		AUTO_FREE char *file = layout_file_name(name);

		if (!s->accounts[i].error)
			log_info(s->opts.log, "Would dump account %s to %s/%s", name,
				 s->opts.conf->directory, file);
	}
}

static void make_accounts(struct save *s)
{
	struct farm *farm = s->farm;
	AUTO_FREE size_t *taken = xcalloc(farm->node_count, sizeof(size_t));

	s->account_count = farm->account_count;
	s->accounts = xcalloc(s->account_count, sizeof(*s->accounts));
	for (size_t i = 0; i < s->account_count; i++) {
		struct save_account *a = &s->accounts[i];

		a->save = s;
		a->place = &farm->accounts[i];
		if (!a->place->node)
			continue;
		a->node = &s->nodes[a->place->node->index];
		if (a->node->models)
			a->model = &a->node->models[taken[a->node - s->nodes]++];
	}
}

/*
 * Behind a pooler, what pg_dump sets before its transaction begins may be set in another
 * session. One after the other, so that they do not take each other's; a dump that was
 * made without the search_path is not sound.
 */
static void note_pooler(struct save_node *n)
{
	const struct log *log = n->save->opts.log;

	n->is_pooled = session_facts(n->farm_node->session)->is_pooled;
	if (!n->is_pooled)
		return;
	n->group.jobs = 1;
	log_warning(log,
		    "database %s is reached through a pooler of transactions, where "
		    "settings of pg_dump may go astray: running one pg_dump at a time; "
		    "save through a pool of sessions (pool_mode = session), or from the "
		    "server itself",
		    n->farm_node->name);
}

/* The accounts of each node that has failed, so that its reason is said once. */
static void refuse_unreachable(struct save *s)
{
	for (size_t i = 0; i < s->farm->node_count; i++) {
		struct save_node *n = &s->nodes[i];

		if (save_node_is_usable(n)) {
			n->group.jobs =
				run_choose_node_jobs(&s->opts, n->farm_node->session);
			note_pooler(n);
		}
		for (size_t k = 0; n->failed_step && k < s->account_count; k++)
			if (s->accounts[k].node == n)
				refuse(&s->accounts[k], n->failed_step,
				       &n->farm_node->error);
	}
}

static enum step_result end_list(struct save *s)
{
	enum step_result result = save_end_asking(s, "list");

	if (result == STEP_FAIL)
		return result;
	make_accounts(s);
	run_log_misplaced(&s->opts, s->farm);
	refuse_unreachable(s);
	for (size_t i = 0; i < s->account_count; i++)
		if (!s->accounts[i].error)
			check_account(&s->accounts[i]);
	if (s->opts.conf->dry_run)
		plan(s);
	return result;
}

static void node_listed(struct save_node *n, const struct error *err)
{
	struct save *s = n->save;

	if (err)
		save_node_failed(n, err);
	if (--s->asking == 0)
		machine_move(&s->machine, end_list(s));
}

static void on_capacity(void *owner, const struct capacity *capacity,
			const struct error *err)
{
	struct save_node *n = owner;

	if (capacity)
		n->capacity = *capacity;
	node_listed(n, err);
}

static void on_listed(void *owner, struct catalog_account *models, size_t count,
		      const struct error *err)
{
	struct save_node *n = owner;
	struct save *s = n->save;

	n->models = models;
	n->catalog_count = count;
	if (!err && count > 1 && s->opts.conf->batch != 1)
		capacity_ask(session_conn(n->farm_node->session), on_capacity, n);
	else
		node_listed(n, err);
}

/* A save of another database is not to be replaced, and soon forgotten, by this one. */
static bool check_newest(struct save *s, const struct origin *origin, struct error *err)
{
	const struct savedir *newest = &s->previous[0];
	const char *dir = s->opts.conf->directory;
	AUTO_FREE char *notice = origin_format_notice(origin, dir);

	if (notice)
		log_warning(s->opts.log, "%s", notice);
	if (origin->verdict != ORIGIN_OTHER)
		return true;
	origin_set_other(origin, &newest->manifest, dir, err);
	if (!s->opts.conf->from_other_database)
		return error_hint(
			err, "save elsewhere with --directory, or move the old save "
			     "away; if this database has taken the place of that one "
			     "(pg_upgrade, a move, a new server), say so once: "
			     "--from-other-database");
	log_warning(s->opts.log, "%s", err->text);
	log_warning(s->opts.log,
		    "it becomes an old save, and no dump is carried over from it");
	return true;
}

static bool check_database(struct save *s, struct error *err)
{
	s->is_foreign = xcalloc(s->previous_count + 1, sizeof(bool));
	for (size_t i = 0; i < s->previous_count; i++) {
		struct origin origin;

		origin_compare(&s->previous[i].manifest, s->farm, &origin);
		s->is_foreign[i] = origin.verdict == ORIGIN_OTHER;
		if (!i && !check_newest(s, &origin, err))
			return false;
	}
	return true;
}

static bool check_farm(struct save *s, struct error *err)
{
	if (!check_database(s, err))
		return false;
	return s->farm->has_accounts_table || run_set_no_accounts(s->farm, err);
}

static void list_node(struct save_node *n)
{
	const struct session_facts *facts = session_facts(n->farm_node->session);
	struct save *s = n->save;
	AUTO_STRVEC struct strvec names = { 0 };

	log_debug(s->opts.log, "snapshot %s of database %s, server %s, %s",
		  facts->snapshot ? facts->snapshot : "none", facts->dbname,
		  facts->server_version, n->tool->pgtool.version_text);
	farm_list(s->farm, n->farm_node, &names);
	s->asking++;
	catalog_list_accounts(n->farm_node->session, &names, on_listed, n);
}

enum step_result save_list_enter(void *owner)
{
	struct save *s = owner;

	if (!check_farm(s, &s->error))
		return STEP_FAIL;
	s->asking = 1; /* this very call */
	for (size_t i = 0; i < s->farm->node_count; i++)
		if (save_node_is_usable(&s->nodes[i]))
			list_node(&s->nodes[i]);
	return --s->asking ? STEP_WAIT : end_list(s);
}
