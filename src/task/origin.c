/* SPDX-License-Identifier: PostgreSQL */
/*
 * A restore into the wrong database, or a save over that of another one, destroys what
 * cannot be recovered. But databases are moved, so the answer is more than yes or no.
 */
#include "task/origin.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

/* Can this node of the farm be asked? */
static bool is_known(const struct farm_node *node)
{
	return node->session && session_facts(node->session)->dbname;
}

static bool is_same_backend(const struct manifest *manifest, const struct farm *farm)
{
	return manifest->backend && !strcmp(manifest->backend, farm->backend);
}

static bool is_local(const char *host)
{
	return !*host || *host == '/' || *host == '@' || !strcmp(host, "localhost") ||
	       !strcmp(host, "127.0.0.1") || !strcmp(host, "::1");
}

static bool is_same_place(const struct manifest_node *saved, const struct farm_node *node)
{
	const char *host = pgconn_host(session_conn(node->session));
	const char *port = pgconn_port(session_conn(node->session));
	const char *saved_host = saved->host ? saved->host : "";

	return !strcmp(saved->port ? saved->port : "", port) &&
	       (!strcmp(saved_host, host) || (is_local(saved_host) && is_local(host)));
}

/* On a farm the name is part of a node's identity: the proxy uses it. */
static enum origin_verdict compare_nodes(const struct manifest *manifest,
					 const struct manifest_node *saved,
					 const struct farm_node *node)
{
	const struct session_facts *facts = session_facts(node->session);
	bool is_same_name = !strcmp(saved->name, node->name);

	if (!is_same_name && node->farm->has_proxy &&
	    is_same_backend(manifest, node->farm))
		return ORIGIN_UNKNOWN;
	if (saved->system_identifier && facts->system_identifier) {
		if (!strcmp(saved->system_identifier, facts->system_identifier) &&
		    saved->database_oid == facts->database_oid)
			return is_same_place(saved, node) ? ORIGIN_SAME : ORIGIN_MOVED;
		return is_same_name ? ORIGIN_OTHER : ORIGIN_UNKNOWN;
	}
	if (!is_same_name)
		return ORIGIN_UNKNOWN;
	return is_same_place(saved, node) ? ORIGIN_UNPROVEN : ORIGIN_OTHER;
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

static void describe(struct origin *origin, const struct manifest_node *saved,
		     const struct farm_node *node)
{
	const struct session_facts *facts = session_facts(node->session);

	describe_place(origin->saved, sizeof(origin->saved), saved->host, saved->port,
		       saved->system_identifier, saved->database_oid);
	describe_place(origin->here, sizeof(origin->here),
		       pgconn_host(session_conn(node->session)),
		       pgconn_port(session_conn(node->session)), facts->system_identifier,
		       facts->database_oid);
	snprintf(origin->saved_name, sizeof(origin->saved_name), "%s", saved->name);
	snprintf(origin->here_name, sizeof(origin->here_name), "%s", node->name);
}

/* Which verdict of a node counts most: one that proves it, then one that supports it,
 * then one against it. */
static unsigned rank(enum origin_verdict verdict)
{
	static const unsigned ranks[] = {
		[ORIGIN_UNKNOWN] = 0, [ORIGIN_OTHER] = 1, [ORIGIN_UNPROVEN] = 2,
		[ORIGIN_MOVED] = 3,   [ORIGIN_SAME] = 4,
	};

	return ranks[verdict];
}

static bool has_entry_of(const struct manifest *manifest, const struct farm *farm)
{
	for (size_t i = 0; i < manifest->entry_count; i++)
		for (size_t k = 0; manifest->entries[i].node && k < farm->node_count; k++)
			if (!manifest_find_node(manifest, manifest->entries[i].node) &&
			    !strcmp(manifest->entries[i].node, farm->nodes[k]->name))
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

/* No node decides it. */
static void judge_strangers(const struct manifest *manifest, const struct farm *farm,
			    struct origin *origin)
{
	const struct farm_node *node = NULL;

	for (size_t i = 0; !node && i < farm->node_count; i++)
		if (is_known(farm->nodes[i]))
			node = farm->nodes[i];
	if (!node || !manifest->node_count)
		return;
	describe(origin, &manifest->nodes[0], node);
	if (has_entry_of(manifest, farm)) /* an older manifest, which left nodes out */
		origin->verdict = ORIGIN_UNPROVEN;
	else if (!is_same_backend(manifest, farm) || !has_unknown(farm))
		origin->verdict = ORIGIN_OTHER;
}

void origin_compare(const struct manifest *manifest, const struct farm *farm,
		    struct origin *out)
{
	*out = (struct origin){ .verdict = ORIGIN_UNKNOWN };
	for (size_t i = 0; i < farm->node_count; i++)
		for (size_t k = 0; is_known(farm->nodes[i]) && k < manifest->node_count;
		     k++) {
			enum origin_verdict verdict = compare_nodes(
				manifest, &manifest->nodes[k], farm->nodes[i]);

			if (rank(verdict) <= rank(out->verdict))
				continue;
			out->verdict = verdict;
			describe(out, &manifest->nodes[k], farm->nodes[i]);
		}
	if (out->verdict == ORIGIN_UNKNOWN)
		judge_strangers(manifest, farm, out);
}

bool origin_set_other(const struct origin *origin, const struct manifest *manifest,
		      const char *dir, struct error *err)
{
	return error_set(err, ERROR_DATA,
			 "%s is a save of database \"%s\", not of \"%s\": it was saved "
			 "%s from %s; this is %s",
			 dir, origin->saved_name, origin->here_name, manifest->started,
			 origin->saved, origin->here);
}

char *origin_format_notice(const struct origin *origin, const char *dir)
{
	switch (origin->verdict) {
	case ORIGIN_MOVED:
		return str_format("%s was saved from %s; this is %s: the same database "
				  "after a failover, or a copy of it",
				  dir, origin->saved, origin->here);
	case ORIGIN_UNPROVEN:
		return str_format("%s is assumed to be a save of this database by name "
				  "and host only: %s",
				  dir, origin->saved);
	case ORIGIN_UNKNOWN:
	case ORIGIN_SAME:
	case ORIGIN_OTHER:
		break;
	}
	return NULL;
}
