/* SPDX-License-Identifier: PostgreSQL */
#include "store/manifest.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

struct manifest_entry *manifest_add(struct manifest *m, const char *account)
{
	struct manifest_entry *e;

	m->entries = xgrow(m->entries, m->entry_count, sizeof(*m->entries));
	e = &m->entries[m->entry_count++];
	*e = (struct manifest_entry){ .account = xstrdup(account) };
	return e;
}

void manifest_add_extension(struct manifest_entry *e, const char *name,
			    const char *version, const char *schema)
{
	e->extensions = xgrow(e->extensions, e->extension_count, sizeof(*e->extensions));
	e->extensions[e->extension_count++] = (struct manifest_extension){
		.name = xstrdup(name),
		.version = xstrdup(version),
		.schema = xstrdup(schema),
	};
}

struct manifest_node *manifest_add_node(struct manifest *m, const char *name)
{
	struct manifest_node *n;

	m->nodes = xgrow(m->nodes, m->node_count, sizeof(*m->nodes));
	n = &m->nodes[m->node_count++];
	*n = (struct manifest_node){ .name = xstrdup(name) };
	return n;
}

const struct manifest_node *manifest_find_node(const struct manifest *m, const char *name)
{
	for (size_t i = 0; i < m->node_count; i++)
		if (!strcmp(m->nodes[i].name, name))
			return &m->nodes[i];
	return NULL;
}

static int compare_entries(const void *a, const void *b)
{
	return strcmp(((const struct manifest_entry *)a)->account,
		      ((const struct manifest_entry *)b)->account);
}

void manifest_sort(struct manifest *m)
{
	if (m->entry_count)
		qsort(m->entries, m->entry_count, sizeof(*m->entries), compare_entries);
}

const struct manifest_entry *manifest_find(const struct manifest *m, const char *account)
{
	struct manifest_entry key = { .account = (char *)account };

	if (!m->entry_count)
		return NULL;
	return bsearch(&key, m->entries, m->entry_count, sizeof(*m->entries),
		       compare_entries);
}

static char *copy_text(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

void manifest_copy_entry(struct manifest_entry *to, const struct manifest_entry *from)
{
	char *account = to->account;

	*to = *from;
	to->account = account;
	to->node = copy_text(from->node);
	to->version = copy_text(from->version);
	to->parents = copy_text(from->parents);
	to->extensions = NULL;
	to->extension_count = 0;
	for (size_t i = 0; i < from->extension_count; i++)
		manifest_add_extension(to, from->extensions[i].name,
				       from->extensions[i].version,
				       from->extensions[i].schema);
}

void manifest_copy_node(struct manifest_node *to, const struct manifest_node *from)
{
	char *name = to->name;

	*to = *from;
	to->name = name;
	to->host = copy_text(from->host);
	to->port = copy_text(from->port);
	to->system_identifier = copy_text(from->system_identifier);
	to->server_version = copy_text(from->server_version);
	to->snapshot = copy_text(from->snapshot);
}

static void release_extensions(struct manifest_entry *e)
{
	for (size_t i = 0; i < e->extension_count; i++) {
		free(e->extensions[i].name);
		free(e->extensions[i].version);
		free(e->extensions[i].schema);
	}
	free(e->extensions);
}

void manifest_release(struct manifest *m)
{
	for (size_t i = 0; i < m->entry_count; i++) {
		free(m->entries[i].account);
		free(m->entries[i].node);
		free(m->entries[i].version);
		free(m->entries[i].parents);
		release_extensions(&m->entries[i]);
	}
	for (size_t i = 0; i < m->node_count; i++) {
		free(m->nodes[i].name);
		free(m->nodes[i].host);
		free(m->nodes[i].port);
		free(m->nodes[i].system_identifier);
		free(m->nodes[i].server_version);
		free(m->nodes[i].snapshot);
	}
	free(m->entries);
	free(m->dropped);
	free(m->nodes);
	free(m->program);
	free(m->pg_dump);
	free(m->backend);
	*m = (struct manifest){ 0 };
}
