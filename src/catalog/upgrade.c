/* SPDX-License-Identifier: PostgreSQL */
#include "catalog/upgrade.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "catalog/sql.h"
#include "catalog/steps.h"
#include "product/version.h"
#include "product/product.h"

/* The number of statements in upgrade_begin.sql, and in upgrade_tenant_begin.sql. */
enum { BEGIN_STATEMENTS = 2 };

bool catalog_upgrade_includes(const struct catalog_upgrade *u, size_t step)
{
	return step >= u->first && step < u->end && !(u->done && u->done[step]);
}

enum migration_level catalog_level(const char *account)
{
	return strcmp(account, PRODUCT_GLOBAL) ? MIGRATION_LOCAL : MIGRATION_GLOBAL;
}

static char *encode_hex(const char *text)
{
	struct strbuf out = { 0 };

	strbuf_add(&out, "", 0);
	for (; *text; text++)
		strbuf_add_format(&out, "%02x", (unsigned char)*text);
	return strbuf_detach(&out);
}

static const struct migration_file *file_of(const struct catalog_upgrade *u, size_t step)
{
	return &u->migrations->steps[step].files[u->level];
}

/* The beginning of the script; after it comes the text of the migrations, byte for
 * byte. */
static char *format_begin(const char *account_hex, const struct catalog_state *s)
{
	bool is_known = s->kind == CATALOG_VERSION;
	AUTO_FREE char *version =
		str_format(is_known ? "'%s'" : "%s", is_known ? s->version : "NULL");
	const char *const words[] = {
		":account_hex", account_hex,     ":version",
		version,        ":is_new",       s->has_schema ? "false" : "true",
		":pattern",     VERSION_PATTERN, NULL
	};

	return sql_fill(sql_upgrade_begin, words);
}

/* ---- what a model's `applied` returns ---- */

/* "('6162', 1), ('63', 1)": the names of the steps in hexadecimal digits, and their
 * indexes. Ownership: the caller frees. */
static char *format_names(const struct catalog_upgrade *u, size_t first, size_t end)
{
	struct strbuf out = { 0 };

	for (size_t i = first; i < end; i++) {
		const struct migration *step = &u->migrations->steps[i];
		const char *const names[] = { step->version, step->alias };

		for (size_t k = 0; catalog_upgrade_includes(u, i) && k < 2; k++) {
			AUTO_FREE char *hex = names[k] ? encode_hex(names[k]) : NULL;

			if (hex)
				strbuf_add_format(&out, "%s('%s', %zu)",
						  out.length ? ", " : "", hex, i);
		}
	}
	return strbuf_detach(&out);
}

/*
 * The statement that checks that a tenant has `version` (NULL: none), or with `versions =
 * set` one or none of steps `first` to `end` - 1. Ownership: the caller frees.
 */
static char *format_check(const struct catalog_upgrade *u, const char *schema,
			  bool is_before, const char *version, size_t first, size_t end)
{
	AUTO_FREE char *applied = steps_format_query(u->model, schema);
	AUTO_FREE char *query = str_format("SELECT pg_catalog.array_agg(step::text) FROM "
					   "(\n%s\n) applied (step)",
					   applied);
	AUTO_FREE char *hex = encode_hex(query);
	AUTO_FREE char *names = format_names(u, first, end);
	bool has_version = version && !u->model->is_set;
	AUTO_FREE char *number =
		str_format(has_version ? "'%s'" : "%s", has_version ? version : "NULL");
	const char *const words[] = { ":query_hex", hex,
				      ":version",   number,
				      ":is_set",    u->model->is_set ? "true" : "false",
				      ":is_before", is_before ? "true" : "false",
				      ":names",     names,
				      ":pattern",   VERSION_PATTERN,
				      NULL };

	return sql_fill(sql_upgrade_steps, words);
}

static void add_check_before(const struct catalog_upgrade *u,
			     const struct catalog_state *s, struct strbuf *out)
{
	AUTO_FREE char *check =
		format_check(u, s->name, true, s->version, u->first, u->end);

	strbuf_add_str(out, check);
}

static void add_check_after(const struct catalog_upgrade *u,
			    const struct catalog_state *s, size_t step,
			    struct strbuf *out)
{
	AUTO_FREE char *check = format_check(
		u, s->name, false, u->migrations->steps[step].version, step, step + 1);

	strbuf_add_str(out, check);
}

/* ---- the script ---- */

static void add_begin(const struct catalog_upgrade *u, const struct catalog_state *s,
		      const char *account_hex, struct strbuf *out)
{
	const char *const words[] = { ":account_hex", account_hex, NULL };
	AUTO_FREE char *begin = u->model ? sql_fill(sql_upgrade_tenant_begin, words)
					 : format_begin(account_hex, s);

	strbuf_add_str(out, begin);
	if (u->model)
		add_check_before(u, s, out);
}

char *catalog_upgrade_script(const struct catalog_upgrade *u,
			     const struct catalog_state *s)
{
	AUTO_FREE char *account_hex = encode_hex(s->name);
	const char *const words[] = { ":account_hex",
				      account_hex,
				      ":pattern",
				      VERSION_PATTERN,
				      ":version",
				      u->migrations->steps[u->end - 1].version,
				      NULL };
	AUTO_FREE char *path = sql_fill(sql_upgrade_path, words);
	struct strbuf out = { 0 };

	add_begin(u, s, account_hex, &out);
	for (size_t i = u->first; i < u->end; i++) {
		if (!catalog_upgrade_includes(u, i))
			continue;
		strbuf_add_str(&out, path);
		strbuf_add_str(&out, file_of(u, i)->text);
		if (u->model)
			add_check_after(u, s, i, &out);
	}
	if (!u->model) {
		AUTO_FREE char *end = sql_fill(sql_upgrade_end, words);

		strbuf_add_str(&out, end);
	}
	return strbuf_detach(&out);
}

/* The line, from 1, of the character at `position`, from 1, in UTF-8. */
static uint64_t line_of(const char *text, uint64_t position)
{
	uint64_t line = 1;

	for (; *text && position > 1; text++) {
		line += *text == '\n';
		position -= (text[1] & 0xC0) != 0x80;
	}
	return line;
}

static uint64_t count_lines(const char *text)
{
	uint64_t lines = 0;

	for (; (text = strchr(text, '\n')); text++)
		lines++;
	return lines;
}

/* The line in the file, which begins after `before` lines; 0 if `line` is not in it. */
static uint64_t line_in(const struct migration_file *file, uint64_t before, uint64_t line)
{
	return line > before && line <= before + count_lines(file->text) ? line - before
									 : 0;
}

/* Hints for what the server allows only after a COMMIT or outside a transaction. */
static void hint_step(const struct catalog_upgrade *u, size_t step, const char *sqlstate,
		      struct error *err)
{
	const struct migration *steps = u->migrations->steps;

	if (!strcmp(sqlstate, "55P04") && step > u->first)
		error_hint(err,
			   "a value must be committed before it is used: put the line "
			   "-- metamodel: commit at the top of the step that adds it, or "
			   "upgrade with --to %s first, and then upgrade again",
			   steps[step - 1].version);
	else if (!strcmp(sqlstate, "55P04"))
		error_hint(err, "a value must be committed before it is used: add it in "
				"a step before this one, with the line -- metamodel: "
				"commit at its top");
	else if (!strcmp(sqlstate, "25001") || !strcmp(sqlstate, "2D000"))
		error_hint(err, "a migration runs in a transaction: remove what cannot, "
				"or run it by hand");
}

/* Where the parts of a script are: its lines and statements before a part. */
struct script_place {
	uint64_t lines;
	size_t statements;
};

/* The place of the first file's first part, which sets the search_path. */
static struct script_place find_first_file(const struct catalog_upgrade *u)
{
	if (!u->model)
		return (struct script_place){ count_lines(sql_upgrade_begin),
					      BEGIN_STATEMENTS };
	return (struct script_place){ count_lines(sql_upgrade_tenant_begin) +
					      count_lines(sql_upgrade_steps),
				      BEGIN_STATEMENTS + 1 };
}

/* The line in the script where a statement of the file failed, which begins at `at`; 0 if
 * it is in another part. */
static uint64_t find_line(const struct migration_file *file, struct script_place at,
			  const struct pg_failure *failure)
{
	size_t index = failure->statements - at.statements;

	if (failure->statements < at.statements || index >= file->statements.count)
		return 0;
	return at.lines + file->statements.lines[index] +
	       (failure->function_line ? failure->function_line - 1 : 0);
}

void catalog_upgrade_locate(const struct catalog_upgrade *u, const char *script,
			    const struct pg_failure *failure, struct error *err)
{
	/* For a syntax error the server reports a position. */
	uint64_t known = failure->position ? line_of(script, failure->position) : 0;
	struct script_place at = find_first_file(u);

	for (size_t i = u->first; i < u->end; i++) {
		const struct migration_file *file = file_of(u, i);
		uint64_t line;

		if (!catalog_upgrade_includes(u, i))
			continue;
		at.lines += count_lines(sql_upgrade_path);
		at.statements++;
		line = known ? known : find_line(file, at, failure);
		if (line_in(file, at.lines, line)) {
			error_prefix(err, "%s:%llu", file->name,
				     (unsigned long long)line_in(file, at.lines, line));
			hint_step(u, i, failure->sqlstate, err);
			return;
		}
		at.lines += count_lines(file->text);
		at.statements += file->statements.count;
		if (!u->model)
			continue;
		if (failure->statements == at.statements) {
			error_prefix(err, "%s", file->name);
			return;
		}
		at.lines += count_lines(sql_upgrade_steps);
		at.statements++;
	}
}
