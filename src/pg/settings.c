/* SPDX-License-Identifier: PostgreSQL */
#include "pg/settings.h"

#include "base/str.h"

static void add(struct strbuf *out, const char *set, const char *name, uint64_t value)
{
	strbuf_add_format(out, "%s %s = %llu; ", set, name, (unsigned long long)value);
}

/*
 * With this search_path only the system's functions and operators are used. A server that
 * ends idle transactions would end lock and snapshot, so that is turned off. And if this
 * program dies, the server should notice while a query is running.
 */
char *settings_format(const struct settings *s, bool is_local)
{
	const char *set = is_local ? "SET LOCAL" : "SET";
	struct strbuf out = { 0 };

	if (!s->has_role_path)
		strbuf_add_format(&out, "%s search_path = pg_catalog; ", set);
	strbuf_add_format(&out, "%s client_min_messages = warning; ", set);
	add(&out, set, "lock_timeout", s->lock_wait_ms);
	add(&out, set, "statement_timeout", s->statement_ms);
	if (s->server_version_num >= 110000) /* our queries look long, and are not */
		strbuf_add_format(&out, "%s jit = off; ", set);
	if (s->server_version_num >= 90600)
		add(&out, set, "idle_in_transaction_session_timeout", 0);
	if (s->server_version_num >= 170000)
		add(&out, set, "transaction_timeout", 0);
	if (s->is_writable)
		strbuf_add_format(&out, "%s %s = off; ", set,
				  is_local ? "transaction_read_only"
					   : "default_transaction_read_only");
	if (s->can_check_client)
		add(&out, set, "client_connection_check_interval", 1000);
	return strbuf_detach(&out);
}
