/* SPDX-License-Identifier: PostgreSQL */
/*
 * What the catalogue has and a dump has not: pg_dump leaves out the members of
 * extensions, without a word. A dump creates nothing that the catalogue, under the same
 * snapshot, has not, so their numbers tell; the names are asked for only when they
 * differ.
 */
#include "task/save/internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"

struct missing {
	struct save_node *node;
	void (*done)(void *owner, const struct error *err);
	struct strbuf names; /* of the account at hand */
	char *extension, *remedy;
	struct save_account *account;
};

void save_note_created(struct save_account *a)
{
	struct strvec *created = &a->check->created;
	size_t distinct = 0;

	strvec_sort(created);
	for (size_t i = 0; i < created->count; i++)
		distinct += !i || strcmp(created->v[i], created->v[i - 1]) != 0;
	a->lacks_relations = distinct < a->model->dumped_relations;
	strvec_release(&a->created);
	if (a->lacks_relations)
		a->created = *created;
	else
		strvec_release(created);
	*created = (struct strvec){ 0 };
}

static void end_account(struct missing *m)
{
	struct error err;

	if (m->account && m->names.length && m->extension) {
		error_set(&err, ERROR_DATA,
			  "its dump lacks %s: pg_dump leaves out what is a member of an "
			  "extension (%s)",
			  m->names.buf, m->extension);
		error_hint(&err, "%s; then save again", m->remedy);
	} else if (m->account) {
		error_set(&err, ERROR_DATA, "its dump lacks %s, which the catalogue has",
			  m->names.length ? m->names.buf : "a relation");
		error_hint(&err, "see what pg_dump says of it with --verbose");
	}
	if (m->account)
		save_recheck_failed(m->account, &err);
	m->account = NULL;
	strbuf_reset(&m->names);
	free(m->extension);
	free(m->remedy);
	m->extension = m->remedy = NULL;
}

static void on_member(void *owner, const struct catalog_member *member)
{
	struct missing *m = owner;
	struct save_account *a = save_find_account(m->node->save, member->account);
	AUTO_FREE char *raw_name = catalog_decode_hex(member->raw_name_hex);

	if (!a || a->node != m->node || !a->is_dumped || !a->lacks_relations)
		return;
	if (a != m->account)
		end_account(m);
	m->account = a;
	if (strvec_has(&a->created, raw_name))
		return;
	strbuf_add_format(&m->names, "%s%s", m->names.length ? ", " : "", member->name);
	if (m->extension || !member->extension)
		return;
	m->extension = xstrdup(member->extension);
	m->remedy = xstrdup(member->remedy);
}

static void on_listed(void *owner, const struct error *err)
{
	struct missing *m = owner;

	if (!err)
		end_account(m);
	m->done(m->node, err);
	strbuf_release(&m->names);
	free(m->extension);
	free(m->remedy);
	free(m);
}

bool save_name_missing(struct save_node *n,
		       void (*done)(void *owner, const struct error *err))
{
	struct save *s = n->save;
	AUTO_STRVEC struct strvec accounts = { 0 };
	struct missing *m;

	for (size_t i = 0; i < s->account_count; i++)
		if (s->accounts[i].node == n && s->accounts[i].is_dumped &&
		    s->accounts[i].lacks_relations)
			strvec_push(&accounts, s->accounts[i].place->name);
	if (!accounts.count)
		return false;
	m = xcalloc(1, sizeof(*m));
	m->node = n;
	m->done = done;
	catalog_list_members(n->farm_node->session, &accounts, on_member, on_listed, m);
	return true;
}
