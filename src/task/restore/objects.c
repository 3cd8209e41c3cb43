/* SPDX-License-Identifier: PostgreSQL */
/*
 * A metamodel uses types, functions and extensions that no save holds. This file names
 * what is missing for all accounts at once and says what to do; a load would stop at the
 * first one.
 */
#include "task/restore/objects.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/str.h"
#include "catalog/objects.h"
#include "dump/header.h"
#include "dump/needs.h"
#include "task/restore/account.h"
#include "task/restore/nodes.h"

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

/* Can the server look up the name without an error, and as the same name? */
static bool is_comparable(const struct restore_account *account, const char *name)
{
	const char *of_server =
		session_facts(account->node->farm_node->session)->encoding;

	return is_ascii(name) ||
	       (!strcasecmp(of_server, "UTF8") && str_is_utf8(name, strlen(name)) &&
		(!*account->dump.facts.encoding ||
		 !strcasecmp(account->dump.facts.encoding, "UTF8")));
}

/* Relations, and their row types, of accounts that are restored with this one or before
 * it may not exist yet. */
static bool is_restored(const struct restore_account *account, enum dumpneeds_kind kind,
			const char *schema, const char *name,
			const struct strvec *raw_names)
{
	/* the needs of a dump never include what it creates */
	if (!strcmp(schema, account->plan->raw_name) || !strvec_has(raw_names, schema))
		return false;
	return dumpneeds_is_relation(kind) ||
	       (kind == NEED_TYPE && str_has_prefix(name, STORED_PREFIX));
}

static void list_needs(const struct restore_account *account,
		       const struct strvec *raw_names, struct strvec *out)
{
	char schema[DUMP_TEXT_SIZE], name[DUMP_TEXT_SIZE];

	for (size_t i = 0; i < account->dump.needs.count; i++) {
		const char *need = account->dump.needs.v[i];
		enum dumpneeds_kind kind = dumpneeds_parse(need, schema, name);

		if (is_comparable(account, schema) && is_comparable(account, name) &&
		    !is_restored(account, kind, schema, name, raw_names))
			strvec_push(out, need);
	}
}

static bool is_left_out(const struct restore_account *account, const char *need)
{
	char schema[DUMP_TEXT_SIZE], name[DUMP_TEXT_SIZE];

	return dumpneeds_parse(need, schema, name) == NEED_HEADER &&
	       dumpheader_leaves_out(name, account->node->server_major);
}

/* "a, b and 3 more", "x; y" */
struct told {
	struct strbuf whats;
	struct strvec remedies;
	size_t count;
};

static void tell(struct told *told, const struct catalog_object *object)
{
	if (told->count++ < MOST_NAMED) {
		strbuf_add_str(&told->whats, told->count > 1 ? ", " : "");
		strbuf_add_printable(&told->whats, object->what);
	}
	for (size_t i = 0; i < told->remedies.count; i++)
		if (object->remedy && !strcmp(told->remedies.v[i], object->remedy))
			return;
	if (object->remedy)
		strvec_push(&told->remedies, object->remedy);
}

static void format_remedies(const struct told *told, struct strbuf *out)
{
	for (size_t i = 0; i < told->remedies.count && i < MOST_REMEDIES; i++) {
		strbuf_add_str(out, i ? "; " : "");
		strbuf_add_printable(out, told->remedies.v[i]);
	}
	if (told->remedies.count > MOST_REMEDIES)
		strbuf_add_str(out, "; and so on");
}

static void end_list(struct told *told)
{
	if (told->count > MOST_NAMED)
		strbuf_add_format(&told->whats, " and %zu more",
				  told->count - MOST_NAMED);
}

static void set_missing(struct told *told, const char *dbname, struct error *err)
{
	AUTO_STRBUF struct strbuf remedies = { 0 };

	format_remedies(told, &remedies);
	error_set(err, ERROR_DATA,
		  "database \"%s\" does not have what its dump needs: %s", dbname,
		  told->whats.buf);
	error_hint(err, "no save holds it: provide it first%s%s",
		   remedies.length ? ": " : "", remedies.length ? remedies.buf : "");
}

static void set_closed(struct told *told, struct error *err)
{
	AUTO_STRBUF struct strbuf remedies = { 0 };

	format_remedies(told, &remedies);
	error_set(err, ERROR_DATA,
		  "the role that restores may not use what its dump needs: %s",
		  told->whats.buf);
	error_hint(err, "restore as a role that may (-U), or grant it: %s", remedies.buf);
}

static bool check(const struct restore_account *account, const struct objects *objects,
		  const struct strvec *raw_names, struct error *err)
{
	const char *dbname = session_facts(account->node->farm_node->session)->dbname;
	AUTO_STRVEC struct strvec needs = { 0 };
	struct told missing = { 0 }, closed = { 0 };

	list_needs(account, raw_names, &needs);
	for (size_t i = 0; i < needs.count; i++) {
		const struct catalog_object *object =
			catalog_find_object(objects->found, objects->count, needs.v[i]);

		if (object && !is_left_out(account, needs.v[i]))
			tell(object->is_closed ? &closed : &missing, object);
	}
	end_list(&missing);
	end_list(&closed);
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

/* The raw names of the accounts of a node that are to be restored, sorted. */
static void list_restored(const struct restore_node *node, struct strvec *out)
{
	const struct restore_account *account = NULL;

	while ((account = restore_account_next(node, account)))
		strvec_push(out, account->plan->raw_name);
	strvec_sort(out);
}

static void announce_left_out(const struct restore_node *node,
			      const struct objects *objects)
{
	char schema[DUMP_TEXT_SIZE], name[DUMP_TEXT_SIZE];

	for (size_t i = 0; i < objects->count; i++)
		if (dumpneeds_parse(objects->found[i].need, schema, name) ==
			    NEED_HEADER &&
		    dumpheader_leaves_out(name, node->server_major))
			log_info(node->restore->opts.log,
				 "Would omit SET %s, which PostgreSQL %u does not "
				 "know.",
				 name, node->server_major);
}

static void on_objects(void *owner, const struct catalog_object *found, size_t count,
		       const struct error *why)
{
	struct restore_node *node = owner;
	struct restore_account *account = NULL;
	const struct objects objects = { .found = found, .count = count };
	AUTO_STRVEC struct strvec raw_names = { 0 };
	struct error err;

	if (why)
		restore_node_not_known(
			node, "whether everything that the dumps need exists", why);
	if (node->restore->opts.conf->dry_run)
		announce_left_out(node, &objects);
	list_restored(node, &raw_names);
	while (count && (account = restore_account_next(node, account)))
		if (!check(account, &objects, &raw_names, &err))
			restore_account_fail(account, "plan", &err);
	restore_nodes_answered(node);
}

static bool ask(struct restore_node *node)
{
	const struct restore_account *account = NULL;
	AUTO_STRVEC struct strvec raw_names = { 0 };
	AUTO_STRVEC struct strvec needs = { 0 };

	list_restored(node, &raw_names);
	if (!raw_names.count)
		return false;
	while ((account = restore_account_next(node, account)))
		list_needs(account, &raw_names, &needs);
	strvec_sort(&needs);
	strvec_unique(&needs);
	catalog_ask_objects(node->farm_node->session, &needs, on_objects, node);
	return true;
}

enum step_result restore_objects_enter(void *owner)
{
	static const struct restore_question question = { .ask = ask };
	struct restore *restore = owner;

	return restore->is_trial ? STEP_NEXT : restore_nodes_ask(restore, &question);
}
