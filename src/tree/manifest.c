/* SPDX-License-Identifier: PostgreSQL */
#include "tree/manifest.h"

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

struct manifest_node *manifest_add_node(struct manifest *m, const char *name)
{
	struct manifest_node *n;

	m->nodes = xrealloc(m->nodes, (m->node_count + 1) * sizeof(*m->nodes));
	n = &m->nodes[m->node_count++];
	*n = (struct manifest_node){ .name = xstrdup(name) };
	return n;
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

void manifest_copy_entry(struct manifest_entry *to, const struct manifest_entry *from)
{
	char *account = to->account;

	*to = *from;
	to->account = account;
	to->node = from->node ? xstrdup(from->node) : NULL;
	to->version = from->version ? xstrdup(from->version) : NULL;
}

void manifest_release(struct manifest *m)
{
	for (size_t i = 0; i < m->entry_count; i++) {
		free(m->entries[i].account);
		free(m->entries[i].node);
		free(m->entries[i].version);
	}
	for (size_t i = 0; i < m->node_count; i++) {
		free(m->nodes[i].name);
		free(m->nodes[i].host);
		free(m->nodes[i].port);
		free(m->nodes[i].server_version);
		free(m->nodes[i].snapshot);
	}
	free(m->entries);
	free(m->nodes);
	free(m->program);
	free(m->pg_dump);
	free(m->backend);
	*m = (struct manifest){ 0 };
}
