/* SPDX-License-Identifier: PostgreSQL */
#include "pg/childenv.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "base/str.h"

/* Does the environment entry NAME=VALUE belong to one of libpq's options? */
static bool is_libpq_variable(const PQconninfoOption *options, const char *entry)
{
	for (const PQconninfoOption *o = options; o->keyword; o++) {
		size_t length = o->envvar ? strlen(o->envvar) : 0;

		if (length && !strncmp(entry, o->envvar, length) && entry[length] == '=')
			return true;
	}
	return false;
}

/* Is it a setting that this program chooses itself, or that pg_dump and psql set? */
static bool is_ours(const char *keyword)
{
	static const char *const ours[] = {
		"service",         "host",
		"hostaddr",        "port",
		"options",         "application_name",
		"client_encoding", "fallback_application_name"
	};

	for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
		if (!strcmp(keyword, ours[i]))
			return true;
	return false;
}

/* KEYWORD='VALUE', as libpq reads it. */
static void add_pair(struct strbuf *out, const char *keyword, const char *value)
{
	strbuf_add_format(out, "%s%s='", out->length ? " " : "", keyword);
	for (; *value; value++) {
		if (*value == '\'' || *value == '\\')
			strbuf_add_char(out, '\\');
		strbuf_add_char(out, *value);
	}
	strbuf_add_char(out, '\'');
}

static bool add_option(struct childenv *out, struct strbuf *dbname,
		       const PQconninfoOption *o, struct error *err)
{
	if (!o->val || !*o->val || is_ours(o->keyword))
		return true;
	if (o->envvar) {
		strvec_push_format(&out->env, "%s=%s", o->envvar, o->val);
		return true;
	}
	if (o->dispchar[0] == '*') {
		error_set(err, ERROR_USAGE,
			  "%s cannot be passed to pg_dump without revealing it",
			  o->keyword);
		return error_hint(
			err, "use a client key without a passphrase, readable by its "
			     "owner only");
	}
	if (!o->compiled || strcmp(o->val, o->compiled))
		add_pair(dbname, o->keyword, o->val);
	return true;
}

static void add_address(struct childenv *out, PGconn *pg)
{
	const char *address = PQhostaddr(pg);

	strvec_push_format(&out->env, "PGHOST=%s", PQhost(pg));
	strvec_push_format(&out->env, "PGPORT=%s", PQport(pg));
	if (address && *address)
		strvec_push_format(&out->env, "PGHOSTADDR=%s", address);
}

bool childenv_init(struct childenv *out, const struct pgconn *conn, const char *options,
		   struct error *err)
{
	PGconn *pg = pgconn_libpq(conn);
	PQconninfoOption *info = PQconninfo(pg);
	const char *user_options = PQoptions(pg);
	struct strbuf dbname = { 0 };
	bool is_ok = true;

	if (!info)
		abort(); /* out of memory */
	*out = (struct childenv){ 0 };
	for (char **entry = environ; *entry; entry++)
		if (!is_libpq_variable(info, *entry))
			strvec_push(&out->env, *entry);
	for (const PQconninfoOption *o = info; is_ok && o->keyword; o++)
		is_ok = add_option(out, &dbname, o, err);
	add_address(out, pg);
	strvec_push_format(&out->env, "PGOPTIONS=%s%s%s",
			   user_options ? user_options : "",
			   user_options && *user_options ? " " : "", options);
	strvec_push(&out->env, "PGAPPNAME=metamodel");
	if (dbname.length)
		out->dbname = strbuf_detach(&dbname);
	strbuf_release(&dbname);
	PQconninfoFree(info);
	if (!is_ok)
		childenv_release(out);
	return is_ok;
}

void childenv_release(struct childenv *env)
{
	strvec_release(&env->env);
	free(env->dbname);
	*env = (struct childenv){ 0 };
}
