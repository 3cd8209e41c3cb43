/* SPDX-License-Identifier: PostgreSQL */
/*
 * Splits SQL into tokens by the rules of psql 15 to 18 (psqlscan.l). Part of dumpscan.
 *
 * psql lexes line by line, with two consequences: a literal that ends its line is not
 * continued by one on the next line, and standard_conforming_strings takes effect on
 * the next line. Input that psql's releases read differently is reported as a problem;
 * pg_dump writes no such input.
 */
#ifndef DUMP_LEX_H
#define DUMP_LEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dump/quote.h"

enum dumplex_kind {
	TOKEN_WORD,      /* in lower case: a keyword or an unquoted name */
	TOKEN_QUOTED,    /* "name" */
	TOKEN_LITERAL,   /* of any sort */
	TOKEN_SYMBOL,    /* one character of anything else; a number is "0" */
	TOKEN_COMMENT,   /* after the --, up to the end of the line */
	TOKEN_BLOCK,     /* the beginning of a comment in slashes and stars */
	TOKEN_BACKSLASH, /* what follows a backslash, up to the end of its line */
};

struct dumplex_token {
	enum dumplex_kind kind;
	const char *text;   /* without its quotes, doubled ones undone */
	bool is_plain;      /* text is complete and literal: no U&, no E */
	bool is_line_start; /* it is the first on its line */
	uint64_t line;      /* where it begins, counted from 1 */
};

enum dumplex_problem {
	LEX_BAD_TOKEN,
	LEX_VARIABLE, /* psql would substitute its variable `text` here */
	LEX_CARRIAGE_RETURN,
	LEX_BYTE_ORDER_MARK,
};

typedef void (*dumplex_token_fn)(void *owner, const struct dumplex_token *token);
typedef void (*dumplex_problem_fn)(void *owner, enum dumplex_problem problem,
				   const char *text);

struct dumplex {
	dumplex_token_fn on_token;
	dumplex_problem_fn on_problem; /* must stop it */
	void *owner;
	bool is_stopped;
	uint64_t lines; /* newlines so far; the owner adds those that it reads itself */
	/* Where the first plain '...' begins that would end elsewhere with
	 * standard_conforming_strings set the other way; 0 if there is none. */
	uint64_t ambiguous_line;

	/* The rest is private. */
	int state;
	bool is_line_start;
	bool is_token_first;
	uint64_t token_line;
	uint32_t length;
	bool is_cut;
	char text[DUMP_TEXT_SIZE];
	bool has_strings;  /* standard_conforming_strings, up to strings_line */
	bool next_strings; /* the same, from the line after it */
	uint64_t strings_line;
	uint64_t comment_depth;
	char comment_last;
	int number;
	bool is_after_colon; /* quotes that begin directly after one: psql's :"name"
				and :'name' */
	struct dumpquote quote;
};

void dumplex_init(struct dumplex *lex, dumplex_token_fn on_token,
		  dumplex_problem_fn on_problem, void *owner);

/* Process bytes, none of which may be NUL. Returns their number; if a hook sets
 * is_stopped, only those up to the end of the token. */
size_t dumplex_feed(struct dumplex *lex, const char *data, size_t length);

/* standard_conforming_strings is set here; it takes effect on the next line. */
void dumplex_set_strings(struct dumplex *lex, bool is_standard);

/* Continue after a newline that the owner has read. */
void dumplex_resume_line(struct dumplex *lex);

/* What the lexer is inside of: TOKEN_SYMBOL means nothing, TOKEN_LITERAL also a quoted name.
 */
enum dumplex_kind dumplex_inside(const struct dumplex *lex);

#endif
