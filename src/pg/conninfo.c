/* SPDX-License-Identifier: PostgreSQL */
#include "pg/conninfo.h"

#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "base/str.h"

void conninfo_set(struct conninfo *info, const char *keyword, const char *value)
{
	for (size_t i = 0; i < info->keywords.count; i++) {
		if (!strcmp(info->keywords.v[i], keyword)) {
			free(info->values.v[i]);
			info->values.v[i] = xstrdup(value);
			return;
		}
	}
	strvec_push(&info->keywords, keyword);
	strvec_push(&info->values, value);
}

void conninfo_copy(struct conninfo *to, const struct conninfo *from)
{
	for (size_t i = 0; i < from->keywords.count; i++)
		conninfo_set(to, from->keywords.v[i], from->values.v[i]);
}

const char *conninfo_get(const struct conninfo *info, const char *keyword)
{
	for (size_t i = 0; i < info->keywords.count; i++)
		if (!strcmp(info->keywords.v[i], keyword))
			return info->values.v[i];
	return NULL;
}

void conninfo_release(struct conninfo *info)
{
	strvec_release(&info->keywords);
	strvec_release(&info->values);
}

char *conninfo_format(const struct conninfo *info)
{
	struct strbuf out = { 0 };

	for (size_t i = 0; i < info->keywords.count; i++) {
		strbuf_add_format(&out, "%s='", info->keywords.v[i]);
		for (const char *p = info->values.v[i]; *p; p++) {
			if (*p == '\'' || *p == '\\')
				strbuf_add_char(&out, '\\');
			strbuf_add_char(&out, *p);
		}
		strbuf_add_str(&out, "' ");
	}
	return strbuf_detach(&out);
}

static void set_default(struct conninfo *info, const char *keyword, const char *value)
{
	if (value && !conninfo_get(info, keyword))
		conninfo_set(info, keyword, value);
}

/* What libpq treats as a connection string rather than a name
 * (conninfo_uri_prefix_length). */
static bool is_connection_string(const char *dbname)
{
	return strchr(dbname, '=') || str_has_prefix(dbname, "postgresql://") ||
	       str_has_prefix(dbname, "postgres://");
}

/* Set a value from a configuration file, unless the environment has one. */
static void set_configured(struct conninfo *info, const char *keyword,
			   const char *variable, const char *value)
{
	const char *env = variable ? getenv(variable) : NULL;

	if (!env || !*env)
		set_default(info, keyword, value);
}

/* Add what a connection string contains; libpq adds nothing of its own. */
static bool add_connection_string(struct conninfo *info, const char *text,
				  bool is_configured, struct error *err)
{
	char *message = NULL;
	PQconninfoOption *options = PQconninfoParse(text, &message);

	if (!options) {
		/* libpq continues with a quotation, which may contain a password */
		error_set(err, ERROR_USAGE,
			  "option --dbname: libpq cannot parse it: %.*s",
			  message ? (int)strcspn(message, "\":\n") : 0,
			  message ? message : "");
		PQfreemem(message);
		return error_hint(err, "Try 'metamodel --help'");
	}
	for (const PQconninfoOption *o = options; o->keyword; o++) {
		if (o->val && is_configured)
			set_configured(info, o->keyword, o->envvar, o->val);
		else if (o->val)
			conninfo_set(info, o->keyword, o->val);
	}
	PQconninfoFree(options);
	return true;
}

static bool add_configured(struct conninfo *info, const struct conf_connection *file,
			   struct error *err)
{
	const char *host_address = getenv("PGHOSTADDR");

	if (file->dbname && is_connection_string(file->dbname) &&
	    !add_connection_string(info, file->dbname, true, err))
		return false;
	if (!conninfo_get(info, "hostaddr") && (!host_address || !*host_address))
		set_configured(info, "host", "PGHOST", file->host);
	set_configured(info, "port", "PGPORT", file->port);
	set_configured(info, "user", "PGUSER", file->user);
	set_configured(info, "password", "PGPASSWORD", file->password);
	if (file->dbname && !is_connection_string(file->dbname))
		set_configured(info, "dbname", "PGDATABASE", file->dbname);
	return true;
}

/*
 * A server that lost power sends nothing, and the system would wait for two hours. These
 * settings have no environment variables. tcp_user_timeout is not set: it would also end
 * a connection to a server that is alive but does not read for that long.
 */
static void set_keepalives(struct conninfo *info)
{
	set_default(info, "keepalives_idle", "30");
	set_default(info, "keepalives_interval", "10");
	set_default(info, "keepalives_count", "6");
}

bool conninfo_from_conf(const struct conf *conf, struct conninfo *out, struct error *err)
{
	const struct conf_connection *given = &conf->command_line;
	const struct conf_connection *file = &conf->config;
	const char *service = getenv("PGSERVICE");

	if (given->dbname && is_connection_string(given->dbname)) {
		if (!add_connection_string(out, given->dbname, false, err))
			return false;
	} else {
		set_default(out, "dbname", given->dbname);
	}
	set_default(out, "host", given->host);
	set_default(out, "port", given->port);
	set_default(out, "user", given->user);
	set_default(out, "password", given->password);
	if (conninfo_get(out, "service") || (service && *service))
		return true;
	if (!add_configured(out, file, err))
		return false;
	set_keepalives(out);
	return true;
}
