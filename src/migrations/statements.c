/* SPDX-License-Identifier: PostgreSQL */
#include "migrations/statements.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "dump/lex.h"

struct reader {
	struct dumplex lex;
	struct statements *out;
	struct error *err;
	bool is_failed;
	bool is_inside; /* in a statement */
	/* What the next word may decide about the statement. */
	enum { FREE, SET, PREPARE, ROLLBACK, CREATE, DROP, INDEX, REINDEX } expecting;
	uint64_t line; /* of its first word */
	bool is_after_begin;
	unsigned atomic_depth; /* of BEGIN ATOMIC ... END, including CASE ... END in it */
	unsigned paren_depth;
};

static void fail(struct reader *r, uint64_t line, const char *what)
{
	if (!r->is_failed)
		error_set(r->err, ERROR_USAGE, "line %llu: %s", (unsigned long long)line,
			  what);
	r->is_failed = r->lex.is_stopped = true;
}

static bool is_one_of(const char *word, const char *const *words)
{
	while (*words && strcmp(word, *words) != 0)
		words++;
	return *words != NULL;
}

static void refuse(struct reader *r, const char *what)
{
	AUTO_FREE char *text = str_format(
		"%s cannot be part of a migration, which is one transaction", what);

	fail(r, r->line, text);
}

static void begin_statement(struct reader *r, const struct dumplex_token *token)
{
	static const char *const refused[] = { "abort",  "begin",  "checkpoint",
					       "commit", "copy",   "end",
					       "start",  "vacuum", NULL };
	static const struct {
		const char *word;
		int expecting;
	} unclear[] = {
		{ "set", SET },       { "prepare", PREPARE }, { "rollback", ROLLBACK },
		{ "create", CREATE }, { "drop", DROP },       { "reindex", REINDEX },
	};
	struct statements *s = r->out;
	const char *word = token->kind == TOKEN_WORD ? token->text : "";

	s->lines = xgrow(s->lines, s->count, sizeof(*s->lines));
	s->lines[s->count++] = r->line = token->line;
	r->is_inside = true;
	r->expecting = FREE;
	for (size_t i = 0; i < ARRAY_SIZE(unclear); i++)
		if (!strcmp(word, unclear[i].word))
			r->expecting = unclear[i].expecting;
	if (is_one_of(word, refused))
		refuse(r, word);
}

/* The words after the first one, as long as they matter. ROLLBACK TO stays in the
 * transaction, and PREPARE name AS has nothing to do with it. */
static void look_at_word(struct reader *r, const struct dumplex_token *token)
{
	const char *word = token->kind == TOKEN_WORD ? token->text : "";
	int expecting = r->expecting;

	r->expecting = FREE;
	switch (expecting) {
	case SET:
		if (strcmp(word, "local") != 0 && strcmp(word, "constraints") != 0)
			fail(r, token->line,
			     "SET would outlive the migration: use SET LOCAL");
		break;
	case PREPARE:
		if (!strcmp(word, "transaction"))
			refuse(r, "prepare transaction");
		break;
	case ROLLBACK:
		if (!strcmp(word, "work") || !strcmp(word, "transaction"))
			r->expecting = ROLLBACK;
		else if (strcmp(word, "to") != 0)
			refuse(r, "rollback");
		break;
	case CREATE:
	case DROP:
		if (!strcmp(word, "unique"))
			r->expecting = CREATE;
		else if (!strcmp(word, "index"))
			r->expecting = INDEX;
		else if (!strcmp(word, "database") || !strcmp(word, "tablespace"))
			refuse(r, "a database or tablespace");
		break;
	case REINDEX:
		if (!strcmp(word, "database") || !strcmp(word, "system"))
			refuse(r, "reindex");
		else if (!strcmp(word, "concurrently"))
			refuse(r, "concurrently");
		else
			r->expecting = REINDEX; /* REINDEX (CONCURRENTLY) TABLE a */
		break;
	case INDEX:
		if (!strcmp(word, "concurrently"))
			refuse(r, "concurrently");
		break;
	default:
		break;
	}
}

/* The body of an SQL function may contain semicolons. */
static void count_depth(struct reader *r, const struct dumplex_token *token)
{
	const char *word = token->kind == TOKEN_WORD ? token->text : "";

	if (r->is_after_begin && !strcmp(word, "atomic"))
		r->atomic_depth = 1;
	else if (r->atomic_depth && !strcmp(word, "case"))
		r->atomic_depth++;
	else if (r->atomic_depth && !strcmp(word, "end"))
		r->atomic_depth--;
	r->is_after_begin = !strcmp(word, "begin");
	if (token->kind == TOKEN_SYMBOL && token->text[0] == '(')
		r->paren_depth++;
	else if (token->kind == TOKEN_SYMBOL && token->text[0] == ')')
		r->paren_depth -= r->paren_depth > 0;
}

static void on_token(void *owner, const struct dumplex_token *token)
{
	struct reader *r = owner;
	bool is_semicolon = token->kind == TOKEN_SYMBOL && token->text[0] == ';';

	if (token->kind == TOKEN_COMMENT || token->kind == TOKEN_BLOCK)
		return;
	if (is_semicolon && r->is_inside && r->expecting == ROLLBACK)
		refuse(r, "rollback");
	if (token->kind == TOKEN_BACKSLASH) {
		fail(r, token->line, "a command of psql cannot be part of a migration");
	} else if (is_semicolon && !r->atomic_depth && !r->paren_depth) {
		r->is_inside = false;
	} else if (!r->is_inside) {
		begin_statement(r, token);
	} else {
		look_at_word(r, token);
		count_depth(r, token);
	}
}

static void on_problem(void *owner, enum dumplex_problem problem, const char *text)
{
	struct reader *r = owner;

	(void)text;
	fail(r, r->lex.lines + 1,
	     problem == LEX_VARIABLE ? "a variable of psql cannot be part of a migration"
				     : "not valid SQL for a migration");
}

bool statements_read(const char *text, struct statements *out, struct error *err)
{
	struct statements found = { 0 };
	struct reader r = { .out = &found, .err = err };

	dumplex_init(&r.lex, on_token, on_problem, &r);
	dumplex_feed(&r.lex, text, strlen(text));
	if (!r.is_failed)
		dumplex_feed(&r.lex, "\n", 1); /* end the last token */
	if (!r.is_failed && (r.is_inside || dumplex_inside(&r.lex) != TOKEN_SYMBOL))
		fail(&r, found.count ? found.lines[found.count - 1] : 1,
		     "the last statement is not terminated");
	if (r.is_failed)
		statements_release(&found);
	else
		*out = found;
	return !r.is_failed;
}

void statements_release(struct statements *s)
{
	free(s->lines);
	*s = (struct statements){ 0 };
}
