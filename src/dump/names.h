/* SPDX-License-Identifier: PostgreSQL */
/* The names in a statement, and the tokens they are made of. Part of dumpsql. */
#ifndef DUMP_NAMES_H
#define DUMP_NAMES_H

#include <stdbool.h>
#include <string.h>

#include "dump/statement.h"

static inline bool is_word(const struct dumplex_token *t, const char *word)
{
	/* Mostly it is not: the first byte spares the call. */
	return t->kind == TOKEN_WORD && *t->text == *word && !strcmp(t->text, word);
}

static inline bool is_symbol(const struct dumplex_token *t, char symbol)
{
	return t->kind == TOKEN_SYMBOL && *t->text == symbol;
}

/* May it be a name of anything? */
static inline bool is_name(const struct dumplex_token *t)
{
	return (t->kind == TOKEN_WORD || t->kind == TOKEN_QUOTED) && t->is_plain &&
	       *t->text;
}

/* As much as fits DUMP_TEXT_SIZE bytes. */
void dumpnames_copy(char *to, const char *from);

/* A token of a name, in AT_NAME. */
enum dumpsql_effect dumpnames_take(struct dumpsql *sql,
				   const struct dumplex_token *token);

/*
 * The token behind one, in AT_NAME_DOT: the target and the state behind the name are set,
 * for this token to be taken there.
 */
enum dumpsql_effect dumpnames_end(struct dumpsql *sql, const struct dumplex_token *token);

/* The literal 'acct._x_id_seq', of setval(). */
enum dumpsql_effect dumpnames_take_literal(struct dumpsql *sql,
					   const struct dumplex_token *token);

/*
 * Where a keyword may be the name of a schema instead: in the states of operators, from
 * AT_OPERATOR to AT_OPERATOR_SYMBOL, and in AT_ON_DOMAIN and AT_DOMAIN_DOT. *is_over: the
 * state is another, for this token to be taken there.
 */
enum dumpsql_effect dumpnames_take_operator(struct dumpsql *sql,
					    const struct dumplex_token *token,
					    bool *is_over);
enum dumpsql_effect dumpnames_take_domain(struct dumpsql *sql,
					  const struct dumplex_token *token,
					  bool *is_over);

#endif
