/* SPDX-License-Identifier: PostgreSQL */
/* Writes manifest.json, its accounts one at a time: see manifest_read.c. */
#include "store/manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/str.h"
#include "store/layout.h"

enum { WRITE_BYTES = 65536 };

/*
 * Text as JSON, for json_pack's "o"; null for NULL and for what is not UTF-8, such as a
 * socket's directory, for which json_pack's "s?" would fail.
 */
static json_t *text_or_null(const char *s)
{
	json_t *json = s ? json_string(s) : NULL;

	return json ? json : json_null();
}

static json_t *format_extensions(const struct manifest_entry *entry)
{
	json_t *list = json_array();

	for (size_t i = 0; i < entry->extension_count; i++)
		json_array_append_new(
			list,
			json_pack("{so so so}", "name",
				  text_or_null(entry->extensions[i].name), "version",
				  text_or_null(entry->extensions[i].version), "schema",
				  text_or_null(entry->extensions[i].schema)));
	return list;
}

static json_t *format_entry(const struct manifest_entry *entry)
{
	AUTO_FREE char *file = layout_file_name(entry->account);
	bool is_spared = entry->is_stale && !entry->is_failed;

	return json_pack("{so ss so sI ss so sI sI ss sb ss* so* so*}", "account",
			 text_or_null(entry->account), "file", file, "node",
			 text_or_null(entry->node), "bytes",
			 (json_int_t)entry->size_bytes, "sha256", entry->sha256,
			 "version", text_or_null(entry->version), "tables",
			 (json_int_t)entry->tables, "rows", (json_int_t)entry->rows,
			 "saved_at", entry->saved_at, "stale", (int)entry->is_stale,
			 "parents", entry->parents, "extensions",
			 entry->extension_count ? format_extensions(entry) : NULL,
			 "failed", is_spared ? json_false() : NULL);
}

static json_t *format_nodes(const struct manifest *manifest, bool is_carried)
{
	json_t *nodes = json_array();

	for (size_t i = 0; i < manifest->node_count; i++) {
		const struct manifest_node *node = &manifest->nodes[i];

		if (node->is_carried != is_carried)
			continue;
		json_array_append_new(
			nodes,
			json_pack("{so so so so sI so so}", "node",
				  text_or_null(node->name), "host",
				  text_or_null(node->host), "port",
				  text_or_null(node->port), "system_identifier",
				  text_or_null(node->system_identifier), "database_oid",
				  (json_int_t)node->database_oid, "server_version",
				  text_or_null(node->server_version), "snapshot",
				  text_or_null(node->snapshot)));
	}
	return nodes;
}

static json_t *format_dropped(const struct manifest *manifest)
{
	json_t *list = json_array();

	for (size_t i = 0; i < manifest->dropped_count; i++)
		json_array_append_new(list,
				      json_integer((json_int_t)manifest->dropped[i]));
	return list;
}

static json_t *format_header(const struct manifest *manifest)
{
	json_t *carried = format_nodes(manifest, true);
	json_t *json = json_pack(
		"{si sI sI so so so ss ss so ss* so*}", "format", MANIFEST_FORMAT,
		"serial", (json_int_t)manifest->serial, "keep",
		(json_int_t)manifest->keep, "program", text_or_null(manifest->program),
		"pg_dump", text_or_null(manifest->pg_dump), "backend",
		text_or_null(manifest->backend), "started", manifest->started, "finished",
		manifest->finished, "nodes", format_nodes(manifest, false), "objects",
		manifest->is_whole ? "all" : NULL, "carried_nodes",
		json_array_size(carried) ? json_incref(carried) : NULL);

	json_decref(carried);
	if (manifest->has_plan)
		json_object_update_new(json,
				       json_pack("{sI sI sI so}", "failed",
						 (json_int_t)manifest->failed, "replaced",
						 (json_int_t)manifest->replaced, "window",
						 (json_int_t)manifest->window, "dropped",
						 format_dropped(manifest)));
	return json;
}

/* Format and release `json`. Ownership: the caller frees. */
static char *format_json(json_t *json, size_t flags)
{
	char *text = json ? json_dumps(json, flags | JSON_PRESERVE_ORDER) : NULL;

	if (!text)
		abort(); /* out of memory */
	json_decref(json);
	return text;
}

static bool flush(int fd, struct strbuf *text, struct error *err)
{
	bool is_ok = fs_write_all(fd, text->buf, text->length, err);

	strbuf_reset(text);
	return is_ok;
}

/* The accounts are written as a last member of the header, one per line. */
static bool write_text(int fd, const struct manifest *manifest, struct error *err)
{
	AUTO_FREE char *header = format_json(format_header(manifest), JSON_INDENT(1));
	AUTO_STRBUF struct strbuf text = { 0 };

	strbuf_add(&text, header, strlen(header) - strlen("\n}"));
	strbuf_add_str(&text, ",\n \"accounts\": [");
	for (size_t i = 0; i < manifest->entry_count; i++) {
		AUTO_FREE char *entry =
			format_json(format_entry(&manifest->entries[i]), 0);

		strbuf_add_format(&text, "%s\n  %s", i ? "," : "", entry);
		if (text.length >= WRITE_BYTES && !flush(fd, &text, err))
			return false;
	}
	strbuf_add_str(&text, "\n ]\n}\n");
	return flush(fd, &text, err);
}

bool manifest_write(int dir_fd, const struct manifest *manifest, struct error *err)
{
	AUTO_CLOSE int fd = openat(dir_fd, MANIFEST_FILE,
				   O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return error_set(err, ERROR_SYSTEM, "create " MANIFEST_FILE ": %s",
				 strerror(errno));
	if (!write_text(fd, manifest, err))
		return error_prefix(err, MANIFEST_FILE);
	if (fsync(fd) < 0)
		return error_set(err, ERROR_SYSTEM, "fsync " MANIFEST_FILE ": %s",
				 strerror(errno));
	return true;
}
