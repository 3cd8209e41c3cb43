/* SPDX-License-Identifier: PostgreSQL */
#include "task/origin.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

/* A node of the farm that can be asked. */
static bool is_known(const struct farm_node *n)
{
	return n->session && session_facts(n->session)->dbname;
}

static bool is_same_backend(const struct manifest *m, const struct farm *farm)
{
	return m->backend && !strcmp(m->backend, farm->backend);
}

static bool is_local(const char *host)
{
	return !*host || *host == '/' || *host == '@' || !strcmp(host, "localhost") ||
	       !strcmp(host, "127.0.0.1") || !strcmp(host, "::1");
}

static bool is_same_place(const struct manifest_node *saved, const struct farm_node *n)
{
	const char *host = pgconn_host(session_conn(n->session));
	const char *port = pgconn_port(session_conn(n->session));
	const char *saved_host = saved->host ? saved->host : "";

	return !strcmp(saved->port ? saved->port : "", port) &&
	       (!strcmp(saved_host, host) || (is_local(saved_host) && is_local(host)));
}

/* Between farms the name is part of what a node is: the proxy goes by it. */
static enum origin_verdict compare_nodes(const struct manifest *m,
					 const struct manifest_node *saved,
					 const struct farm_node *n)
{
	const struct session_facts *facts = session_facts(n->session);
	bool is_same_name = !strcmp(saved->name, n->name);

	if (!is_same_name && n->farm->has_proxy && is_same_backend(m, n->farm))
		return ORIGIN_UNKNOWN;
	if (saved->system_identifier && facts->system_identifier) {
		if (!strcmp(saved->system_identifier, facts->system_identifier) &&
		    saved->database_oid == facts->database_oid)
			return is_same_place(saved, n) ? ORIGIN_SAME : ORIGIN_MOVED;
		return is_same_name ? ORIGIN_OTHER : ORIGIN_UNKNOWN;
	}
	if (!is_same_name)
		return ORIGIN_UNKNOWN;
	return is_same_place(saved, n) ? ORIGIN_UNPROVEN : ORIGIN_OTHER;
}

static void describe_place(char *out, size_t size, const char *host, const char *port,
			   const char *system, uint64_t oid)
{
	int length = snprintf(out, size, "host \"%s\", port %s", host ? host : "",
			      port ? port : "?");

	if (system && length > 0 && (size_t)length < size)
		snprintf(out + length, size - (size_t)length,
			 ", system identifier %s, database oid %llu", system,
			 (unsigned long long)oid);
}

static void describe(struct origin *o, const struct manifest_node *saved,
		     const struct farm_node *n)
{
	const struct session_facts *facts = session_facts(n->session);

	describe_place(o->saved, sizeof(o->saved), saved->host, saved->port,
		       saved->system_identifier, saved->database_oid);
	describe_place(o->here, sizeof(o->here), pgconn_host(session_conn(n->session)),
		       pgconn_port(session_conn(n->session)), facts->system_identifier,
		       facts->database_oid);
	snprintf(o->saved_name, sizeof(o->saved_name), "%s", saved->name);
	snprintf(o->here_name, sizeof(o->here_name), "%s", n->name);
}

/* What counts more: one that proves it, then one that speaks for it, then one against. */
static unsigned rank(enum origin_verdict verdict)
{
	static const unsigned ranks[] = {
		[ORIGIN_UNKNOWN] = 0, [ORIGIN_OTHER] = 1, [ORIGIN_UNPROVEN] = 2,
		[ORIGIN_MOVED] = 3,   [ORIGIN_SAME] = 4,
	};

	return ranks[verdict];
}

static bool has_entry_of(const struct manifest *m, const struct farm *farm)
{
	for (size_t i = 0; i < m->entry_count; i++)
		for (size_t k = 0; m->entries[i].node && k < farm->node_count; k++)
			if (!manifest_find_node(m, m->entries[i].node) &&
			    !strcmp(m->entries[i].node, farm->nodes[k]->name))
				return true;
	return false;
}

static bool has_unknown(const struct farm *farm)
{
	for (size_t i = 0; i < farm->node_count; i++)
		if (!is_known(farm->nodes[i]))
			return true;
	return !farm->has_all_nodes;
}

/* No node speaks for or against it. */
static void judge_strangers(const struct manifest *m, const struct farm *farm,
			    struct origin *o)
{
	const struct farm_node *n = NULL;

	for (size_t i = 0; !n && i < farm->node_count; i++)
		if (is_known(farm->nodes[i]))
			n = farm->nodes[i];
	if (!n || !m->node_count)
		return;
	describe(o, &m->nodes[0], n);
	if (has_entry_of(m, farm)) /* an older manifest, which left nodes out */
		o->verdict = ORIGIN_UNPROVEN;
	else if (!is_same_backend(m, farm) || !has_unknown(farm))
		o->verdict = ORIGIN_OTHER;
}

void origin_compare(const struct manifest *m, const struct farm *farm, struct origin *out)
{
	*out = (struct origin){ .verdict = ORIGIN_UNKNOWN };
	for (size_t i = 0; i < farm->node_count; i++)
		for (size_t k = 0; is_known(farm->nodes[i]) && k < m->node_count; k++) {
			enum origin_verdict verdict =
				compare_nodes(m, &m->nodes[k], farm->nodes[i]);

			if (rank(verdict) <= rank(out->verdict))
				continue;
			out->verdict = verdict;
			describe(out, &m->nodes[k], farm->nodes[i]);
		}
	if (out->verdict == ORIGIN_UNKNOWN)
		judge_strangers(m, farm, out);
}

bool origin_set_other(const struct origin *o, const struct manifest *m, const char *dir,
		      struct error *err)
{
	return error_set(err, ERROR_DATA,
			 "%s is a save of database \"%s\", not of \"%s\": it was saved "
			 "%s from %s; this is %s",
			 dir, o->saved_name, o->here_name, m->started, o->saved, o->here);
}

char *origin_format_notice(const struct origin *o, const char *dir)
{
	switch (o->verdict) {
	case ORIGIN_MOVED:
		return str_format("%s was saved from %s; this is %s: the same database "
				  "after a failover, or a copy of it",
				  dir, o->saved, o->here);
	case ORIGIN_UNPROVEN:
		return str_format("%s is assumed to be a save of this database by name "
				  "and host only: %s",
				  dir, o->saved);
	case ORIGIN_UNKNOWN:
	case ORIGIN_SAME:
	case ORIGIN_OTHER:
		break;
	}
	return NULL;
}
