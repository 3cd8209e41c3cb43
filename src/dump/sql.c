/* SPDX-License-Identifier: PostgreSQL */
#include "dump/sql.h"

#include <string.h>
#include <strings.h>

#include "base/compiler.h"
#include "dump/forms.h"
#include "dump/names.h"

void dumpsql_init(struct dumpsql *sql, const char *watch_column, bool is_whole)
{
	*sql = (struct dumpsql){
		.watch_column = watch_column,
		.is_whole = is_whole,
		.has_standard_strings = true,
		.state = AT_START,
	};
}

/*
 * Do characters of this client encoding contain bytes below 0x80? psql keeps such
 * characters together, so what the scanner would take for a quotation mark or a backslash
 * may not be one for psql.
 */
static bool is_unsafe_encoding(const char *name)
{
	static const char *const unsafe[] = {
		"sjis",       "shiftjis", "shiftjis2004", "mskanji", "win932",
		"windows932", "big5",     "win950",       "gbk",     "windows950",
		"win936",     "uhc",      "windows936",   "win949",  "windows949",
		"gb18030",    "johab",
	};
	char plain[32]; /* letters and digits: PostgreSQL compares only these */
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
	enum dumpforms_state state = sql->state;

	sql->state = state == AT_PATH ? AT_PATH_COMMA : AT_OTHER;
	if (!is_value)
		return SQL_BAD_SETTING;
	if (state == AT_PATH) {
		dumpnames_copy(sql->search_path, t->text);
		return is_word(t, "default") ? SQL_BAD_SETTING : SQL_GOES_ON;
	}
	if (state == AT_ENCODING)
		dumpnames_copy(sql->encoding, t->text);
	if (state == AT_ENCODING)
		return is_unsafe_encoding(t->text) ? SQL_BAD_SETTING : SQL_GOES_ON;
	sql->has_standard_strings = !strcmp(t->text, "on");
	return sql->has_standard_strings || !strcmp(t->text, "off") ? SQL_GOES_ON
								    : SQL_BAD_SETTING;
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

/* Is it a setting that pg_dump makes, and that neither psql nor the scanner has to
 * know? */
static bool is_harmless_setting(const struct dumplex_token *t)
{
	static const char *const names[] = {
		"check_function_bodies",
		"client_min_messages",
		"default_table_access_method",
		"default_tablespace",
		"default_toast_compression",
		"default_with_oids",
		"escape_string_warning",
		"idle_in_transaction_session_timeout",
		"lock_timeout",
		"row_security",
		"statement_timeout",
		"transaction_timeout",
		"xmloption",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (is_word(t, names[i]))
			return true;
	return false;
}

static bool take_role(struct dumpsql *sql, const struct dumplex_token *t)
{
	sql->right = is_word(t, "public") ? RIGHT_PUBLIC : RIGHT_ROLE;
	return is_name(t) && !is_word(t, "current_user") && !is_word(t, "current_role") &&
	       !is_word(t, "session_user");
}

static bool take_other_role(struct dumpsql *sql, const struct dumplex_token *t,
			    enum dumpsql_right right)
{
	bool is_role = take_role(sql, t);

	sql->right = sql->right == RIGHT_ROLE ? right : RIGHT_NONE;
	return is_role;
}

static bool take_session(struct dumpsql *sql, const struct dumplex_token *t)
{
	sql->right = is_word(t, "default") ? RIGHT_RESET : RIGHT_SESSION;
	return is_name(t) || (t->kind == TOKEN_LITERAL && t->is_plain && *t->text);
}

/* Code in such a language runs in the server, with the server's own rights. */
static bool is_unsafe_language(const char *name)
{
	return !strcasecmp(name, "c") || !strcasecmp(name, "internal");
}

/* The same as take_operand(), in states of whole schemas. */
static bool take_whole_operand(struct dumpsql *sql, const struct dumplex_token *t,
			       enum dumpforms_state *to)
{
	switch ((int)sql->state) {
	case AT_CLASS_METHOD:
		*to = AT_CLASS_FAMILY;
		return is_name(t);
	case AT_DEFAULT_GRANTEE:
		*to = AT_DEFAULT_WITH;
		return take_other_role(sql, t, RIGHT_OTHER_ROLE);
	case AT_DEFAULT_RIGHT:
		*to = AT_DEFAULT_NEXT;
		return t->kind == TOKEN_WORD;
	case AT_DEFAULT_ROLE:
		*to = AT_DEFAULT_WHERE;
		return take_other_role(sql, t, RIGHT_OTHER_ROLE);
	case AT_LANGUAGE:
		*to = AT_ROUTINE_OPTION;
		return is_name(t) && !is_unsafe_language(t->text);
	case AT_METHOD:
		*to = AT_METHOD_NEXT;
		return is_name(t);
	case AT_RETURN_TYPE:
		*to = AT_TYPE_NEXT;
		return is_name(t);
	case AT_ROUTINE_AS:
		*to = AT_END;
		return t->kind == TOKEN_LITERAL;
	case AT_ROUTINE_SET:
		*to = AT_ROUTINE_SET_NAME;
		return is_name(t);
	case AT_ROUTINE_SET_VALUE:
		*to = AT_ROUTINE_SET_NEXT;
		return t->kind == TOKEN_LITERAL;
	}
	return false;
}

/* Is the token allowed here, other than as a keyword? Then *to is the next state. */
static bool take_operand(struct dumpsql *sql, const struct dumplex_token *t,
			 enum dumpforms_state *to)
{
	bool is_literal = t->kind == TOKEN_LITERAL;

	switch ((int)sql->state) {
	case AT_CONSTRAINT:
		*to = AT_CONSTRAINT_KIND;
		return is_name(t);
	case AT_COLUMN:
		*to = AT_COLUMN_VERB;
		return is_name(t) && !is_word(t, "column");
	case AT_TABLE_WORD:
		*to = AT_TABLE_END;
		return is_name(t);
	case AT_CONSTANT:
	case AT_VALUE:
		*to = sql->state;
		return is_literal;
	case AT_COMMENT:
		*to = AT_END;
		return is_literal;
	case AT_RIGHT:
		*to = AT_RIGHT_NEXT;
		sql->right = RIGHT_PRIVILEGE;
		return t->kind == TOKEN_WORD;
	case AT_RIGHT_COLUMN:
		*to = AT_RIGHT_COMMA;
		sql->right = RIGHT_COLUMN;
		return is_name(t);
	case AT_RIGHT_ROLE:
		*to = AT_RIGHT_WITH;
		return !is_word(t, "group") && take_role(sql, t);
	case AT_OWNER_ROLE:
		*to = AT_END;
		return take_other_role(sql, t, RIGHT_OWNER);
	case AT_POLICY_ROLE:
		*to = AT_POLICY_NEXT;
		return take_other_role(sql, t, RIGHT_OTHER_ROLE);
	case AT_SESSION_ROLE:
		*to = AT_END;
		return take_session(sql, t);
	case AT_SET:
		*to = AT_SET_OTHER;
		return is_harmless_setting(t);
	case AT_SETTING:
		*to = AT_END;
		return is_literal || is_name(t);
	}
	return take_whole_operand(sql, t, to);
}

/* No edge fits. */
static enum dumpsql_effect refuse(struct dumpsql *sql, const struct dumplex_token *t)
{
	enum dumpforms_state from = sql->state;

	if (take_operand(sql, t, &sql->state))
		return SQL_GOES_ON;
	sql->right = RIGHT_NONE;
	sql->state = AT_OTHER;
	if (from >= AT_COPY_LIST && from <= AT_COPY_DATA)
		return SQL_BAD_COPY;
	return from >= AT_RESET && from <= AT_ENCODING ? SQL_BAD_SETTING
						       : SQL_BAD_STATEMENT;
}

/* Which part of a privilege is this token? */
static enum dumpsql_right right_of(enum dumpforms_state from, enum dumpforms_state to)
{
	if (from == AT_START)
		return to == AT_RIGHT    ? RIGHT_GRANT
		       : to == AT_REVOKE ? RIGHT_REVOKE
					 : RIGHT_NONE;
	if (from == AT_REVOKE_FOR || from == AT_RIGHT_GRANT)
		return RIGHT_OPTION;
	if (from == AT_RESET_SESSION)
		return RIGHT_RESET;
	return RIGHT_NONE;
}

static enum dumpsql_effect step(struct dumpsql *sql, const struct dumplex_token *t);

static enum dumpsql_effect follow_edge(struct dumpsql *sql, const struct dumplex_token *t)
{
	const struct dumpforms_edge *edge = dumpforms_find(sql->is_whole, sql->state, t);
	int depth = dumpforms_waits_at(sql->state);
	bool is_there = sql->paren_depth == (uint64_t)depth && !sql->bracket_depth;

	if (depth >= 0 && (!edge || !is_there))
		return !depth && !sql->paren_depth && is_symbol(t, ';')
			       ? SQL_BAD_STATEMENT
			       : SQL_GOES_ON;
	if (!edge && (sql->state == AT_FROZEN_WITH || sql->state == AT_FROZEN_NO)) {
		sql->state = AT_FROZEN;
		return step(sql, t);
	}
	if (!edge)
		return refuse(sql, t);
	sql->right = right_of(sql->state, edge->to);
	sql->state = edge->to;
	if (edge->use != SQL_NO_USE)
		sql->use = edge->use;
	if (edge->after != AT_SAME)
		sql->after = edge->after;
	if (edge->to == AT_NAME)
		sql->part_count = 0;
	if (edge->to == AT_BODY)
		dumpbody_begin(&sql->body);
	if (edge->after == AT_ROUTINE)
		sql->is_routine = true;
	if (edge->to == AT_CONFIG_LOCAL)
		sql->search_path[0] = '\0';
	if (edge->to == AT_REFUSED)
		return SQL_BAD_STATEMENT;
	return *edge->text ? SQL_GOES_ON : step(sql, t);
}

/* A token in a function's body, whose statements are not checked. */
static enum dumpsql_effect step_body(struct dumpsql *sql, const struct dumplex_token *t)
{
	enum dumpbody_place place =
		sql->paren_depth ? BODY_GOES_ON : dumpbody_token(&sql->body, t);

	if (place == BODY_ENDS)
		sql->state = AT_END;
	return place == BODY_IS_UNCLEAR ? SQL_BAD_BODY : SQL_GOES_ON;
}

/* A state in which a keyword may also be a name. */
static enum dumpsql_effect step_ambiguous(struct dumpsql *sql,
					  const struct dumplex_token *t)
{
	bool is_domain = sql->state == AT_ON_DOMAIN || sql->state == AT_DOMAIN_DOT;
	bool is_over = false;
	enum dumpsql_effect effect = is_domain
					     ? dumpnames_take_domain(sql, t, &is_over)
					     : dumpnames_take_operator(sql, t, &is_over);

	return is_over ? step(sql, t) : effect;
}

static enum dumpsql_effect step(struct dumpsql *sql, const struct dumplex_token *t)
{
	enum dumpsql_effect effect;

	if (sql->state == AT_NAME)
		return dumpnames_take(sql, t);
	if (sql->state == AT_NAME_DOT) {
		if (is_symbol(t, '.')) {
			sql->state = AT_NAME;
			return SQL_GOES_ON;
		}
		effect = dumpnames_end(sql, t);
		if (effect != SQL_GOES_ON)
			return effect;
	}
	if (sql->state == AT_OTHER)
		return SQL_GOES_ON;
	if (sql->state == AT_BODY)
		return step_body(sql, t);
	if (sql->state >= AT_OPERATOR && sql->state <= AT_DOMAIN_DOT)
		return step_ambiguous(sql, t);
	if (sql->state == AT_COPY_COLUMN)
		return take_column(sql, t);
	if (sql->state == AT_PATH || sql->state == AT_STRINGS ||
	    sql->state == AT_ENCODING)
		return take_value(sql, t);
	if ((sql->state == AT_SETVAL_NAME || sql->state == AT_SERIAL_TABLE) &&
	    t->kind == TOKEN_LITERAL)
		return dumpnames_take_literal(sql, t);
	if (sql->state == AT_SERIAL_COLUMN && t->kind == TOKEN_LITERAL) {
		sql->state = AT_SERIAL_END;
		return SQL_GOES_ON;
	}
	return follow_edge(sql, t);
}

static enum dumpsql_effect end_statement(struct dumpsql *sql)
{
	bool is_copy = sql->state == AT_COPY_DATA;

	sql->state = sql->after = AT_START;
	sql->use = SQL_NO_USE;
	sql->count = 0;
	sql->bracket_depth = 0;
	sql->is_routine = false;
	return is_copy ? SQL_ENDS_COPY : SQL_ENDS;
}

/* A COPY after a semicolon that did not end the statement: the server runs it, too. */
static bool is_hidden_copy(const struct dumpsql *sql, const struct dumplex_token *t)
{
	return sql->is_after_semicolon && is_word(t, "copy");
}

/* In the definition of a function, psql takes any BEGIN for that of a body. */
static bool is_false_body(const struct dumpsql *sql, const struct dumplex_token *t)
{
	return sql->is_routine && !sql->paren_depth && sql->state != AT_ATOMIC &&
	       is_word(t, "begin");
}

enum dumpsql_effect dumpsql_token(struct dumpsql *sql, const struct dumplex_token *t)
{
	enum dumpsql_effect effect;

	if (is_hidden_copy(sql, t))
		return SQL_BAD_COPY;
	sql->is_after_semicolon = false;
	effect = step(sql, t);
	if (effect == SQL_GOES_ON && is_false_body(sql, t))
		effect = SQL_BAD_BODY;
	if (effect != SQL_GOES_ON)
		return effect;
	sql->count++;
	if (t->kind != TOKEN_SYMBOL)
		return SQL_GOES_ON;
	if (*t->text == '(')
		sql->paren_depth++;
	else if (*t->text == ')' && sql->paren_depth)
		sql->paren_depth--;
	else if (*t->text == '[')
		sql->bracket_depth++;
	else if (*t->text == ']' && sql->bracket_depth)
		sql->bracket_depth--;
	else if (*t->text == ';' && (sql->paren_depth || sql->state == AT_BODY))
		sql->is_after_semicolon = true;
	else if (*t->text == ';')
		return end_statement(sql);
	return SQL_GOES_ON;
}
