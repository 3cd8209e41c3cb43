/* SPDX-License-Identifier: PostgreSQL */
/*
 * Reads manifest.json. The accounts, of which there may be very many, are read one at a
 * time: jansson's tree of an account takes five times the memory of its entry. So this
 * file takes apart only the outermost object and the list of accounts, and jansson reads
 * the values in them.
 *
 * json_unpack_ex() is not used: it does not say which value has the wrong type, and has
 * no format for a text that may be null.
 */
#include "store/manifest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/str.h"
#include "store/layout.h"

enum { MANIFEST_MAX_BYTES = 1 << 30 };

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

/* The text of a key, NULL for JSON null. Returns false if it is missing or not a text. */
static bool get_text(const json_t *object, const char *key, const char **out,
		     struct error *err)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_string(value) && !json_is_null(value))
		return error_set(err, ERROR_DATA, "\"%s\" is missing or not a string",
				 key);
	*out = json_string_value(value);
	return true;
}

static bool get_own_text(const json_t *object, const char *key, char **out,
			 struct error *err)
{
	const char *text = NULL;

	if (!get_text(object, key, &text, err))
		return false;
	*out = text ? xstrdup(text) : NULL;
	return true;
}

static bool get_time(const json_t *object, const char *key, char out[21],
		     struct error *err)
{
	const char *text = NULL;

	if (!get_text(object, key, &text, err))
		return false;
	if (!text || !is_time(text))
		return error_set(err, ERROR_DATA, "\"%s\" is not a time", key);
	memcpy(out, text, 21);
	return true;
}

static bool get_uint(const json_t *object, const char *key, uint64_t max, uint64_t *out,
		     struct error *err)
{
	const json_t *value = json_object_get(object, key);
	json_int_t n = json_integer_value(value);

	if (!json_is_integer(value) || n < 0 || (uint64_t)n > max)
		return error_set(err, ERROR_DATA, "\"%s\" is missing or not a number",
				 key);
	*out = (uint64_t)n;
	return true;
}

/* Missing if no extension is needed. */
static bool parse_extensions(const json_t *json, struct manifest_entry *entry,
			     struct error *err)
{
	const json_t *list = json_object_get(json, "extensions"), *extension;
	size_t i;

	if (list && !json_is_array(list))
		return error_set(err, ERROR_DATA, "\"extensions\" is not a list");
	json_array_foreach (list, i, extension) {
		const char *name = NULL, *version = NULL, *schema = NULL;

		if (!get_text(extension, "name", &name, err) ||
		    !get_text(extension, "version", &version, err) ||
		    !get_text(extension, "schema", &schema, err))
			return false;
		if (!name || !version || !schema)
			return error_set(
				err, ERROR_DATA,
				"an extension lacks its name, version or schema");
		manifest_add_extension(entry, name, version, schema);
	}
	return true;
}

static bool parse_entry(const json_t *json, struct manifest *manifest, struct error *err)
{
	const char *account = NULL, *file = NULL, *sha256 = NULL;
	const json_t *stale = json_object_get(json, "stale");
	const char *parents = json_string_value(json_object_get(json, "parents"));
	AUTO_FREE char *expected = NULL;
	struct manifest_entry *entry;
	uint64_t tables = 0;

	if (!get_text(json, "account", &account, err) ||
	    !get_text(json, "file", &file, err) ||
	    !get_text(json, "sha256", &sha256, err))
		return false;
	if (!account || !*account)
		return error_set(err, ERROR_DATA, "an account has no name");
	entry = manifest_add(manifest, account);
	expected = layout_file_name(account);
	if (!file || strcmp(file, expected) != 0)
		return error_set(err, ERROR_DATA, "account \"%s\": its file should be %s",
				 account, expected);
	if (!sha256 || !is_sha256(sha256))
		return error_set(err, ERROR_DATA,
				 "account \"%s\": \"sha256\" is not a SHA-256", account);
	if (!json_is_boolean(stale))
		return error_set(err, ERROR_DATA,
				 "account \"%s\": \"stale\" is not true or false",
				 account);
	memcpy(entry->sha256, sha256, sizeof(entry->sha256));
	entry->is_stale = json_is_true(stale);
	entry->parents = parents ? xstrdup(parents) : NULL;
	entry->is_failed =
		entry->is_stale && !json_is_false(json_object_get(json, "failed"));
	if (!get_own_text(json, "node", &entry->node, err) ||
	    !get_own_text(json, "version", &entry->version, err) ||
	    !get_uint(json, "bytes", INT64_MAX, &entry->size_bytes, err) ||
	    !get_uint(json, "rows", INT64_MAX, &entry->rows, err) ||
	    !get_uint(json, "tables", UINT32_MAX, &tables, err) ||
	    !get_time(json, "saved_at", entry->saved_at, err) ||
	    !parse_extensions(json, entry, err))
		return error_prefix(err, "account \"%s\"", account);
	entry->tables = (uint32_t)tables;
	return true;
}

/* Missing in older manifests, which is allowed. */
static bool parse_identity(const json_t *json, struct manifest_node *n, struct error *err)
{
	if (json_object_get(json, "system_identifier") &&
	    !get_own_text(json, "system_identifier", &n->system_identifier, err))
		return false;
	return !json_object_get(json, "database_oid") ||
	       get_uint(json, "database_oid", UINT32_MAX, &n->database_oid, err);
}

static bool parse_node(const json_t *json, struct manifest *manifest, struct error *err)
{
	const char *name = NULL;
	struct manifest_node *n;

	if (!get_text(json, "node", &name, err))
		return false;
	n = manifest_add_node(manifest, name ? name : "");
	return get_own_text(json, "host", &n->host, err) &&
	       get_own_text(json, "port", &n->port, err) &&
	       get_own_text(json, "server_version", &n->server_version, err) &&
	       get_own_text(json, "snapshot", &n->snapshot, err) &&
	       parse_identity(json, n, err);
}

static bool parse_node_list(const json_t *list, bool is_carried,
			    struct manifest *manifest, struct error *err)
{
	const json_t *json;
	size_t i;

	json_array_foreach (list, i, json) {
		if (!parse_node(json, manifest, err))
			return false;
		manifest->nodes[manifest->node_count - 1].is_carried = is_carried;
	}
	return true;
}

/* Older manifests have no list of nodes for carried-over dumps. */
static bool parse_nodes(const json_t *root, struct manifest *manifest, struct error *err)
{
	const json_t *list = json_object_get(root, "nodes");
	const json_t *carried = json_object_get(root, "carried_nodes");

	if (!json_is_array(list))
		return error_set(err, ERROR_DATA, "\"nodes\" is missing or not a list");
	if (carried && !json_is_array(carried))
		return error_set(err, ERROR_DATA, "\"carried_nodes\" is not a list");
	return parse_node_list(list, false, manifest, err) &&
	       parse_node_list(carried, true, manifest, err);
}

/* Missing in older manifests, which is allowed. */
static bool parse_plan(const json_t *root, struct manifest *manifest, struct error *err)
{
	const json_t *list = json_object_get(root, "dropped"), *json;
	size_t i;

	if (!list)
		return true;
	if (!json_is_array(list))
		return error_set(err, ERROR_DATA, "\"dropped\" is not a list");
	manifest->has_plan = true;
	manifest->dropped = xcalloc(json_array_size(list) + 1, sizeof(uint64_t));
	json_array_foreach (list, i, json) {
		json_int_t n = json_integer_value(json);

		if (!json_is_integer(json) || n < 0 || n > UINT16_MAX)
			return error_set(err, ERROR_DATA,
					 "\"dropped\" is not a list of numbers");
		manifest->dropped[manifest->dropped_count++] = (uint64_t)n;
	}
	return get_uint(root, "window", UINT16_MAX, &manifest->window, err) &&
	       get_uint(root, "replaced", INT64_MAX, &manifest->replaced, err) &&
	       get_uint(root, "failed", INT64_MAX, &manifest->failed, err);
}

/* Missing if the dumps are of relations. */
static bool parse_objects(const json_t *root, struct manifest *manifest,
			  struct error *err)
{
	const json_t *objects = json_object_get(root, "objects");
	const char *text = json_string_value(objects);

	manifest->is_whole = text && !strcmp(text, "all");
	return !objects || manifest->is_whole ||
	       error_set(err, ERROR_DATA, "\"objects\" is not \"all\"");
}

/* Everything except the accounts. */
static bool parse_header(const json_t *root, struct manifest *manifest, struct error *err)
{
	uint64_t format = 0;

	if (!get_uint(root, "format", INT64_MAX, &format, err))
		return false;
	if (format != MANIFEST_FORMAT) {
		error_set(err, ERROR_DATA,
			  "format %llu, but this program knows format %d",
			  (unsigned long long)format, MANIFEST_FORMAT);
		return error_hint(
			err, "use the metamodel program that wrote it, or a newer one");
	}
	return get_uint(root, "serial", INT64_MAX, &manifest->serial, err) &&
	       get_uint(root, "keep", UINT16_MAX, &manifest->keep, err) &&
	       get_own_text(root, "program", &manifest->program, err) &&
	       get_own_text(root, "pg_dump", &manifest->pg_dump, err) &&
	       get_own_text(root, "backend", &manifest->backend, err) &&
	       get_time(root, "started", manifest->started, err) &&
	       get_time(root, "finished", manifest->finished, err) &&
	       parse_objects(root, manifest, err) && parse_nodes(root, manifest, err) &&
	       parse_plan(root, manifest, err);
}

struct reader {
	const char *text;
	size_t length, at;
};

static bool fail_at(const struct reader *reader, int line, const char *words,
		    struct error *err)
{
	for (size_t i = 0; i < reader->at; i++)
		line += reader->text[i] == '\n';
	return error_set(err, ERROR_DATA, "line %d: %s", line, words);
}

/* Take the white space, and then `c` if it follows. */
static bool take(struct reader *reader, char c)
{
	while (reader->at < reader->length &&
	       memchr(" \t\r\n", reader->text[reader->at], 4))
		reader->at++;
	if (reader->at == reader->length || reader->text[reader->at] != c)
		return false;
	reader->at++;
	return true;
}

static bool expect(struct reader *reader, char c, struct error *err)
{
	char words[] = "'?' expected";

	words[1] = c;
	return take(reader, c) || fail_at(reader, 1, words, err);
}

/* NULL if it is damaged. */
static json_t *read_value(struct reader *reader, struct error *err)
{
	json_error_t json_error;
	json_t *json = json_loadb(reader->text + reader->at, reader->length - reader->at,
				  JSON_REJECT_DUPLICATES | JSON_DECODE_ANY |
					  JSON_DISABLE_EOF_CHECK,
				  &json_error);

	if (json)
		reader->at += (size_t)json_error.position;
	else
		fail_at(reader, json_error.line, json_error.text, err);
	return json;
}

/* An error in an account is put in *bad, not reported at once: errors of the header,
 * which may come later, count first. */
static bool read_accounts(struct reader *reader, struct manifest *manifest,
			  struct error *bad, struct error *err)
{
	json_t *json;

	if (!take(reader, '[')) {
		fail_at(reader, 1, "\"accounts\" is not a list", bad);
		json = read_value(reader, err);
		json_decref(json);
		return json;
	}
	if (take(reader, ']'))
		return true;
	do {
		json = read_value(reader, err);
		if (!json)
			return false;
		if (bad->kind == ERROR_NONE)
			parse_entry(json, manifest, bad);
		json_decref(json);
	} while (take(reader, ','));
	return expect(reader, ']', err);
}

/* Read one key and its value into `root`; for the accounts, only note that they are
 * there. */
static bool read_member(struct reader *reader, json_t *root, struct manifest *manifest,
			struct error *bad, struct error *err)
{
	json_t *key = read_value(reader, err), *value = NULL;
	const char *name = json_string_value(key);

	if (!key)
		return false;
	if (!name)
		fail_at(reader, 1, "a key is not a string", err);
	else if (json_object_get(root, name))
		error_set(err, ERROR_DATA, "\"%s\" appears twice", name);
	else if (!expect(reader, ':', err))
		;
	else if (strcmp(name, "accounts") != 0)
		value = read_value(reader, err);
	else if (read_accounts(reader, manifest, bad, err))
		value = json_true();
	if (value)
		json_object_set_new(root, name, value);
	json_decref(key);
	return value;
}

static bool read_members(struct reader *reader, json_t *root, struct manifest *manifest,
			 struct error *bad, struct error *err)
{
	if (!expect(reader, '{', err))
		return false;
	do {
		if (!read_member(reader, root, manifest, bad, err))
			return false;
	} while (take(reader, ','));
	if (!expect(reader, '}', err))
		return false;
	take(reader, '\n');
	return reader->at == reader->length ||
	       fail_at(reader, 1, "end of file expected", err);
}

static bool check_accounts(struct manifest *manifest, struct error *err)
{
	manifest_sort(manifest);
	for (size_t i = 1; i < manifest->entry_count; i++)
		if (!strcmp(manifest->entries[i - 1].account,
			    manifest->entries[i].account))
			return error_set(err, ERROR_DATA, "account \"%s\" appears twice",
					 manifest->entries[i].account);
	return true;
}

bool manifest_parse(const char *text, size_t length, struct manifest *out,
		    struct error *err)
{
	struct reader reader = { .text = text, .length = length };
	struct error bad = { .kind = ERROR_NONE };
	struct manifest manifest = { 0 };
	json_t *root = json_object();
	bool is_ok = !memchr(text, '\0', length) || /* jansson ignores some */
		     error_set(err, ERROR_DATA, "it contains a NUL byte");

	is_ok = is_ok && read_members(&reader, root, &manifest, &bad, err) &&
		parse_header(root, &manifest, err);
	if (is_ok && !json_object_get(root, "accounts"))
		is_ok = error_set(err, ERROR_DATA, "\"accounts\" is missing");
	json_decref(root);
	if (is_ok && bad.kind != ERROR_NONE) {
		*err = bad;
		is_ok = false;
	}
	if (is_ok && check_accounts(&manifest, err)) {
		*out = manifest;
		return true;
	}
	manifest_release(&manifest);
	return error_prefix(err, MANIFEST_FILE);
}

bool manifest_read(int dir_fd, struct manifest *out, bool *is_absent, struct error *err)
{
	AUTO_CLOSE int fd = -1;
	AUTO_FREE char *text = NULL;
	size_t length;
	bool is_ok = fs_open_file(dir_fd, MANIFEST_FILE, &fd, err);

	*is_absent = !is_ok && errno == ENOENT;
	if (!is_ok)
		return false;
	if (!fs_read_all(fd, MANIFEST_MAX_BYTES, &text, &length, err))
		return error_prefix(err, MANIFEST_FILE);
	return manifest_parse(text, length, out, err);
}
