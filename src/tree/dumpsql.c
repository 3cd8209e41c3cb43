/* SPDX-License-Identifier: PostgreSQL */
#include "tree/dumpsql.h"

#include <string.h>

#include "base/compiler.h"

/* What the next token of the statement may be. */
enum state {
	AT_START,
	AT_OTHER, /* nothing of interest until the statement ends */
	AT_CREATE,
	AT_CREATE_KIND,
	AT_INSERT,
	AT_NAME, /* of the table, or of its schema */
	AT_NAME_DOT,
	AT_COPY_LIST,
	AT_COPY_COLUMN,
	AT_COPY_COMMA,
	AT_COPY_FROM,
	AT_COPY_OIDS,
	AT_COPY_ONLY_FROM,
	AT_COPY_STDIN,
	AT_COPY_END,
	AT_COPY_DATA,
	AT_SET,
	AT_SET_PATH,
	AT_PATH,
	AT_SET_STRINGS,
	AT_STRINGS,
	AT_SET_ENCODING,
	AT_ENCODING,
	AT_SELECT,
	AT_SELECT_DOT,
	AT_SELECT_FUNCTION,
	AT_SELECT_PAREN,
	AT_SELECT_SETTING,
	AT_SELECT_COMMA,
	AT_RESET,
	AT_RESET_SESSION,
	AT_RESET_END,
};

enum statement { STATEMENT_OTHER, STATEMENT_COPY, STATEMENT_CREATE, STATEMENT_INSERT };

/* Where a keyword or a symbol leads. States that take a name or a value are not here. */
static const struct edge {
	enum state from;
	const char *text;
	enum state to;
} edges[] = {
	/* clang-format off */
	{ AT_START,           "copy",       AT_NAME },
	{ AT_START,           "create",     AT_CREATE },
	{ AT_START,           "insert",     AT_INSERT },
	{ AT_START,           "set",        AT_SET },
	{ AT_START,           "select",     AT_SELECT },
	{ AT_CREATE,          "table",      AT_NAME },
	{ AT_CREATE,          "unlogged",   AT_CREATE_KIND },
	{ AT_CREATE,          "foreign",    AT_CREATE_KIND },
	{ AT_CREATE_KIND,     "table",      AT_NAME },
	{ AT_INSERT,          "into",       AT_NAME },
	{ AT_COPY_LIST,       "(",          AT_COPY_COLUMN },
	{ AT_COPY_LIST,       "from",       AT_COPY_STDIN },
	{ AT_COPY_LIST,       "with",       AT_COPY_OIDS },
	{ AT_COPY_COMMA,      ",",          AT_COPY_COLUMN },
	{ AT_COPY_COMMA,      ")",          AT_COPY_FROM },
	{ AT_COPY_FROM,       "from",       AT_COPY_STDIN },
	{ AT_COPY_FROM,       "with",       AT_COPY_OIDS },
	{ AT_COPY_OIDS,       "oids",       AT_COPY_ONLY_FROM },
	{ AT_COPY_ONLY_FROM,  "from",       AT_COPY_STDIN },
	{ AT_COPY_STDIN,      "stdin",      AT_COPY_END },
	{ AT_COPY_END,        ";",          AT_COPY_DATA },
	{ AT_SET,             "session",    AT_SET },
	{ AT_SET,             "local",      AT_SET },
	{ AT_SET,             "search_path", AT_SET_PATH },
	{ AT_SET,             "standard_conforming_strings", AT_SET_STRINGS },
	{ AT_SET,             "client_encoding", AT_SET_ENCODING },
	{ AT_SET,             "names",      AT_ENCODING },
	{ AT_SET_PATH,        "=",          AT_PATH },
	{ AT_SET_PATH,        "to",         AT_PATH },
	{ AT_SET_STRINGS,     "=",          AT_STRINGS },
	{ AT_SET_STRINGS,     "to",         AT_STRINGS },
	{ AT_SET_ENCODING,    "=",          AT_ENCODING },
	{ AT_SET_ENCODING,    "to",         AT_ENCODING },
	/* around grants by somebody else than the owner; RESET ALL would reset strings */
	{ AT_START,           "reset",      AT_RESET },
	{ AT_RESET,           "session",    AT_RESET_SESSION },
	{ AT_RESET_SESSION,   "authorization", AT_RESET_END },
	{ AT_RESET_END,       ";",          AT_START },
	/* SELECT pg_catalog.set_config('search_path', '', false) */
	{ AT_SELECT,          "pg_catalog", AT_SELECT_DOT },
	{ AT_SELECT_DOT,      ".",          AT_SELECT_FUNCTION },
	{ AT_SELECT_FUNCTION, "set_config", AT_SELECT_PAREN },
	{ AT_SELECT_PAREN,    "(",          AT_SELECT_SETTING },
	{ AT_SELECT_COMMA,    ",",          AT_PATH },
	/* clang-format on */
};

void dumpsql_init(struct dumpsql *sql, const char *watch_column)
{
	*sql = (struct dumpsql){
		.watch_column = watch_column,
		.has_standard_strings = true,
	};
}

static bool is_word(const struct dumplex_token *t, const char *word)
{
	/* Mostly it is not: the first byte spares the call. */
	return t->kind == TOKEN_WORD && *t->text == *word && !strcmp(t->text, word);
}

static bool is_symbol(const struct dumplex_token *t, char symbol)
{
	return t->kind == TOKEN_SYMBOL && *t->text == symbol;
}

static void copy_name(char *to, const char *from)
{
	size_t length = strnlen(from, DUMP_TEXT_SIZE - 1);

	memcpy(to, from, length);
	to[length] = '\0';
}

/*
 * Has this client encoding bytes below 0x80 inside its characters? psql keeps these
 * together, so that what is a quote or a backslash to us is none to it.
 */
static bool is_unsafe_encoding(const char *name)
{
	static const char *const unsafe[] = {
		"sjis",       "shiftjis", "shiftjis2004", "mskanji", "win932",
		"windows932", "big5",     "win950",       "gbk",     "windows950",
		"win936",     "uhc",      "windows936",   "win949",  "windows949",
		"gb18030",    "johab",
	};
	char plain[32]; /* letters and digits: all that PostgreSQL compares */
	size_t length = 0;

	for (; *name && length < sizeof(plain) - 1; name++) {
		char c = *name >= 'A' && *name <= 'Z' ? (char)(*name + 32) : *name;

		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			plain[length++] = c;
	}
	plain[length] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(unsafe); i++)
		if (!strcmp(plain, unsafe[i]))
			return true;
	return false;
}

static enum dumpsql_effect take_value(struct dumpsql *sql, const struct dumplex_token *t)
{
	bool is_value = t->kind != TOKEN_SYMBOL && t->is_plain;
	int state = sql->state;

	sql->state = AT_OTHER;
	if (state == AT_PATH) {
		copy_name(sql->search_path, is_value ? t->text : "");
		return SQL_GOES_ON;
	}
	if (!is_value)
		return SQL_BAD_SETTING;
	if (state == AT_ENCODING)
		return is_unsafe_encoding(t->text) ? SQL_BAD_SETTING : SQL_GOES_ON;
	sql->has_standard_strings = !strcmp(t->text, "on");
	return sql->has_standard_strings || !strcmp(t->text, "off") ? SQL_GOES_ON
								    : SQL_BAD_SETTING;
}

static bool is_name(const struct dumplex_token *t)
{
	return (t->kind == TOKEN_WORD || t->kind == TOKEN_QUOTED) && t->is_plain &&
	       *t->text;
}

/* A part of the table's name: of which kind, the token after it tells. */
static enum dumpsql_effect take_name(struct dumpsql *sql, const struct dumplex_token *t)
{
	if (!is_name(t))
		return sql->statement == STATEMENT_COPY ? SQL_BAD_COPY : SQL_BAD_NAME;
	copy_name(sql->table, t->text);
	sql->state = AT_NAME_DOT;
	return SQL_GOES_ON;
}

static enum dumpsql_effect take_dot(struct dumpsql *sql)
{
	if (sql->is_qualified) /* database.schema.table */
		return sql->statement == STATEMENT_COPY ? SQL_BAD_COPY : SQL_BAD_NAME;
	sql->is_qualified = true;
	copy_name(sql->schema, sql->table);
	sql->state = AT_NAME;
	return SQL_GOES_ON;
}

static void end_name(struct dumpsql *sql)
{
	if (!sql->is_qualified)
		copy_name(sql->schema, sql->search_path);
	sql->target = sql->statement == STATEMENT_CREATE ? SQL_CREATED : SQL_FILLED;
	sql->state = sql->statement == STATEMENT_COPY ? AT_COPY_LIST : AT_OTHER;
	sql->has_watched = false;
	sql->column = 0;
}

static enum dumpsql_effect take_column(struct dumpsql *sql, const struct dumplex_token *t)
{
	if (!is_name(t))
		return SQL_BAD_COPY;
	if (sql->watch_column && !strcmp(t->text, sql->watch_column)) {
		sql->has_watched = true;
		sql->watched = sql->column;
	}
	sql->column++;
	sql->state = AT_COPY_COMMA;
	return SQL_GOES_ON;
}

static enum dumpsql_effect follow_edge(struct dumpsql *sql, const struct dumplex_token *t)
{
	int from = sql->state;

	sql->state = AT_OTHER;
	if (t->kind == TOKEN_WORD || t->kind == TOKEN_SYMBOL)
		for (size_t i = 0; i < ARRAY_SIZE(edges); i++)
			if ((int)edges[i].from == from && !strcmp(edges[i].text, t->text))
				sql->state = (int)edges[i].to;
	if (from == AT_START)
		sql->statement = sql->state == AT_NAME     ? STATEMENT_COPY
				 : sql->state == AT_CREATE ? STATEMENT_CREATE
				 : sql->state == AT_INSERT ? STATEMENT_INSERT
							   : STATEMENT_OTHER;
	if (sql->state != AT_OTHER)
		return SQL_GOES_ON;
	if (sql->statement == STATEMENT_COPY)
		return SQL_BAD_COPY;
	return from == AT_SET_STRINGS || from == AT_SET_ENCODING || from == AT_RESET ||
			       from == AT_RESET_SESSION || from == AT_RESET_END ||
			       (from == AT_SET && t->kind == TOKEN_QUOTED)
		       ? SQL_BAD_SETTING
		       : SQL_GOES_ON;
}

static enum dumpsql_effect step(struct dumpsql *sql, const struct dumplex_token *t)
{
	if (sql->state == AT_NAME)
		return take_name(sql, t);
	if (sql->state == AT_NAME_DOT) {
		if (is_symbol(t, '.'))
			return take_dot(sql);
		end_name(sql);
	}
	if (sql->state == AT_OTHER)
		return SQL_GOES_ON;
	if (sql->state == AT_COPY_COLUMN)
		return take_column(sql, t);
	if (sql->state == AT_PATH || sql->state == AT_STRINGS ||
	    sql->state == AT_ENCODING)
		return take_value(sql, t);
	if (sql->state == AT_SELECT_SETTING) {
		sql->state = t->kind == TOKEN_LITERAL && !strcmp(t->text, "search_path")
				     ? AT_SELECT_COMMA
				     : AT_OTHER;
		return SQL_GOES_ON;
	}
	return follow_edge(sql, t);
}

/*
 * Does the statement begin with CREATE [OR REPLACE] FUNCTION or PROCEDURE; or is it a
 * CREATE SCHEMA, which may hold one? Of any other, CREATE TRIGGER ... EXECUTE FUNCTION
 * say, no psql counts.
 */
static void track_routine(struct dumpsql *sql, const struct dumplex_token *t)
{
	static const char *const words[] = { "create", "or", "replace" };
	bool is_function = is_word(t, "function") || is_word(t, "procedure");

	sql->has_schema =
		sql->has_schema ||
		(sql->count == 1 && sql->routine_words == 1 && is_word(t, "schema"));
	sql->has_function = sql->has_function || (sql->has_schema && is_function);
	if (sql->routine_words != sql->count)
		return; /* it began with something else */
	if (is_function && (sql->count == 1 || sql->count == 3))
		sql->is_routine = sql->has_function = true;
	else if (sql->count < ARRAY_SIZE(words) && is_word(t, words[sql->count]))
		sql->routine_words++;
}

/*
 * psql counts BEGIN and END in what it takes for the definition of a function; how it
 * tells one has changed between its releases. We go along with BEGIN ATOMIC in a plain
 * CREATE FUNCTION, and give up (return false) on a BEGIN that only some would count.
 */
static bool track_begin(struct dumpsql *sql, const struct dumplex_token *t)
{
	if (sql->is_after_begin) {
		sql->is_after_begin = false;
		sql->begin_depth++;
		return is_word(t, "atomic");
	}
	if (t->kind != TOKEN_WORD)
		return true;
	track_routine(sql, t);
	if (sql->paren_depth || !sql->has_function)
		return true;
	if (is_word(t, "begin")) {
		sql->is_after_begin = true;
		return sql->is_routine;
	}
	if (sql->begin_depth && is_word(t, "case"))
		sql->begin_depth++;
	else if (sql->begin_depth && is_word(t, "end"))
		sql->begin_depth--;
	return true;
}

static enum dumpsql_effect end_statement(struct dumpsql *sql)
{
	bool is_copy = sql->state == AT_COPY_DATA;

	sql->state = AT_START;
	sql->statement = STATEMENT_OTHER;
	sql->is_qualified = false;
	sql->count = sql->routine_words = 0;
	sql->is_routine = sql->has_schema = sql->has_function = false;
	return is_copy ? SQL_ENDS_COPY : SQL_ENDS;
}

/* A COPY behind a semicolon that did not end the statement: the server runs it, too. */
static bool is_hidden_copy(const struct dumpsql *sql, const struct dumplex_token *t)
{
	return sql->is_after_semicolon && is_word(t, "copy");
}

/*
 * May a statement begin so? COMMIT and its like would end the transaction that the dump
 * is loaded in, DROP and DELETE are nothing that a dump needs. A lone semicolon is
 * nothing.
 */
static bool is_beginning(const struct dumplex_token *t)
{
	static const char *const words[] = { "alter",  "comment",  "copy",    "create",
					     "grant",  "insert",   "refresh", "reset",
					     "revoke", "security", "select",  "set" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (is_word(t, words[i]))
			return true;
	return is_symbol(t, ';');
}

enum dumpsql_effect dumpsql_token(struct dumpsql *sql, const struct dumplex_token *t)
{
	enum dumpsql_effect effect;

	if (!sql->count && !is_beginning(t))
		return SQL_BAD_STATEMENT;
	if (is_hidden_copy(sql, t))
		return SQL_BAD_COPY;
	sql->is_after_semicolon = false;
	if (!track_begin(sql, t))
		return SQL_BAD_BEGIN;
	effect = step(sql, t);
	if (effect != SQL_GOES_ON)
		return effect;
	sql->count++;
	if (t->kind != TOKEN_SYMBOL)
		return SQL_GOES_ON;
	if (*t->text == '(')
		sql->paren_depth++;
	else if (*t->text == ')' && sql->paren_depth)
		sql->paren_depth--;
	else if (*t->text == ';' && (sql->paren_depth || sql->begin_depth))
		sql->is_after_semicolon = true;
	else if (*t->text == ';')
		return end_statement(sql);
	return SQL_GOES_ON;
}
