/* SPDX-License-Identifier: PostgreSQL */
#include "store/manifest.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

struct manifest_entry *manifest_add(struct manifest *manifest, const char *account)
{
	struct manifest_entry *entry;

	manifest->entries = xgrow(manifest->entries, manifest->entry_count,
				  sizeof(*manifest->entries));
	entry = &manifest->entries[manifest->entry_count++];
	*entry = (struct manifest_entry){ .account = xstrdup(account) };
	return entry;
}

void manifest_add_extension(struct manifest_entry *entry, const char *name,
			    const char *version, const char *schema)
{
	entry->extensions = xgrow(entry->extensions, entry->extension_count,
				  sizeof(*entry->extensions));
	entry->extensions[entry->extension_count++] = (struct manifest_extension){
		.name = xstrdup(name),
		.version = xstrdup(version),
		.schema = xstrdup(schema),
	};
}

struct manifest_node *manifest_add_node(struct manifest *manifest, const char *name)
{
	struct manifest_node *node;

	manifest->nodes =
		xgrow(manifest->nodes, manifest->node_count, sizeof(*manifest->nodes));
	node = &manifest->nodes[manifest->node_count++];
	*node = (struct manifest_node){ .name = xstrdup(name) };
	return node;
}

const struct manifest_node *manifest_find_node(const struct manifest *manifest,
					       const char *name)
{
	for (size_t i = 0; i < manifest->node_count; i++)
		if (!strcmp(manifest->nodes[i].name, name))
			return &manifest->nodes[i];
	return NULL;
}

static int compare_entries(const void *a, const void *b)
{
	return strcmp(((const struct manifest_entry *)a)->account,
		      ((const struct manifest_entry *)b)->account);
}

void manifest_sort(struct manifest *manifest)
{
	if (manifest->entry_count)
		qsort(manifest->entries, manifest->entry_count,
		      sizeof(*manifest->entries), compare_entries);
}

const struct manifest_entry *manifest_find(const struct manifest *manifest,
					   const char *account)
{
	struct manifest_entry key = { .account = (char *)account };

	if (!manifest->entry_count)
		return NULL;
	return bsearch(&key, manifest->entries, manifest->entry_count,
		       sizeof(*manifest->entries), compare_entries);
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

static void release_extensions(struct manifest_entry *entry)
{
	for (size_t i = 0; i < entry->extension_count; i++) {
		free(entry->extensions[i].name);
		free(entry->extensions[i].version);
		free(entry->extensions[i].schema);
	}
	free(entry->extensions);
}

void manifest_release_entries(struct manifest *manifest)
{
	for (size_t i = 0; i < manifest->entry_count; i++) {
		free(manifest->entries[i].account);
		free(manifest->entries[i].node);
		free(manifest->entries[i].version);
		free(manifest->entries[i].parents);
		release_extensions(&manifest->entries[i]);
	}
	free(manifest->entries);
	manifest->entries = NULL;
	manifest->entry_count = 0;
}

void manifest_release(struct manifest *manifest)
{
	manifest_release_entries(manifest);
	for (size_t i = 0; i < manifest->node_count; i++) {
		free(manifest->nodes[i].name);
		free(manifest->nodes[i].host);
		free(manifest->nodes[i].port);
		free(manifest->nodes[i].system_identifier);
		free(manifest->nodes[i].server_version);
		free(manifest->nodes[i].snapshot);
	}
	free(manifest->dropped);
	free(manifest->nodes);
	free(manifest->program);
	free(manifest->pg_dump);
	free(manifest->backend);
	*manifest = (struct manifest){ 0 };
}
