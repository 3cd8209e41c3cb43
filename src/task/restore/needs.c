/* SPDX-License-Identifier: PostgreSQL */
/* What can be found out before anything is loaded: roles, rights, locks. */
#include "task/restore/internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/str.h"
#include "catalog/needs.h"

enum {
	ROLES_TOLD = 5,
	LAST_ROLES = 8,
};

/* Caller frees. */
static char *to_hex(const char *text)
{
	struct strbuf out = { 0 };

	strbuf_add_hex(&out, text);
	return strbuf_detach(&out);
}

/* Can the name be compared with those of the server? Not if the dump has it in another
 * encoding. */
static bool is_comparable(const struct restore_account *a, const char *role)
{
	const char *encoding = a->dump.facts.encoding;
	const char *of_server = session_facts(a->node->farm_node->session)->encoding;

	if (!*encoding || !strcasecmp(encoding, of_server))
		return true;
	for (; *role; role++)
		if (*role & 0x80)
			return false;
	return true;
}

/* Mostly the same few: they need not be sent for each account. */
static void list_roles(const struct restore_account *a, const struct strvec *names,
		       struct strvec *out)
{
	for (size_t i = 0; i < names->count; i++) {
		AUTO_FREE char *hex = to_hex(names->v[i]);
		bool is_known = false;

		for (size_t k = 1; k <= LAST_ROLES && k <= out->count; k++)
			is_known |= !strcmp(out->v[out->count - k], hex);
		if (!is_known && is_comparable(a, names->v[i]))
			strvec_push(out, hex);
	}
}

static void add_role(struct strbuf *out, const char *name)
{
	AUTO_STRBUF struct strbuf quoted = { 0 };

	strbuf_add_identifier(&quoted, name, strlen(name));
	strbuf_add_printable(out, quoted.buf);
}

/* Those of `names` that are among `hexes`: "a", "b". Returns how many; *first is one. */
static size_t find_roles(const struct restore_account *a, const struct strvec *names,
			 const struct strvec *hexes, struct strbuf *out,
			 const char **first)
{
	size_t count = 0;

	for (size_t i = 0; i < names->count; i++) {
		AUTO_FREE char *hex = to_hex(names->v[i]);

		if (!strvec_has(hexes, hex) || !is_comparable(a, names->v[i]))
			continue;
		if (!count++)
			*first = names->v[i];
		if (count > ROLES_TOLD)
			continue;
		strbuf_add_str(out, count > 1 ? ", " : "");
		add_role(out, names->v[i]);
	}
	if (count > ROLES_TOLD)
		strbuf_add_format(out, " and %zu more", count - ROLES_TOLD);
	return count;
}

static bool check_roles(const struct restore_account *a, const struct catalog_needs *n,
			struct error *err)
{
	const struct dumpfile_facts *f = &a->dump.facts;
	AUTO_STRBUF struct strbuf list = { 0 };
	AUTO_STRBUF struct strbuf one = { 0 };
	AUTO_STRBUF struct strbuf me = { 0 };
	const char *first = "";

	if (find_roles(a, &f->roles, &n->missing_roles, &list, &first)) {
		error_set(err, ERROR_DATA,
			  "its dump names roles that this server does not have: %s",
			  list.buf);
		add_role(&one, first);
		return error_hint(err,
				  "create each such role first (CREATE ROLE %s), or, if "
				  "it was renamed, give it its old name back",
				  one.buf);
	}
	if (!find_roles(a, &f->owners, &n->closed_roles, &list, &first))
		return true;
	add_role(&one, first);
	add_role(&me, n->me);
	error_set(err, ERROR_DATA,
		  "its relations are to belong to %s, which role %s may not give them to",
		  list.buf, me.buf);
	return error_hint(err,
			  "restore as the role that owns them (-U); if that is no "
			  "superuser, it can be granted instead: GRANT %s TO %s",
			  one.buf, me.buf);
}

static bool check_rights(const struct restore_account *a, const struct catalog_needs *n,
			 struct error *err)
{
	AUTO_STRBUF struct strbuf me = { 0 };
	AUTO_STRBUF struct strbuf what = { 0 };

	add_role(&me, n->me);
	if (strvec_has(&n->closed_schemas, a->plan->name)) {
		add_role(&what, a->plan->name);
		error_set(err, ERROR_DATA, "role %s may not create tables in its schema",
			  me.buf);
		return error_hint(err,
				  "restore as the owner of the schema (-U), or grant it: "
				  "GRANT CREATE ON SCHEMA %s TO %s",
				  what.buf, me.buf);
	}
	if (strvec_has(&n->absent_schemas, a->plan->name)) {
		add_role(&what, n->dbname);
		error_set(err, ERROR_DATA, "role %s may not create its schema", me.buf);
		return error_hint(err,
				  "restore as the owner of the database (-U), or grant "
				  "it: GRANT CREATE ON DATABASE %s TO %s",
				  what.buf, me.buf);
	}
	for (size_t i = 0; i < n->strangers.count; i++) {
		if (strcmp(n->strangers.v[i], a->plan->name) != 0)
			continue;
		error_set(err, ERROR_DATA,
			  "%s, of which role %s is no member: it may not "
			  "drop it",
			  n->stranger_texts.v[i], me.buf);
		return error_hint(err,
				  "give it to the role that restores (ALTER TABLE ... "
				  "OWNER TO %s), or restore as its owner (-U)",
				  me.buf);
	}
	return true;
}

/* GRANTs of somebody else than the owner stand behind SET SESSION AUTHORIZATION. */
static bool check_grantors(const struct restore_account *a, const struct catalog_needs *n,
			   struct error *err)
{
	const struct strvec *sessions = &a->dump.facts.sessions;
	AUTO_STRBUF struct strbuf name = { 0 };

	if (a->restore->is_trial || n->is_superuser)
		return true;
	for (size_t i = 0; i < sessions->count; i++) {
		if (!strcmp(sessions->v[i], n->me))
			continue;
		add_role(&name, sessions->v[i]);
		error_set(err, ERROR_DATA,
			  "its dump holds rights that role %s granted, and only a "
			  "superuser "
			  "may grant in its name",
			  name.buf);
		return error_hint(err,
				  "restore as a superuser (-U) with --as-superuser, or "
				  "have the owner of the relations grant those rights, "
				  "and save again");
	}
	return true;
}

void restore_not_known(struct restore_node *n, const char *what, const struct error *why)
{
	const struct pg_failure *failure;

	if (n->restore->machine.is_cancelled || restore_node_is_lost(n))
		return; /* there may be no session any more */
	failure = pgconn_failure(session_conn(n->farm_node->session));
	if (failure->sqlstate[0]) /* the server refused to say it */
		log_warning(n->restore->opts.log, "%s is not known: %s", what, why->text);
	else /* the session is lost, and perhaps the lock */
		farm_node_failed(n->farm_node, why);
}

static void on_needs(void *owner, const struct catalog_needs *needs,
		     const struct error *why)
{
	struct restore_node *n = owner;
	struct restore *r = n->restore;
	struct error err;

	if (why)
		restore_not_known(n, "whether roles, rights and lock slots are enough",
				  why);
	if (needs) {
		n->lock_slots = needs->lock_slots;
		n->foreign_locks = needs->foreign_locks;
	}
	for (size_t i = 0; needs && i < r->account_count; i++) {
		struct restore_account *a = &r->accounts[i];

		if (!restore_is_planned(a, n))
			continue;
		a->locks =
			catalog_count_locks(needs, a->plan->name, a->dump.facts.tables);
		if (!check_roles(a, needs, &err) || !check_rights(a, needs, &err) ||
		    !check_grantors(a, needs, &err))
			restore_account_failed(a, "plan", &err);
	}
	if (r->is_trial || r->machine.is_cancelled || restore_node_is_lost(n))
		machine_move(&r->machine, restore_asked(r));
	else
		restore_ask_objects(n);
}

enum step_result restore_enter_needs(void *owner)
{
	struct restore *r = owner;

	r->asking = 1; /* this very call */
	for (size_t i = 0; i < r->farm->node_count; i++) {
		struct restore_node *n = &r->nodes[i];
		AUTO_STRVEC struct strvec names = { 0 };
		AUTO_STRVEC struct strvec roles = { 0 };
		AUTO_STRVEC struct strvec owners = { 0 };

		for (size_t k = 0; k < r->account_count; k++) {
			const struct restore_account *a = &r->accounts[k];

			if (!restore_is_planned(a, n))
				continue;
			strvec_push(&names, a->plan->name);
			list_roles(a, &a->dump.facts.roles, &roles);
			list_roles(a, &a->dump.facts.owners, &owners);
		}
		if (restore_node_is_lost(n) || !names.count)
			continue;
		r->asking++;
		catalog_ask_needs(n->farm_node->session, &names, &roles, &owners,
				  on_needs, n);
	}
	return restore_asked(r);
}
