/* SPDX-License-Identifier: PostgreSQL */
/* What dumps take for granted and no save holds: types, functions, extensions and so on.
 */
#include "task/restore/internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/str.h"
#include "catalog/objects.h"
#include "dump/header.h"
#include "dump/needs.h"

enum { MOST_NAMED = 12, MOST_REMEDIES = 3 };

struct objects {
	const struct catalog_object *found;
	size_t count;
};

static bool is_ascii(const char *text)
{
	for (; *text; text++)
		if (*text & 0x80)
			return false;
	return true;
}

/* Is it the same name to the server, and no error? */
static bool is_comparable(const struct restore_account *a, const char *name)
{
	const char *of_server = session_facts(a->node->farm_node->session)->encoding;

	return is_ascii(name) ||
	       (!strcasecmp(of_server, "UTF8") && str_is_utf8(name, strlen(name)) &&
		(!*a->dump.facts.encoding ||
		 !strcasecmp(a->dump.facts.encoding, "UTF8")));
}

/* Relations of the accounts that come back with this one, or before it, and the types of
 * their rows, may not be there yet. */
static bool is_restored(const struct restore_account *a, enum dumpneeds_kind kind,
			const char *schema, const char *name,
			const struct strvec *raw_names)
{
	/* what its own dump creates is not among its needs */
	if (!strcmp(schema, a->plan->raw_name) || !strvec_has(raw_names, schema))
		return false;
	return dumpneeds_is_relation(kind) ||
	       (kind == NEED_TYPE && str_has_prefix(name, STORED_PREFIX));
}

static void list_needs(const struct restore_account *a, const struct strvec *raw_names,
		       struct strvec *out)
{
	char schema[DUMP_TEXT_SIZE], name[DUMP_TEXT_SIZE];

	for (size_t i = 0; i < a->dump.needs.count; i++) {
		const char *need = a->dump.needs.v[i];
		enum dumpneeds_kind kind = dumpneeds_parse(need, schema, name);

		if (is_comparable(a, schema) && is_comparable(a, name) &&
		    !is_restored(a, kind, schema, name, raw_names))
			strvec_push(out, need);
	}
}

static bool is_left_out(const struct restore_account *a, const char *need)
{
	char schema[DUMP_TEXT_SIZE], name[DUMP_TEXT_SIZE];

	return dumpneeds_parse(need, schema, name) == NEED_HEADER &&
	       dumpheader_leaves_out(name, a->node->server_major);
}

/* "a, b and 3 more", "x; y" */
struct told {
	struct strbuf whats;
	struct strvec remedies;
	size_t count;
};

static void tell(struct told *t, const struct catalog_object *o)
{
	if (t->count++ < MOST_NAMED) {
		strbuf_add_str(&t->whats, t->count > 1 ? ", " : "");
		strbuf_add_printable(&t->whats, o->what);
	}
	for (size_t i = 0; i < t->remedies.count; i++)
		if (o->remedy && !strcmp(t->remedies.v[i], o->remedy))
			return;
	if (o->remedy)
		strvec_push(&t->remedies, o->remedy);
}

static void format_remedies(const struct told *t, struct strbuf *out)
{
	for (size_t i = 0; i < t->remedies.count && i < MOST_REMEDIES; i++) {
		strbuf_add_str(out, i ? "; " : "");
		strbuf_add_printable(out, t->remedies.v[i]);
	}
	if (t->remedies.count > MOST_REMEDIES)
		strbuf_add_str(out, "; and so on");
}

static void set_missing(struct told *t, const char *dbname, struct error *err)
{
	AUTO_STRBUF struct strbuf remedies = { 0 };

	format_remedies(t, &remedies);
	error_set(err, ERROR_DATA,
		  "database \"%s\" does not have what its dump needs: %s", dbname,
		  t->whats.buf);
	error_hint(err, "no save holds it: make it first%s%s",
		   remedies.length ? ": " : "", remedies.length ? remedies.buf : "");
}

static void set_closed(struct told *t, struct error *err)
{
	AUTO_STRBUF struct strbuf remedies = { 0 };

	format_remedies(t, &remedies);
	error_set(err, ERROR_DATA,
		  "the role that restores may not use what its dump needs: %s",
		  t->whats.buf);
	error_hint(err, "restore as a role that may (-U), or grant it: %s", remedies.buf);
}

static bool check(const struct restore_account *a, const struct objects *objects,
		  const struct strvec *raw_names, struct error *err)
{
	const char *dbname = session_facts(a->node->farm_node->session)->dbname;
	AUTO_STRVEC struct strvec needs = { 0 };
	struct told missing = { 0 }, closed = { 0 };

	list_needs(a, raw_names, &needs);
	for (size_t i = 0; i < needs.count; i++) {
		const struct catalog_object *o =
			catalog_find_object(objects->found, objects->count, needs.v[i]);

		if (o && !is_left_out(a, needs.v[i]))
			tell(o->is_closed ? &closed : &missing, o);
	}
	for (struct told *t = &missing; t; t = t == &missing ? &closed : NULL)
		if (t->count > MOST_NAMED)
			strbuf_add_format(&t->whats, " and %zu more",
					  t->count - MOST_NAMED);
	if (missing.count)
		set_missing(&missing, dbname, err);
	else if (closed.count)
		set_closed(&closed, err);
	strbuf_release(&missing.whats);
	strvec_release(&missing.remedies);
	strbuf_release(&closed.whats);
	strvec_release(&closed.remedies);
	return !missing.count && !closed.count;
}

/* The names of the accounts of a node that come back, sorted. */
static void list_restored(const struct restore_node *n, struct strvec *out)
{
	const struct restore *r = n->restore;

	for (size_t i = 0; i < r->account_count; i++)
		if (r->accounts[i].node == n && r->accounts[i].plan &&
		    !r->accounts[i].error)
			strvec_push(out, r->accounts[i].plan->raw_name);
	strvec_sort(out);
}

static void announce_left_out(const struct restore_node *n, const struct objects *objects)
{
	char schema[DUMP_TEXT_SIZE], name[DUMP_TEXT_SIZE];

	for (size_t i = 0; i < objects->count; i++)
		if (dumpneeds_parse(objects->found[i].need, schema, name) ==
			    NEED_HEADER &&
		    dumpheader_leaves_out(name, n->server_major))
			log_info(n->restore->opts.log,
				 "Would leave out SET %s, which PostgreSQL %u does not "
				 "know.",
				 name, n->server_major);
}

static void on_objects(void *owner, const struct catalog_object *found, size_t count,
		       const struct error *why)
{
	struct restore_node *n = owner;
	struct restore *r = n->restore;
	const struct objects objects = { .found = found, .count = count };
	AUTO_STRVEC struct strvec raw_names = { 0 };
	struct error err;

	if (why)
		restore_not_known(n, "whether all that the dumps need is there", why);
	if (r->opts.conf->dry_run)
		announce_left_out(n, &objects);
	list_restored(n, &raw_names);
	for (size_t i = 0; count && i < r->account_count; i++) {
		struct restore_account *a = &r->accounts[i];

		if (a->node == n && !a->error && a->plan &&
		    !check(a, &objects, &raw_names, &err))
			restore_account_failed(a, "plan", &err);
	}
	machine_move(&r->machine, restore_asked(r));
}

void restore_ask_objects(struct restore_node *n)
{
	struct restore *r = n->restore;
	AUTO_STRVEC struct strvec raw_names = { 0 };
	AUTO_STRVEC struct strvec needs = { 0 };

	list_restored(n, &raw_names);
	for (size_t i = 0; i < r->account_count; i++) {
		const struct restore_account *a = &r->accounts[i];

		if (a->node == n && a->plan && !a->error)
			list_needs(a, &raw_names, &needs);
	}
	strvec_sort(&needs);
	strvec_unique(&needs);
	catalog_ask_objects(n->farm_node->session, &needs, on_objects, n);
}
