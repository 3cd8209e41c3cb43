/* SPDX-License-Identifier: PostgreSQL */
#include "pg/hosts.h"

#include <netdb.h>
#include <string.h>
#include <sys/socket.h>

#include <libpq-fe.h>

#include "base/auto.h"
#include "base/str.h"

/* The entry at `index` of a list with commas; a list of one entry applies to every index.
 * Ownership: the caller frees. */
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

/* The rest of a list after its entry at `index`. */
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

bool hosts_is_told_address(const struct pgconn *conn)
{
	PQconninfoOption *options = PQconninfo(pgconn_libpq(conn));
	bool is_told = options && *value_of(options, "hostaddr");

	PQconninfoFree(options);
	return is_told;
}

bool hosts_set(struct conninfo *info, const char *host, struct error *err)
{
	const struct addrinfo wanted = { .ai_family = AF_UNSPEC,
					 .ai_socktype = SOCK_STREAM };
	AUTO_STRBUF struct strbuf names = { 0 }, addresses = { 0 };
	struct addrinfo *found;
	int rc = getaddrinfo(host, NULL, &wanted, &found);

	if (rc)
		return error_set(err, ERROR_SERVER,
				 "could not translate host name \"%s\" to address: %s",
				 host, gai_strerror(rc));
	for (const struct addrinfo *a = found; a; a = a->ai_next) {
		char address[NI_MAXHOST];

		if (getnameinfo(a->ai_addr, a->ai_addrlen, address, sizeof(address), NULL,
				0, NI_NUMERICHOST))
			continue;
		strbuf_add_format(&names, "%s%s", names.length ? "," : "", host);
		strbuf_add_format(&addresses, "%s%s", addresses.length ? "," : "",
				  address);
	}
	freeaddrinfo(found);
	conninfo_set(info, "host", names.buf);
	conninfo_set(info, "hostaddr", addresses.buf);
	return true;
}
