/* SPDX-License-Identifier: PostgreSQL */
#include "catalog/grants.h"

#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "product/product.h"

enum { FIRST_WITH_READER = 14 }; /* the first with pg_read_all_data */

/* Quote the name for a statement on one line. Ownership: the caller frees. */
static char *quote(const char *name)
{
	AUTO_STRBUF struct strbuf quoted = { 0 };
	struct strbuf out = { 0 };

	strbuf_add_identifier(&quoted, name, strlen(name));
	strbuf_add_printable(&out, quoted.buf);
	return strbuf_detach(&out);
}

static char *quote_role(const struct session *session)
{
	return quote(pgconn_user(session_conn(session)));
}

static void hint_read(const struct session *session, const char *account,
		      const char *table, struct error *err)
{
	AUTO_FREE char *schema = quote(account);
	AUTO_FREE char *role = quote_role(session);
	AUTO_FREE char *all =
		session_server_major(session) >= FIRST_WITH_READER
			? str_format("; save and status need no more than GRANT "
				     "pg_read_all_data TO %s",
				     role)
			: xstrdup("");

	error_hint(err,
		   "connect as the owner (-U), or let the role read it: GRANT USAGE ON "
		   "SCHEMA %s TO %s; GRANT SELECT ON %s.%s TO %s%s",
		   schema, role, schema, table, role, all);
}

void grants_hint_accounts(const struct session *session, struct error *err)
{
	hint_read(session, PRODUCT_GLOBAL, PRODUCT_ACCOUNTS_TABLE, err);
}

void grants_hint_version(const struct session *session, const char *account,
			 struct error *err)
{
	hint_read(session, account, PRODUCT_VERSION_TABLE, err);
}

void grants_hint_dump(const struct session *session, const char *account,
		      struct error *err)
{
	AUTO_FREE char *schema = quote(account);
	AUTO_FREE char *role = quote_role(session);

	error_hint(
		err,
		"save as the owner (-U), or let the role read it: GRANT USAGE ON SCHEMA "
		"%s TO %s; GRANT SELECT ON ALL TABLES IN SCHEMA %s TO %s; GRANT SELECT "
		"ON ALL SEQUENCES IN SCHEMA %s TO %s",
		schema, role, schema, role, schema, role);
}

void grants_hint_upgrade(const struct session *session, const char *owner,
			 struct error *err)
{
	AUTO_FREE char *role = quote_role(session);

	if (owner) {
		AUTO_FREE char *quoted = quote(owner);

		error_hint(
			err,
			"upgrade as the role that owns its tables (-U), which is %s; if "
			"that is not a superuser, you can grant it instead: GRANT %s "
			"TO %s",
			quoted, quoted, role);
	} else {
		AUTO_FREE char *dbname = quote(session_facts(session)->dbname);

		error_hint(err,
			   "upgrade as the owner of the database (-U), or let the role "
			   "make the schema: GRANT CREATE ON DATABASE %s TO %s",
			   dbname, role);
	}
}
