/* SPDX-License-Identifier: PostgreSQL */
#include "cli/list_json.h"

#include "cli/json.h"

/* null for "". */
static json_t *time_or_null(const char *time)
{
	return json_text(*time ? time : NULL);
}

static json_t *format_nodes(const struct manifest *manifest)
{
	json_t *nodes = json_array();

	for (size_t i = 0; i < manifest->node_count; i++) {
		const struct manifest_node *node = &manifest->nodes[i];

		json_array_append_new(
			nodes,
			json_pack("{so so so so so so}", "node", json_text(node->name),
				  "host", json_text(node->host), "port",
				  json_text(node->port), "server_version",
				  json_text(node->server_version), "system_identifier",
				  json_text(node->system_identifier), "database_oid",
				  node->database_oid
					  ? json_integer((json_int_t)node->database_oid)
					  : json_null()));
	}
	return nodes;
}

static json_t *format_save(const struct list_save *save)
{
	const struct manifest *manifest = &save->manifest;
	json_t *out = json_pack("{so ss so so sI sI}", "save", json_text(save->path),
				"state", save->state, "problem", json_text(save->problem),
				"saved_at", time_or_null(save->saved_at), "accounts",
				(json_int_t)save->accounts, "bytes",
				(json_int_t)save->size_bytes);

	if (save->has_manifest)
		json_object_update_new(
			out, json_pack("{so so so so so so sI sI sI}", "started",
				       time_or_null(manifest->started), "finished",
				       time_or_null(manifest->finished), "program",
				       json_text(manifest->program), "pg_dump",
				       json_text(manifest->pg_dump), "backend",
				       json_text(manifest->backend), "nodes",
				       format_nodes(manifest), "failed",
				       (json_int_t)manifest->failed, "stale",
				       (json_int_t)save->stale, "carried_over",
				       (json_int_t)save->carried));
	json_object_set_new(out, "changed",
			    save->has_changed ? json_integer((json_int_t)save->changed)
					      : json_null());
	return out;
}

static json_t *format_dump(const struct list *list, const struct list_dump *dump)
{
	json_t *out = json_pack(
		"{so sI so}", "save", json_text(list->saves[dump->save].path), "bytes",
		(json_int_t)dump->size_bytes, "problem", json_text(dump->problem));

	if (dump->has_facts)
		json_object_update_new(out, json_pack("{so sb so sI sI so}", "saved_at",
						      json_text(dump->saved_at), "stale",
						      (int)dump->is_stale, "version",
						      json_text(dump->version), "tables",
						      (json_int_t)dump->tables, "rows",
						      (json_int_t)dump->rows, "sha256",
						      json_text(dump->sha256)));
	json_object_set_new(out, "same_since", time_or_null(dump->same_since));
	return out;
}

static json_t *format_account(const struct conf *conf, const struct list *list,
			      size_t account)
{
	json_t *saves = json_array();

	for (size_t i = 0; i < list->dump_count; i++)
		if (list->dumps[i].account == account)
			json_array_append_new(saves, format_dump(list, &list->dumps[i]));
	return json_pack("{so so}", "account", json_text(conf->accounts.v[account]),
			 "saves", saves);
}

static const char *result_name(int exit_status)
{
	return !exit_status ? "done" : exit_status == 3 ? "partly" : "failed";
}

bool list_write_json(const struct cli *cli, const struct list *list,
		     const struct error *failure, struct error *err)
{
	json_t *root = json_begin(cli, result_name(cli->exit_status), failure);
	json_t *saves = json_array(), *accounts = json_array();

	for (size_t i = 0; i < list->save_count; i++)
		json_array_append_new(saves, format_save(&list->saves[i]));
	for (size_t i = 0; i < cli->conf.accounts.count; i++)
		json_array_append_new(accounts, format_account(&cli->conf, list, i));
	json_object_set_new(root, "saves", saves);
	json_object_set_new(root, "accounts", accounts);
	return json_end(root, err);
}
