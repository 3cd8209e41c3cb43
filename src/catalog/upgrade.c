/* SPDX-License-Identifier: PostgreSQL */
#include "catalog/upgrade.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "catalog/sql.h"
#include "product/version.h"
#include "product/product.h"

/* The number of statements in upgrade_begin.sql. */
enum { BEGIN_STATEMENTS = 2 };

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

char *catalog_upgrade_script(const struct catalog_upgrade *u,
			     const struct catalog_state *s)
{
	AUTO_FREE char *account_hex = encode_hex(s->name);
	AUTO_FREE char *begin = format_begin(account_hex, s);
	const char *const words[] = { ":account_hex",
				      account_hex,
				      ":pattern",
				      VERSION_PATTERN,
				      ":version",
				      u->migrations->steps[u->end - 1].version,
				      NULL };
	AUTO_FREE char *path = sql_fill(sql_upgrade_path, words);
	AUTO_FREE char *end = sql_fill(sql_upgrade_end, words);
	struct strbuf out = { 0 };

	strbuf_add_str(&out, begin);
	for (size_t i = u->first; i < u->end; i++) {
		strbuf_add_str(&out, path);
		strbuf_add_str(&out, file_of(u, i)->text);
	}
	strbuf_add_str(&out, end);
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

void catalog_upgrade_locate(const struct catalog_upgrade *u, const char *script,
			    const struct pg_failure *failure, struct error *err)
{
	/* For a syntax error the server reports a position. */
	uint64_t line = failure->position ? line_of(script, failure->position) : 0;
	uint64_t before = count_lines(sql_upgrade_begin);
	size_t statement = BEGIN_STATEMENTS; /* the first one after `before` */

	for (size_t i = u->first; i < u->end; i++) {
		const struct migration_file *file = file_of(u, i);
		size_t index;

		before += count_lines(sql_upgrade_path);
		statement++;
		index = failure->statements - statement;
		if (!line && failure->statements >= statement &&
		    index < file->statements.count) {
			line = before + file->statements.lines[index];
			if (failure->function_line)
				line += failure->function_line - 1;
		}
		if (line_in(file, before, line)) {
			error_prefix(err, "%s:%llu", file->name,
				     (unsigned long long)line_in(file, before, line));
			hint_step(u, i, failure->sqlstate, err);
			return;
		}
		before += count_lines(file->text);
		statement += file->statements.count;
	}
}
