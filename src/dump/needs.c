/* SPDX-License-Identifier: PostgreSQL */
#include "dump/needs.h"

#include <string.h>

#include "base/auto.h"
#include "base/compiler.h"
#include "base/str.h"
#include "dump/refs.h"

/* What a token means for the tokens after it. */
enum word {
	IS_OTHER,
	IS_NAME, /* or a keyword not listed here */
	IS_OPEN,
	IS_CLOSE,
	IS_COMMA,
	IS_CAST,
	IS_SIGN, /* of an operator */
	/* an expression begins after it; it cannot be a name, which would be quoted */
	IS_EXPRESSION,
	IS_SELECT,
	IS_COLLATE,
	IS_DELETE,
	IS_DISTINCT,
	IS_EXECUTE,
	IS_EXTENSION,
	IS_FROM,
	IS_FUNCTION,
	IS_INDEX,
	IS_INTO,
	IS_JOIN,
	IS_LATERAL,
	IS_ON,
	IS_ONLY,
	IS_OPERATOR,
	IS_REFERENCES,
	IS_SERVER,
	IS_TABLESPACE,
	IS_UPDATE,
	IS_USING,
	IS_WHERE,
	WORDS
};

enum {
	/* depth of the table's column list itself, outside expressions in it */
	LIST_DEPTH = 1,
	MOST_DEPTH = 64, /* the bits of dumpneeds.selects */
	OPERATOR_MAX = 64,
};

enum { NO_LITERAL, LITERAL, LITERAL_CAST };

static const struct {
	const char *text;
	enum word word;
} words[] = {
	{ "and", IS_EXPRESSION },
	{ "case", IS_EXPRESSION },
	{ "collate", IS_COLLATE },
	{ "default", IS_EXPRESSION },
	{ "delete", IS_DELETE },
	{ "distinct", IS_DISTINCT },
	{ "else", IS_EXPRESSION },
	{ "execute", IS_EXECUTE },
	{ "extension", IS_EXTENSION },
	{ "from", IS_FROM },
	{ "function", IS_FUNCTION },
	{ "having", IS_EXPRESSION },
	{ "in", IS_EXPRESSION },
	{ "index", IS_INDEX },
	{ "into", IS_INTO },
	{ "join", IS_JOIN },
	{ "lateral", IS_LATERAL },
	{ "not", IS_EXPRESSION },
	{ "on", IS_ON },
	{ "only", IS_ONLY },
	{ "operator", IS_OPERATOR },
	{ "or", IS_EXPRESSION },
	{ "procedure", IS_FUNCTION },
	{ "references", IS_REFERENCES },
	{ "select", IS_SELECT },
	{ "server", IS_SERVER },
	{ "tablespace", IS_TABLESPACE },
	{ "then", IS_EXPRESSION },
	{ "update", IS_UPDATE },
	{ "using", IS_USING },
	{ "when", IS_EXPRESSION },
	{ "where", IS_WHERE },
};

static enum word classify(const struct dumplex_token *t)
{
	if (t->kind == TOKEN_QUOTED)
		return IS_NAME;
	if (t->kind == TOKEN_SYMBOL)
		switch (*t->text) {
		case '(':
			return IS_OPEN;
		case ')':
			return IS_CLOSE;
		case ',':
			return IS_COMMA;
		case ':':
			return IS_CAST;
		default:
			return strchr("+-*/<>=~!@#%^&|`?[", *t->text) ? IS_SIGN
								      : IS_OTHER;
		}
	if (t->kind != TOKEN_WORD)
		return IS_OTHER;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (*words[i].text == *t->text && !strcmp(words[i].text, t->text))
			return words[i].word;
	return IS_NAME;
}

static bool is_name(const struct dumplex_token *t)
{
	return (t->kind == TOKEN_WORD || t->kind == TOKEN_QUOTED) && t->is_plain &&
	       *t->text;
}

static bool is_symbol(const struct dumplex_token *t, char symbol)
{
	return t->kind == TOKEN_SYMBOL && *t->text == symbol;
}

static void tell(const struct dumpneeds *n, enum dumpneeds_kind kind, const char *schema,
		 const char *name)
{
	if (kind != NEED_NOTHING && strcmp(schema, "pg_catalog") != 0)
		n->found(n->owner, kind, schema, name);
}

/* ---- settings ---- */

/* Every server into which dumps are restored knows all other settings. */
static bool is_new_setting(const char *name)
{
	return !strcmp(name, "default_table_access_method") ||
	       !strcmp(name, "default_toast_compression") ||
	       !strcmp(name, "transaction_timeout");
}

static void take_setting(struct dumpneeds *n, const struct dumplex_token *t,
			 const struct dumpsql *sql)
{
	if (sql->state == AT_SET && t->kind == TOKEN_WORD)
		memcpy(n->setting, t->text, strlen(t->text) + 1);
	if (sql->state != AT_SETTING || is_symbol(t, '-'))
		return;
	if (is_new_setting(n->setting))
		tell(n, n->is_behind_start ? NEED_SETTING : NEED_HEADER, "", n->setting);
	if (t->kind == TOKEN_SYMBOL || !*t->text || !t->is_plain)
		return;
	if (!strcmp(n->setting, "default_tablespace"))
		tell(n, NEED_TABLESPACE, "", t->text);
	if (!strcmp(n->setting, "default_table_access_method"))
		tell(n, NEED_TABLE_METHOD, "", t->text);
}

/* ---- names ---- */

static void set_kind(struct dumpneeds *n, enum dumpneeds_kind kind,
		     enum dumpneeds_kind if_call)
{
	n->kind = kind;
	n->if_call = if_call;
}

static bool is_word(int word)
{
	return word == IS_NAME || word >= IS_EXPRESSION;
}

static bool is_in_list(const struct dumpsql *sql)
{
	return sql->paren_depth == LIST_DEPTH && !sql->bracket_depth;
}

/* What a name is right after a word, wherever both stand. */
static const struct {
	enum dumpneeds_kind kind;
	enum dumpneeds_kind if_call;
} kinds_after[WORDS] = {
	[IS_COLLATE] = { NEED_COLLATION, NEED_NOTHING },
	[IS_COMMA] = { NEED_NOTHING, NEED_FUNCTION },
	[IS_EXPRESSION] = { NEED_NOTHING, NEED_FUNCTION },
	[IS_INTO] = { NEED_RELATION, NEED_RELATION },
	[IS_OPEN] = { NEED_NOTHING, NEED_FUNCTION },
	[IS_REFERENCES] = { NEED_REFERENCED, NEED_REFERENCED },
	[IS_SELECT] = { NEED_NOTHING, NEED_FUNCTION },
	[IS_SIGN] = { NEED_NOTHING, NEED_FUNCTION },
	[IS_UPDATE] = { NEED_RELATION, NEED_RELATION },
	[IS_WHERE] = { NEED_NOTHING, NEED_FUNCTION },
};

static bool is_type(const struct dumpneeds *n, const struct dumpsql *sql)
{
	bool is_column = n->before2 == IS_OPEN || n->before2 == IS_COMMA;

	if (sql->state == AT_TABLE_TYPE)
		return true;
	if (n->is_in_from)
		return false;
	if (n->before == IS_CAST)
		return !sql->bracket_depth; /* otherwise it may be a slice */
	/* even if the column has the name of a keyword */
	return sql->state == AT_COLUMNS && is_in_list(sql) && is_column &&
	       is_word(n->before);
}

/* Of what kind is the name that begins here if it has a schema, and if a call follows? */
static void find_kind(struct dumpneeds *n, const struct dumpsql *sql)
{
	bool is_operand = n->before == IS_NAME || n->before == IS_CLOSE;

	if (is_type(n, sql))
		set_kind(n, NEED_TYPE, NEED_TYPE);
	else if (n->is_in_from)
		set_kind(n, NEED_RELATION, NEED_FUNCTION);
	else if (n->before == IS_OPEN && n->before2 == IS_OPERATOR)
		set_kind(n, NEED_OPERATOR, NEED_NOTHING);
	else if (n->before == IS_FUNCTION && n->before2 == IS_EXECUTE)
		set_kind(n, NEED_NOTHING, NEED_TRIGGER);
	else if (is_operand && n->is_index && !n->has_where && is_in_list(sql))
		set_kind(n, NEED_OPERATOR_CLASS, NEED_OPERATOR_CLASS);
	else
		set_kind(n, kinds_after[n->before].kind, kinds_after[n->before].if_call);
}

/* Take a name without a schema. */
static void take_bare_name(const struct dumpneeds *n, const char *name,
			   const struct dumpsql *sql)
{
	enum dumpneeds_kind kind = NEED_NOTHING;
	bool is_of_table = sql->state == AT_TABLE_WORD;

	if (n->before == IS_EXTENSION && n->before2 == IS_ON)
		kind = NEED_EXTENSION;
	else if (n->before == IS_SERVER && is_of_table)
		kind = NEED_SERVER;
	else if (n->before == IS_TABLESPACE && is_of_table)
		kind = NEED_TABLESPACE;
	else if (n->before == IS_USING && is_of_table)
		kind = NEED_TABLE_METHOD;
	else if (n->before == IS_USING && n->is_index && !sql->paren_depth &&
		 strcmp(name, "btree") != 0)
		kind = NEED_INDEX_METHOD;
	tell(n, kind, "", name);
}

static void begin_name(struct dumpneeds *n, const struct dumplex_token *t,
		       const struct dumpsql *sql)
{
	find_kind(n, sql);
	take_bare_name(n, t->text, sql);
	memcpy(n->schema, t->text, strlen(t->text) + 1);
	n->name[0] = '\0';
	n->parts = 1;
}

/* Does the token belong to the name before it? */
static bool continue_name(struct dumpneeds *n, const struct dumplex_token *t)
{
	bool is_after_dot = n->is_after_dot;
	bool is_operator = n->kind == NEED_OPERATOR && n->parts;
	size_t length = strlen(n->name);

	n->is_after_dot = n->parts && is_symbol(t, '.');
	if (n->is_after_dot && n->parts == 2)
		n->parts++; /* a.b.* */
	if (n->is_after_dot)
		return true;
	if (is_operator && (is_after_dot || n->parts == 2) && classify(t) == IS_SIGN &&
	    length < OPERATOR_MAX - 1) {
		n->name[length] = *t->text;
		n->name[length + 1] = '\0';
		n->parts = 2;
		return true;
	}
	if (!is_after_dot || !is_name(t))
		return false;
	n->parts++;
	memcpy(n->name, t->text, strlen(t->text) + 1);
	return true;
}

static void end_name(struct dumpneeds *n, const struct dumplex_token *t)
{
	if (n->parts == 2)
		tell(n, is_symbol(t, '(') ? n->if_call : n->kind, n->schema, n->name);
	n->parts = 0;
}

/* 'SCHEMA.NAME'::regclass */
static void take_literal(struct dumpneeds *n, const struct dumplex_token *t)
{
	unsigned before = n->literal;

	n->literal = NO_LITERAL;
	if (t->kind == TOKEN_LITERAL && t->is_plain &&
	    dumprefs_split(t->text, n->literal_schema, n->literal_name))
		n->literal = LITERAL;
	else if (before == LITERAL && is_symbol(t, ':'))
		n->literal = LITERAL_CAST;
	else if (before == LITERAL_CAST && t->kind == TOKEN_WORD)
		tell(n,
		     !strcmp(t->text, "regclass")    ? NEED_RELATION
		     : !strcmp(t->text, "regconfig") ? NEED_TEXT_SEARCH
						     : NEED_NOTHING,
		     n->literal_schema, n->literal_name);
}

/* ---- the place in the statement ---- */

static void begin_statement(struct dumpneeds *n, const struct dumplex_token *t)
{
	n->before = n->before2 = IS_OTHER;
	n->is_index = n->has_where = n->is_in_from = n->is_after_dot = false;
	n->selects = 0;
	n->parts = 0;
	n->literal = NO_LITERAL;
	n->is_behind_start |= strcmp(t->text, "set") != 0;
}

static bool is_query(const struct dumpneeds *n, uint64_t depth)
{
	return depth < MOST_DEPTH && (n->selects >> depth & 1);
}

static void set_query(struct dumpneeds *n, uint64_t depth, bool is_one)
{
	uint64_t bit = depth < MOST_DEPTH ? (uint64_t)1 << depth : 0;

	n->selects = is_one ? n->selects | bit : n->selects & ~bit;
}

/* The FROM in EXTRACT(year FROM a.b) and IS DISTINCT FROM a.b is not followed by a
 * relation. */
static bool is_from_of_query(const struct dumpneeds *n, const struct dumpsql *sql)
{
	return n->before == IS_DELETE ||
	       (n->before != IS_DISTINCT && is_query(n, sql->paren_depth));
}

static void take_word(struct dumpneeds *n, enum word word, const struct dumplex_token *t,
		      const struct dumpsql *sql)
{
	bool was_in_from = n->is_in_from;

	n->is_in_from = false;
	if (word == IS_FROM)
		n->is_in_from = is_from_of_query(n, sql);
	else if (word == IS_JOIN)
		n->is_in_from = true;
	else if (word == IS_OPEN || word == IS_ONLY || word == IS_LATERAL)
		n->is_in_from = was_in_from;
	if (word == IS_SELECT)
		set_query(n, sql->paren_depth, true);
	if (word == IS_OPEN)
		set_query(n, sql->paren_depth + 1, false);
	if (word == IS_WHERE)
		n->has_where = true;
	if ((word == IS_INDEX && sql->state == AT_CREATE) ||
	    (sql->state == AT_CONSTRAINT_KIND && !strcmp(t->text, "exclude")))
		n->is_index = true;
}

void dumpneeds_token(struct dumpneeds *n, const struct dumplex_token *t,
		     const struct dumpsql *sql)
{
	enum word word = classify(t);

	if (!sql->count)
		begin_statement(n, t);
	take_setting(n, t, sql);
	take_literal(n, t);
	if (!continue_name(n, t)) {
		end_name(n, t);
		if (is_name(t))
			begin_name(n, t, sql);
		take_word(n, word, t, sql);
	}
	n->before2 = n->before;
	n->before = word;
}

/* ---- in ASCII ---- */

void dumpneeds_push(struct strvec *list, enum dumpneeds_kind kind, const char *schema,
		    const char *name)
{
	AUTO_STRBUF struct strbuf need = { 0 };

	strbuf_add_char(&need, (char)kind);
	strbuf_add_hex(&need, schema);
	strbuf_add_char(&need, '.');
	strbuf_add_hex(&need, name);
	strvec_push(list, need.buf);
}

/* Returns what follows the digits. */
static const char *parse_hex(const char *hex, char *out)
{
	size_t length = 0;

	for (; str_hex_digit(hex[0]) < 16 && str_hex_digit(hex[1]) < 16; hex += 2)
		if (length < DUMP_TEXT_SIZE - 1)
			out[length++] = (char)(str_hex_digit(hex[0]) * 16 +
					       str_hex_digit(hex[1]));
	out[length] = '\0';
	return hex;
}

enum dumpneeds_kind dumpneeds_parse(const char *need, char *schema, char *name)
{
	const char *dot = parse_hex(need + 1, schema);

	parse_hex(dot + (*dot == '.'), name);
	return (enum dumpneeds_kind)(unsigned char)*need;
}
