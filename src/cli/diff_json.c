/* SPDX-License-Identifier: PostgreSQL */
#include "cli/diff_json.h"

#include <stdlib.h>

#include "base/str.h"
#include "cli/json.h"

struct diff_json {
	json_t *accounts;
};

struct diff_json *diff_json_new(void)
{
	struct diff_json *json = xcalloc(1, sizeof(*json));

	json->accounts = json_array();
	return json;
}

static json_t *format_list(const struct strvec *list)
{
	json_t *out = json_array();

	for (size_t i = 0; i < list->count; i++)
		json_array_append_new(out, json_text(list->v[i]));
	return out;
}

static const char *change_of(const struct diff_object *object)
{
	if (object->parts[DIFF_FROM].is_table == object->parts[DIFF_TO].is_table)
		return "changed";
	return object->parts[DIFF_TO].is_table ? "added" : "removed";
}

static json_t *format_object(const struct diff_object *object)
{
	bool is_table =
		object->parts[DIFF_FROM].is_table || object->parts[DIFF_TO].is_table;

	return json_pack("{so sb ss sI sI so so so so}", "object",
			 json_text(object->name), "table", (int)is_table, "change",
			 change_of(object), "rows_added",
			 (json_int_t)object->rows[DIFF_TO], "rows_removed",
			 (json_int_t)object->rows[DIFF_FROM], "columns_added",
			 format_list(&object->columns[DIFF_TO]), "columns_removed",
			 format_list(&object->columns[DIFF_FROM]), "statements_added",
			 format_list(&object->statements[DIFF_TO]), "statements_removed",
			 format_list(&object->statements[DIFF_FROM]));
}

static json_t *format_objects(const struct diff_objects *objects)
{
	json_t *list = json_array();

	for (size_t i = 0; objects && i < objects->count; i++)
		if (diff_object_differs(objects->list[i]))
			json_array_append_new(list, format_object(objects->list[i]));
	return list;
}

/* null if there is no dump, or nothing is known about it. */
static json_t *format_dump(const struct diff_dump *dump)
{
	if (!dump->has_facts)
		return json_null();
	return json_pack("{so sI sI}", "version", json_text(dump->version), "tables",
			 (json_int_t)dump->tables, "rows", (json_int_t)dump->rows);
}

void diff_json_add(struct diff_json *json, const struct diff_account *account)
{
	static const char *const changes[] = {
		[DIFF_CAME] = "added", [DIFF_WENT] = "removed", [DIFF_CHANGED] = "changed"
	};

	json_array_append_new(json->accounts,
			      json_pack("{so ss so so so so}", "account",
					json_text(account->name), "change",
					changes[account->change], "error",
					json_text(account->problem), "from",
					format_dump(&account->dumps[DIFF_FROM]), "to",
					format_dump(&account->dumps[DIFF_TO]), "objects",
					format_objects(account->objects)));
}

static json_t *format_save(const struct diff_save *save)
{
	const char *started = save->dir.manifest.started;

	return json_pack("{so so}", "save", json_text(save->path), "started",
			 json_text(*started ? started : NULL));
}

bool diff_json_write(struct diff_json *json, const struct cli *cli, const char *result,
		     const struct diff *diff, const struct error *failure,
		     struct error *err)
{
	json_t *root = json_begin(cli, result, failure);

	if (diff) {
		json_object_set_new(root, "from", format_save(&diff->saves[DIFF_FROM]));
		json_object_set_new(root, "to", format_save(&diff->saves[DIFF_TO]));
		json_object_set_new(root, "same", json_integer((json_int_t)diff->same));
	}
	json_object_set_new(root, "accounts", json->accounts);
	free(json);
	return json_end(root, err);
}
