/* SPDX-License-Identifier: PostgreSQL */
#include "dump/names.h"

void dumpnames_copy(char *to, const char *from)
{
	size_t length = strnlen(from, DUMP_TEXT_SIZE - 1);

	memcpy(to, from, length);
	to[length] = '\0';
}

static enum dumpsql_effect bad_name(const struct dumpsql *sql)
{
	return sql->after == AT_COPY_LIST ? SQL_BAD_COPY : SQL_BAD_NAME;
}

static bool is_of_column(const struct dumpsql *sql)
{
	return sql->use == SQL_COLUMN || sql->use == SQL_OWNER;
}

/* Take a part of the name; the next token tells which part it is. */
enum dumpsql_effect dumpnames_take(struct dumpsql *sql, const struct dumplex_token *t)
{
	if (!sql->part_count && sql->use == SQL_RELATION && is_word(t, "only"))
		return SQL_GOES_ON;
	if (!is_name(t) || sql->part_count == (is_of_column(sql) ? DUMPSQL_PARTS : 2))
		return bad_name(sql);
	dumpnames_copy(sql->parts[sql->part_count++], t->text);
	sql->state = AT_NAME_DOT;
	return SQL_GOES_ON;
}

/* The name is complete. */
static enum dumpsql_effect set_target(struct dumpsql *sql)
{
	uint32_t count = sql->part_count - (is_of_column(sql) ? 1 : 0);

	if (!count || (sql->use == SQL_SCHEMA && count != 1))
		return bad_name(sql);
	sql->schema =
		count == 2 || sql->use == SQL_SCHEMA ? sql->parts[0] : sql->search_path;
	sql->name = sql->parts[count - 1];
	sql->target = sql->use == SQL_COLUMN  ? SQL_RELATION
		      : sql->use == SQL_OWNER ? SQL_PART
					      : sql->use;
	sql->has_watched = false;
	sql->column = 0;
	return SQL_GOES_ON;
}

/* After the name. Where several names are possible, pg_dump writes only one, except for
 * parents. */
enum dumpsql_effect dumpnames_end(struct dumpsql *sql, const struct dumplex_token *t)
{
	enum dumpsql_effect effect;

	sql->state = sql->after;
	if (is_symbol(t, ',') && sql->use != SQL_PARENT && sql->after != AT_RANGE_NEXT)
		return SQL_BAD_STATEMENT;
	if (sql->after != AT_VERB || !is_word(t, "attach"))
		return set_target(sql);
	/* the server itself checks how the tables are related */
	if (sql->use == SQL_PART)
		return SQL_GOES_ON;
	effect = set_target(sql);
	sql->target = SQL_PARENT;
	return effect;
}

static bool is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_' || c == '$' || (c & 0x80);
}

/* Read a part of a name in a literal, as the server does. Returns what follows it, NULL
 * if it is not one. */
static const char *split_part(const char *p, bool has_escapes, char *to)
{
	bool is_open = *p == '"', is_quoted = is_open;
	const char *start = to;

	for (p += is_quoted; *p; p++) {
		if (is_open && *p == '"' && *++p != '"') {
			is_open = false;
			break;
		}
		if (!is_quoted && !is_name_byte(*p))
			break;
		if (*p == '\\' && has_escapes && *++p != '\\')
			return NULL;
		*to++ = *p >= 'A' && *p <= 'Z' && !is_quoted ? (char)(*p + 32) : *p;
	}
	*to = '\0';
	return is_open || to == start ? NULL : p;
}

/* 'acct._x_id_seq', for setval() */
enum dumpsql_effect dumpnames_take_literal(struct dumpsql *sql,
					   const struct dumplex_token *t)
{
	const char *p = t->text - 1;
	bool has_escapes = !t->is_plain && !sql->has_standard_strings;

	sql->part_count = 0;
	if ((!t->is_plain && !has_escapes) || strlen(t->text) == DUMP_TEXT_SIZE - 1)
		return SQL_BAD_NAME;
	do {
		if (sql->part_count == 2)
			return SQL_BAD_NAME;
		p = split_part(p + 1, has_escapes, sql->parts[sql->part_count++]);
	} while (p && *p == '.');
	if (!p || *p)
		return SQL_BAD_NAME;
	sql->state = sql->state == AT_SERIAL_TABLE ? AT_SERIAL_COMMA : AT_SETVAL_COMMA;
	return set_target(sql);
}

/* After the keyword OPERATOR: CLASS or FAMILY, or the schema of an operator. */
static void begin_operator(struct dumpsql *sql, const struct dumplex_token *t)
{
	bool is_keyword = is_word(t, "class") || is_word(t, "family");

	dumpnames_copy(sql->parts[0], t->text);
	sql->state = is_keyword ? AT_OPERATOR_WORD : AT_OPERATOR_DOT;
}

static void begin_symbol(struct dumpsql *sql)
{
	sql->state = AT_OPERATOR_SYMBOL;
	sql->parts[1][0] = '\0';
}

/* A character of the operator, or the parenthesis after it. */
static enum dumpsql_effect take_symbol(struct dumpsql *sql, const struct dumplex_token *t)
{
	bool is_in_parens = sql->after == AT_OPERATOR_NEXT;
	size_t length = strlen(sql->parts[1]);

	if (length && is_symbol(t, is_in_parens ? ')' : '(')) {
		sql->part_count = 2;
		sql->state = sql->after;
		return set_target(sql);
	}
	if (t->kind != TOKEN_SYMBOL || !strchr("+-*/<>=~!@#%^&|`?", *t->text) ||
	    length == DUMP_TEXT_SIZE - 1)
		return bad_name(sql);
	sql->parts[1][length] = *t->text;
	sql->parts[1][length + 1] = '\0';
	return SQL_GOES_ON;
}

enum dumpsql_effect dumpnames_take_operator(struct dumpsql *sql,
					    const struct dumplex_token *t, bool *is_over)
{
	if (sql->state == AT_OPERATOR_SYMBOL)
		return take_symbol(sql, t);
	if (sql->state == AT_OPERATOR) {
		begin_operator(sql, t);
		return is_name(t) ? SQL_GOES_ON : bad_name(sql);
	}
	if (is_symbol(t, '.')) {
		begin_symbol(sql);
		return SQL_GOES_ON;
	}
	if (sql->state == AT_OPERATOR_DOT)
		return bad_name(sql);
	sql->after = *sql->parts[0] == 'c' ? AT_CLASS : AT_USING;
	sql->state = AT_NAME;
	sql->part_count = 0;
	*is_over = true;
	return SQL_GOES_ON;
}

enum dumpsql_effect dumpnames_take_domain(struct dumpsql *sql,
					  const struct dumplex_token *t, bool *is_over)
{
	sql->part_count = 0;
	if (sql->state == AT_ON_DOMAIN && is_word(t, "domain")) {
		dumpnames_copy(sql->parts[0], t->text);
		sql->state = AT_DOMAIN_DOT;
		return SQL_GOES_ON;
	}
	*is_over = true;
	if (sql->state == AT_DOMAIN_DOT && is_symbol(t, '.')) {
		sql->part_count = 1;
		sql->state = AT_NAME_DOT;
	} else {
		sql->state = AT_NAME;
	}
	return SQL_GOES_ON;
}
