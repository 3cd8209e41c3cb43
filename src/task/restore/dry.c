/* SPDX-License-Identifier: PostgreSQL */
/*
 * The dry run: a line for each account, which says what a restore would change.
 *
 *	agentzh: 10 tables -> 7, version 0.009 -> 0.001, saved 2 h ago
 *
 * What stays as it is, is said once. With --verbose, more lines follow it.
 */
#include "task/restore/internal.h"

#include <inttypes.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/str.h"

/* ---- present: the versions that are there ---- */

static void on_states(void *owner, struct catalog_states *states, const struct error *err)
{
	struct restore_node *n = owner;
	struct restore *r = n->restore;

	n->states = *states;
	if (err && !r->machine.is_cancelled && !restore_node_is_lost(n))
		log_warning(r->opts.log, "which versions are there is not known: %s",
			    err->text);
	for (size_t i = 0; i < n->states.count; i++) {
		const struct catalog_state *s = &n->states.list[i];

		r->accounts[farm_find(r->farm, s->name) - r->farm->accounts].state = s;
	}
	machine_move(&r->machine, restore_asked(r));
}

enum step_result restore_enter_present(void *owner)
{
	struct restore *r = owner;

	if (!r->opts.conf->dry_run)
		return STEP_NEXT;
	r->asking = 1; /* this very call */
	for (size_t i = 0; i < r->farm->node_count; i++) {
		struct restore_node *n = &r->nodes[i];
		AUTO_STRVEC struct strvec names = { 0 };

		for (size_t k = 0; k < r->account_count; k++) {
			const struct restore_account *a = &r->accounts[k];

			if (restore_is_planned(a, n) && a->plan->has_schema)
				strvec_push(&names, a->plan->name);
		}
		if (restore_node_is_lost(n) || !names.count)
			continue;
		r->asking++;
		catalog_read_states(n->farm_node->session, &names,
				    r->opts.conf->lock_wait_s * 1000, on_states, n);
	}
	return restore_asked(r);
}

/* ---- what is said of an account ---- */

static const char *version_now(const struct restore_account *a)
{
	if (!a->state)
		return "?";
	switch (a->state->kind) {
	case CATALOG_NO_VERSION:
		return "nil";
	case CATALOG_VERSION:
		return a->state->version;
	case CATALOG_BROKEN:
	case CATALOG_UNREADABLE:
		break;
	}
	return "?";
}

static void add_tables(const struct restore_account *a, struct strbuf *out)
{
	uint64_t now = a->plan->has_schema ? a->plan->tables : a->dump.facts.tables;

	strbuf_add_format(out, "%" PRIu64 " table%s", now, now == 1 ? "" : "s");
	if (now != a->dump.facts.tables)
		strbuf_add_format(out, " -> %" PRIu32, a->dump.facts.tables);
}

static void add_version(const struct restore_account *a, struct strbuf *out)
{
	const char *saved = a->dump.version ? a->dump.version : "nil";
	const char *now = a->plan->has_schema ? version_now(a) : saved;

	strbuf_add_format(out, ", version %s", now);
	if (strcmp(now, saved) != 0)
		strbuf_add_format(out, " -> %s", saved);
}

static void add_age(const struct manifest_entry *e, struct strbuf *out)
{
	char age[CLOCK_AGE_BYTES];

	if (!e)
		return;
	clock_format_age(clock_parse(e->saved_at), time(NULL), age);
	strbuf_add_format(out, ", saved %s", age);
	if (e->is_stale && e->is_failed)
		strbuf_add_str(out, " (stale: saving it failed since)");
}

static void add_destroyed(const struct catalog_plan *p, struct strbuf *out)
{
	size_t count = 0;

	for (const char *line = p->outsiders; line; line = strchr(line + 1, '\n'))
		count++;
	if (count)
		strbuf_add_format(out, ", destroys %zu object%s outside the metamodel",
				  count, count == 1 ? "" : "s");
}

static void tell_details(const struct restore_account *a)
{
	const struct restore *r = a->restore;
	const struct catalog_plan *p = a->plan;
	AUTO_FREE char *file = savedir_file_name(&r->save, p->name);

	if (a->state && a->state->problem)
		log_info(r->opts.log, "    %s", a->state->problem);
	if (p->present)
		log_info(r->opts.log, "    would be dropped: %s", p->present);
	for (const char *line = p->outsiders; line && *line;) {
		size_t length = strcspn(line, "\n");

		log_info(r->opts.log, "    would be destroyed: %.*s", (int)length, line);
		line += length + (line[length] == '\n');
	}
	log_info(r->opts.log, "    would be loaded: %s/%s", r->opts.conf->directory,
		 file);
}

void restore_tell_account(const struct restore_account *a)
{
	const struct log *log = a->restore->opts.log;
	AUTO_STRBUF struct strbuf line = { 0 };

	strbuf_add_format(&line, "%s", a->plan->name);
	if (a->restore->farm->has_proxy)
		strbuf_add_format(&line, " on node %s", a->node->farm_node->name);
	strbuf_add_str(&line, a->plan->has_schema ? ": " : ": would be added: ");
	add_tables(a, &line);
	add_version(a, &line);
	add_age(a->dump.entry, &line);
	add_destroyed(a->plan, &line);
	log_info(log, "%s", line.buf);
	if (log->level >= LOG_DEBUG)
		tell_details(a);
}
