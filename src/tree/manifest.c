/* SPDX-License-Identifier: PostgreSQL */
#include "tree/manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/str.h"
#include "tree/layout.h"

enum { MANIFEST_MAX_BYTES = 1 << 30 };

struct manifest_entry *manifest_add(struct manifest *m, const char *account)
{
	struct manifest_entry *e;

	if (!(m->entry_count & (m->entry_count - 1))) /* full at each power of two */
		m->entries =
			xrealloc(m->entries, (m->entry_count ? m->entry_count * 2 : 1) *
						     sizeof(*m->entries));
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

/* "2026-11-22T10:54:37Z" */
static bool is_time(const char *s)
{
	static const char form[] = "0000-00-00T00:00:00Z";

	if (strlen(s) != strlen(form))
		return false;
	for (size_t i = 0; form[i]; i++)
		if (form[i] == '0' ? s[i] < '0' || s[i] > '9' : s[i] != form[i])
			return false;
	return true;
}

static bool is_sha256(const char *s)
{
	return strlen(s) == 64 && strspn(s, "0123456789abcdef") == 64;
}

/* The text of a key. NULL for JSON null. False when it is absent or no text. */
static bool get_text(const json_t *object, const char *key, const char **out,
		     struct error *err)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_string(value) && !json_is_null(value))
		return error_set(err, ERROR_DATA, "\"%s\" is missing or no text", key);
	*out = json_string_value(value);
	return true;
}

static bool get_own_text(const json_t *object, const char *key, char **out,
			 struct error *err)
{
	const char *text;

	if (!get_text(object, key, &text, err))
		return false;
	*out = text ? xstrdup(text) : NULL;
	return true;
}

static bool get_time(const json_t *object, const char *key, char out[21],
		     struct error *err)
{
	const char *text;

	if (!get_text(object, key, &text, err))
		return false;
	if (!text || !is_time(text))
		return error_set(err, ERROR_DATA, "\"%s\" is no time", key);
	memcpy(out, text, 21);
	return true;
}

static bool get_uint(const json_t *object, const char *key, uint64_t max, uint64_t *out,
		     struct error *err)
{
	const json_t *value = json_object_get(object, key);
	json_int_t n = json_integer_value(value);

	if (!json_is_integer(value) || n < 0 || (uint64_t)n > max)
		return error_set(err, ERROR_DATA, "\"%s\" is missing or no number", key);
	*out = (uint64_t)n;
	return true;
}

static bool parse_entry(const json_t *json, struct manifest *m, struct error *err)
{
	const char *account, *file, *sha256;
	const json_t *stale = json_object_get(json, "stale");
	AUTO_FREE char *expected = NULL;
	struct manifest_entry *e;
	uint64_t tables;

	if (!get_text(json, "account", &account, err) ||
	    !get_text(json, "file", &file, err) ||
	    !get_text(json, "sha256", &sha256, err))
		return false;
	if (!account || !*account)
		return error_set(err, ERROR_DATA, "an account has no name");
	e = manifest_add(m, account);
	expected = layout_file_name(account);
	if (!file || strcmp(file, expected) != 0)
		return error_set(err, ERROR_DATA, "account \"%s\": its file should be %s",
				 account, expected);
	if (!sha256 || !is_sha256(sha256))
		return error_set(err, ERROR_DATA,
				 "account \"%s\": \"sha256\" is no SHA-256", account);
	if (!json_is_boolean(stale))
		return error_set(err, ERROR_DATA,
				 "account \"%s\": \"stale\" is not true or false",
				 account);
	memcpy(e->sha256, sha256, sizeof(e->sha256));
	e->is_stale = json_is_true(stale);
	if (!get_own_text(json, "node", &e->node, err) ||
	    !get_own_text(json, "version", &e->version, err) ||
	    !get_uint(json, "bytes", INT64_MAX, &e->size_bytes, err) ||
	    !get_uint(json, "rows", INT64_MAX, &e->rows, err) ||
	    !get_uint(json, "tables", UINT32_MAX, &tables, err) ||
	    !get_time(json, "saved_at", e->saved_at, err))
		return error_prefix(err, "account \"%s\"", account);
	e->tables = (uint32_t)tables;
	return true;
}

static bool parse_node(const json_t *json, struct manifest *m, struct error *err)
{
	const char *name;
	struct manifest_node *n;

	if (!get_text(json, "node", &name, err))
		return false;
	n = manifest_add_node(m, name ? name : "");
	return get_own_text(json, "host", &n->host, err) &&
	       get_own_text(json, "port", &n->port, err) &&
	       get_own_text(json, "server_version", &n->server_version, err) &&
	       get_own_text(json, "snapshot", &n->snapshot, err);
}

static bool parse_list(const json_t *root, const char *key, struct manifest *m,
		       bool (*parse)(const json_t *, struct manifest *, struct error *),
		       struct error *err)
{
	const json_t *list = json_object_get(root, key), *json;
	size_t i;

	if (!json_is_array(list))
		return error_set(err, ERROR_DATA, "\"%s\" is missing or no list", key);
	json_array_foreach (list, i, json)
		if (!parse(json, m, err))
			return false;
	return true;
}

static bool parse_manifest(const json_t *root, struct manifest *m, struct error *err)
{
	uint64_t format;

	if (!get_uint(root, "format", INT64_MAX, &format, err))
		return false;
	if (format != MANIFEST_FORMAT) {
		error_set(err, ERROR_DATA,
			  "format %llu, but this program knows format %d",
			  (unsigned long long)format, MANIFEST_FORMAT);
		return error_hint(
			err, "use the metamodel program that wrote it, or a newer one");
	}
	if (!get_uint(root, "serial", INT64_MAX, &m->serial, err) ||
	    !get_uint(root, "keep", UINT16_MAX, &m->keep, err) ||
	    !get_own_text(root, "program", &m->program, err) ||
	    !get_own_text(root, "pg_dump", &m->pg_dump, err) ||
	    !get_own_text(root, "backend", &m->backend, err) ||
	    !get_time(root, "started", m->started, err) ||
	    !get_time(root, "finished", m->finished, err) ||
	    !parse_list(root, "nodes", m, parse_node, err) ||
	    !parse_list(root, "accounts", m, parse_entry, err))
		return false;
	manifest_sort(m);
	for (size_t i = 1; i < m->entry_count; i++)
		if (!strcmp(m->entries[i - 1].account, m->entries[i].account))
			return error_set(err, ERROR_DATA, "account \"%s\" is there twice",
					 m->entries[i].account);
	return true;
}

bool manifest_read(int dir_fd, struct manifest *out, bool *is_absent, struct error *err)
{
	AUTO_CLOSE int fd = -1;
	AUTO_FREE char *text = NULL;
	struct manifest m = { 0 };
	json_error_t json_error;
	json_t *root;
	size_t length;
	bool is_ok = fs_open_file(dir_fd, MANIFEST_FILE, &fd, err);

	*is_absent = !is_ok && errno == ENOENT;
	if (!is_ok)
		return false;
	if (!fs_read_all(fd, MANIFEST_MAX_BYTES, &text, &length, err))
		return error_prefix(err, MANIFEST_FILE);
	root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &json_error);
	if (!root)
		return error_set(err, ERROR_DATA, MANIFEST_FILE ": line %d: %s",
				 json_error.line, json_error.text);
	is_ok = parse_manifest(root, &m, err);
	json_decref(root);
	if (!is_ok) {
		manifest_release(&m);
		return error_prefix(err, MANIFEST_FILE);
	}
	*out = m;
	return true;
}

/* Text as JSON, null for NULL. A steals-a-reference value for json_pack's "o". */
static json_t *text_or_null(const char *s)
{
	json_t *json = s ? json_string(s) : NULL;

	return json ? json : json_null();
}

static json_t *format_entry(const struct manifest_entry *e)
{
	AUTO_FREE char *file = layout_file_name(e->account);

	return json_pack("{so ss so sI ss so sI sI ss sb}", "account",
			 text_or_null(e->account), "file", file, "node",
			 text_or_null(e->node), "bytes", (json_int_t)e->size_bytes,
			 "sha256", e->sha256, "version", text_or_null(e->version),
			 "tables", (json_int_t)e->tables, "rows", (json_int_t)e->rows,
			 "saved_at", e->saved_at, "stale", (int)e->is_stale);
}

static json_t *format_manifest(const struct manifest *m)
{
	json_t *nodes = json_array(), *accounts = json_array();

	for (size_t i = 0; i < m->node_count; i++) {
		const struct manifest_node *n = &m->nodes[i];

		json_array_append_new(nodes,
				      json_pack("{so so so so so}", "node",
						text_or_null(n->name), "host",
						text_or_null(n->host), "port",
						text_or_null(n->port), "server_version",
						text_or_null(n->server_version),
						"snapshot", text_or_null(n->snapshot)));
	}
	for (size_t i = 0; i < m->entry_count; i++)
		json_array_append_new(accounts, format_entry(&m->entries[i]));
	return json_pack("{si sI sI so so so ss ss so so}", "format", MANIFEST_FORMAT,
			 "serial", (json_int_t)m->serial, "keep", (json_int_t)m->keep,
			 "program", text_or_null(m->program), "pg_dump",
			 text_or_null(m->pg_dump), "backend", text_or_null(m->backend),
			 "started", m->started, "finished", m->finished, "nodes", nodes,
			 "accounts", accounts);
}

bool manifest_write(int dir_fd, const struct manifest *m, struct error *err)
{
	AUTO_CLOSE int fd = openat(dir_fd, MANIFEST_FILE,
				   O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	AUTO_FREE char *text = NULL;
	json_t *root;

	if (fd < 0)
		return error_set(err, ERROR_SYSTEM, "create " MANIFEST_FILE ": %s",
				 strerror(errno));
	root = format_manifest(m);
	text = json_dumps(root, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
	json_decref(root);
	if (!text)
		abort(); /* out of memory */
	if (!fs_write_all(fd, text, strlen(text), err) || !fs_write_all(fd, "\n", 1, err))
		return error_prefix(err, MANIFEST_FILE);
	if (fsync(fd) < 0)
		return error_set(err, ERROR_SYSTEM, "fsync " MANIFEST_FILE ": %s",
				 strerror(errno));
	return true;
}
