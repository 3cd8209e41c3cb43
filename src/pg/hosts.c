/* SPDX-License-Identifier: PostgreSQL */
#include "pg/hosts.h"

#include <string.h>

#include <libpq-fe.h>

#include "base/auto.h"
#include "base/str.h"

/* The entry at `index` of a list with commas; a list of one is for all. Caller frees. */
static char *entry_at(const char *list, size_t index)
{
	if (!strchr(list, ','))
		return xstrdup(list);
	for (; index > 0 && *list; index--) {
		list += strcspn(list, ",");
		list += *list == ',';
	}
	return xstrndup(list, strcspn(list, ","));
}

/* What is left of a list behind its entry at `index`. */
static const char *behind(const char *list, size_t index)
{
	if (!strchr(list, ','))
		return list;
	for (index++; index > 0 && *list; index--) {
		list += strcspn(list, ",");
		list += *list == ',';
	}
	return list;
}

static size_t count_entries(const char *list)
{
	size_t count = 1;

	for (; *list; list++)
		count += *list == ',';
	return count;
}

static const char *value_of(const PQconninfoOption *options, const char *keyword)
{
	for (const PQconninfoOption *o = options; o->keyword; o++)
		if (!strcmp(o->keyword, keyword) && o->val)
			return o->val;
	return "";
}

static bool is_current(const PGconn *pg, const char *hosts, const char *ports,
		       size_t index)
{
	AUTO_FREE char *host = entry_at(hosts, index);
	AUTO_FREE char *port = entry_at(ports, index);

	return !strcmp(host, PQhost(pg)) && (!*port || !strcmp(port, PQport(pg)));
}

bool hosts_skip(const struct pgconn *conn, struct conninfo *info)
{
	PGconn *pg = pgconn_libpq(conn);
	PQconninfoOption *options = PQconninfo(pg);
	const char *names = options ? value_of(options, "host") : "";
	const char *addresses = options ? value_of(options, "hostaddr") : "";
	const char *ports = options ? value_of(options, "port") : "";
	const char *hosts = *names ? names : addresses;
	size_t count = count_entries(hosts), index = 0;

	while (index < count && !is_current(pg, hosts, ports, index))
		index++;
	if (index + 1 < count) {
		if (*names)
			conninfo_set(info, "host", behind(names, index));
		if (*addresses)
			conninfo_set(info, "hostaddr", behind(addresses, index));
		if (*ports)
			conninfo_set(info, "port", behind(ports, index));
	}
	PQconninfoFree(options);
	return index + 1 < count;
}
