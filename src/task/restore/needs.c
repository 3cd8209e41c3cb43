/* SPDX-License-Identifier: PostgreSQL */
/* No save holds roles and rights. One query per node finds what is missing for all
 * accounts and says what to do; loading would find one after the other. */
#include "task/restore/needs.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/str.h"
#include "catalog/needs.h"
#include "task/restore/account.h"
#include "task/restore/nodes.h"

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

/* Can the name be compared with the server's? Not if the dump is in another encoding. */
static bool is_comparable(const struct restore_account *account, const char *role)
{
	const char *encoding = account->dump.facts.encoding;
	const char *of_server =
		session_facts(account->node->farm_node->session)->encoding;

	if (!*encoding || !strcasecmp(encoding, of_server))
		return true;
	for (; *role; role++)
		if (*role & 0x80)
			return false;
	return true;
}

/* Usually all accounts name the same few roles: send each only once. */
static void list_roles(const struct restore_account *account, const struct strvec *names,
		       struct strvec *out)
{
	for (size_t i = 0; i < names->count; i++) {
		AUTO_FREE char *hex = to_hex(names->v[i]);
		bool is_known = false;

		for (size_t k = 1; k <= LAST_ROLES && k <= out->count; k++)
			is_known |= !strcmp(out->v[out->count - k], hex);
		if (!is_known && is_comparable(account, names->v[i]))
			strvec_push(out, hex);
	}
}

static void add_role(struct strbuf *out, const char *name)
{
	AUTO_STRBUF struct strbuf quoted = { 0 };

	strbuf_add_identifier(&quoted, name, strlen(name));
	strbuf_add_printable(out, quoted.buf);
}

/* List those of `names` that are in `hexes` as "a", "b". Returns how many there are;
 * *first is one of them. */
static size_t find_roles(const struct restore_account *account,
			 const struct strvec *names, const struct strvec *hexes,
			 struct strbuf *out, const char **first)
{
	size_t count = 0;

	for (size_t i = 0; i < names->count; i++) {
		AUTO_FREE char *hex = to_hex(names->v[i]);

		if (!strvec_has(hexes, hex) || !is_comparable(account, names->v[i]))
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

static bool check_roles(const struct restore_account *account,
			const struct catalog_needs *needs, struct error *err)
{
	const struct dumpfile_facts *facts = &account->dump.facts;
	AUTO_STRBUF struct strbuf list = { 0 };
	AUTO_STRBUF struct strbuf one = { 0 };
	AUTO_STRBUF struct strbuf me = { 0 };
	const char *first = "";

	if (find_roles(account, &facts->roles, &needs->missing_roles, &list, &first)) {
		error_set(err, ERROR_DATA,
			  "its dump names roles that this server does not have: %s",
			  list.buf);
		add_role(&one, first);
		return error_hint(err,
				  "create each such role first (CREATE ROLE %s), or, if "
				  "it was renamed, give it its old name back",
				  one.buf);
	}
	if (!find_roles(account, &facts->owners, &needs->closed_roles, &list, &first))
		return true;
	add_role(&one, first);
	add_role(&me, needs->me);
	error_set(err, ERROR_DATA,
		  "its relations must belong to %s, to which role %s may not give them",
		  list.buf, me.buf);
	return error_hint(err,
			  "restore as the role that owns them (-U); if that is not a "
			  "superuser, you can grant it instead: GRANT %s TO %s",
			  one.buf, me.buf);
}

static bool check_rights(const struct restore_account *account,
			 const struct catalog_needs *needs, struct error *err)
{
	AUTO_STRBUF struct strbuf me = { 0 };
	AUTO_STRBUF struct strbuf what = { 0 };

	add_role(&me, needs->me);
	if (strvec_has(&needs->closed_schemas, account->plan->name)) {
		add_role(&what, account->plan->name);
		error_set(err, ERROR_DATA, "role %s may not create tables in its schema",
			  me.buf);
		return error_hint(err,
				  "restore as the owner of the schema (-U), or grant it: "
				  "GRANT CREATE ON SCHEMA %s TO %s",
				  what.buf, me.buf);
	}
	if (strvec_has(&needs->absent_schemas, account->plan->name)) {
		add_role(&what, needs->dbname);
		error_set(err, ERROR_DATA, "role %s may not create its schema", me.buf);
		return error_hint(err,
				  "restore as the owner of the database (-U), or grant "
				  "it: GRANT CREATE ON DATABASE %s TO %s",
				  what.buf, me.buf);
	}
	for (size_t i = 0; i < needs->strangers.count; i++) {
		if (strcmp(needs->strangers.v[i], account->plan->name) != 0)
			continue;
		error_set(err, ERROR_DATA,
			  "%s, of which role %s is not a member: it may not drop it",
			  needs->stranger_texts.v[i], me.buf);
		return error_hint(err,
				  "give it to the role that restores (ALTER TABLE ... "
				  "OWNER TO %s), or restore as its owner (-U)",
				  me.buf);
	}
	return true;
}

/* A GRANT by a role other than the owner stands after SET SESSION AUTHORIZATION. */
static bool check_grantors(const struct restore_account *account,
			   const struct catalog_needs *needs, struct error *err)
{
	const struct strvec *sessions = &account->dump.facts.sessions;
	AUTO_STRBUF struct strbuf name = { 0 };

	if (account->restore->is_trial || needs->is_superuser)
		return true;
	for (size_t i = 0; i < sessions->count; i++) {
		if (!strcmp(sessions->v[i], needs->me))
			continue;
		add_role(&name, sessions->v[i]);
		error_set(err, ERROR_DATA,
			  "its dump contains privileges that role %s granted, and only a "
			  "superuser may grant them in its name",
			  name.buf);
		return error_hint(
			err,
			"restore as a superuser (-U) with --as-superuser, or have the "
			"owner of the relations grant those privileges, and save again");
	}
	return true;
}

/* False, with the reason, if loading the account would fail. */
static bool check(const struct restore_account *account,
		  const struct catalog_needs *needs, struct error *err)
{
	return check_roles(account, needs, err) && check_rights(account, needs, err) &&
	       check_grantors(account, needs, err);
}

static void on_needs(void *owner, const struct catalog_needs *needs,
		     const struct error *why)
{
	struct restore_node *node = owner;
	struct restore_account *account = NULL;
	struct error err;

	if (why)
		restore_node_not_known(
			node, "whether roles, privileges and lock slots are sufficient",
			why);
	if (needs) {
		node->lock_slots = needs->lock_slots;
		node->foreign_locks = needs->foreign_locks;
	}
	while (needs && (account = restore_account_next(node, account))) {
		account->locks = catalog_count_locks(needs, account->plan->name,
						     account->dump.facts.tables);
		if (!check(account, needs, &err))
			restore_account_fail(account, "plan", &err);
	}
	restore_nodes_answered(node);
}

static bool ask(struct restore_node *node)
{
	const struct restore_account *account = NULL;
	AUTO_STRVEC struct strvec names = { 0 };
	AUTO_STRVEC struct strvec roles = { 0 };
	AUTO_STRVEC struct strvec owners = { 0 };

	while ((account = restore_account_next(node, account))) {
		strvec_push(&names, account->plan->name);
		list_roles(account, &account->dump.facts.roles, &roles);
		list_roles(account, &account->dump.facts.owners, &owners);
	}
	if (names.count)
		catalog_ask_needs(node->farm_node->session, &names, &roles, &owners,
				  on_needs, node);
	return names.count > 0;
}

enum step_result restore_needs_enter(void *owner)
{
	static const struct restore_question question = { .ask = ask };

	return restore_nodes_ask(owner, &question);
}
