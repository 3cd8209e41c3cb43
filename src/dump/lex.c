/* SPDX-License-Identifier: PostgreSQL */
#include "dump/lex.h"

#include <string.h>

#include "base/compiler.h"

/* What the next byte belongs to. */
enum state {
	IN_SQL, /* nothing: it stands between tokens */
	IN_WORD,
	IN_NUMBER,
	AFTER_DASH,   /* may begin a comment */
	AFTER_SLASH,  /* may begin a comment */
	AFTER_COLON,  /* may begin a psql variable */
	AFTER_DOLLAR, /* may begin a dollar quote or a parameter */
	AFTER_U_AMP,  /* may begin a literal or a quoted name */
	IN_VARIABLE,
	IN_QUOTES,
	IN_COMMENT,
	IN_BLOCK,
	IN_BACKSLASH,
};

enum number { NUMBER_DIGITS, NUMBER_E, NUMBER_SIGN, NUMBER_EXPONENT, NUMBER_PARAMETER };

void dumplex_init(struct dumplex *lex, dumplex_token_fn on_token,
		  dumplex_problem_fn on_problem, void *owner)
{
	*lex = (struct dumplex){
		.on_token = on_token,
		.on_problem = on_problem,
		.owner = owner,
		.is_line_start = true,
		.has_strings = true,
		.next_strings = true,
	};
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_name_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       (unsigned char)c >= 0x80;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static void begin_token(struct dumplex *lex)
{
	lex->token_line = lex->lines + 1;
	lex->is_token_first = lex->is_line_start;
	lex->is_line_start = false;
	lex->length = 0;
	lex->is_cut = false;
}

static void keep(struct dumplex *lex, const char *p, size_t length)
{
	size_t room = DUMP_TEXT_SIZE - 1 - lex->length;

	if (length > room) {
		lex->is_cut = true;
		length = room;
	}
	memcpy(lex->text + lex->length, p, length);
	lex->length += (uint32_t)length;
}

static void emit_text(struct dumplex *lex, enum dumplex_kind kind, const char *text,
		      bool is_plain)
{
	struct dumplex_token token = {
		.kind = kind,
		.text = text,
		.is_plain = is_plain,
		.is_line_start = lex->is_token_first,
		.line = lex->token_line,
	};

	if (!lex->is_stopped)
		lex->on_token(lex->owner, &token);
}

/* Report the collected text as a token. */
static void emit(struct dumplex *lex, enum dumplex_kind kind, bool is_plain)
{
	lex->state = IN_SQL;
	lex->text[lex->length] = '\0';
	emit_text(lex, kind, lex->text, is_plain && !lex->is_cut);
}

static void emit_symbol(struct dumplex *lex, char c)
{
	const char text[2] = { c, '\0' };

	lex->state = IN_SQL;
	emit_text(lex, TOKEN_SYMBOL, text, true);
}

static void complain(struct dumplex *lex, enum dumplex_problem problem)
{
	lex->text[lex->length] = '\0';
	if (!lex->is_stopped)
		lex->on_problem(lex->owner, problem, lex->text);
	lex->is_stopped = true;
}

static void sync_strings(struct dumplex *lex)
{
	if (lex->lines + 1 > lex->strings_line)
		lex->has_strings = lex->next_strings;
}

void dumplex_set_strings(struct dumplex *lex, bool is_standard)
{
	sync_strings(lex);
	lex->next_strings = is_standard;
	lex->strings_line = lex->lines + 1;
}

void dumplex_resume_line(struct dumplex *lex)
{
	lex->is_stopped = false;
	lex->is_line_start = true;
}

static void open_quotes(struct dumplex *lex, enum dumpquote_kind kind)
{
	lex->text[lex->length] = '\0';
	dumpquote_open(&lex->quote, kind, kind == QUOTE_DOLLAR ? lex->text : "");
	lex->state = IN_QUOTES;
}

static void open_literal(struct dumplex *lex)
{
	sync_strings(lex);
	open_quotes(lex, lex->has_strings ? QUOTE_PLAIN : QUOTE_NONSTANDARD);
}

/* A byte between tokens that is a token or begins one, but not a word or number. */
static void take_symbol(struct dumplex *lex, char c)
{
	begin_token(lex);
	switch (c) {
	case '\'':
		open_literal(lex);
		return;
	case '"':
		open_quotes(lex, QUOTE_NAME);
		return;
	case '-':
		lex->state = AFTER_DASH;
		return;
	case '/':
		lex->state = AFTER_SLASH;
		return;
	case ':':
		lex->state = AFTER_COLON;
		return;
	case '$':
		lex->state = AFTER_DOLLAR;
		return;
	case '\\':
		lex->state = IN_BACKSLASH;
		return;
	case '\r':
		complain(lex, LEX_CARRIAGE_RETURN);
		return;
	}
	if ((unsigned char)c < 0x20 || c == 0x7f)
		complain(lex, LEX_BAD_TOKEN); /* only some releases treat \v as a blank */
	else
		emit_symbol(lex, c);
}

static size_t step_sql(struct dumplex *lex, const char *p, size_t length)
{
	size_t i = 0;

	while (i < length && lex->state == IN_SQL && !lex->is_stopped) {
		char c = p[i];

		if (is_name_start(c) || is_digit(c)) {
			begin_token(lex);
			lex->number = NUMBER_DIGITS;
			lex->state = is_digit(c) ? IN_NUMBER : IN_WORD;
			break;
		}
		i++;
		if (c == '\n') {
			lex->lines++;
			lex->is_line_start = true;
		} else if (c == ' ' || c == '\t' || c == '\f') {
			lex->is_line_start = false;
		} else {
			take_symbol(lex, c);
		}
	}
	return i;
}

/* A word has ended before `next`. Does it introduce a literal to which that byte
 * belongs? */
static bool end_word(struct dumplex *lex, char next)
{
	char c = lex->length == 1 ? *lex->text : '\0';

	if (next == '\'' && c == 'n') {
		open_literal(lex);
		return true;
	}
	if (next == '\'' && (c == 'e' || c == 'b' || c == 'x')) {
		open_quotes(lex, c == 'e' ? QUOTE_ESCAPE : QUOTE_BITS);
		return true;
	}
	if (next == '&' && c == 'u') {
		lex->state = AFTER_U_AMP;
		return true;
	}
	if (!lex->lines && lex->is_token_first && lex->length >= 3 &&
	    !memcmp(lex->text, "\xef\xbb\xbf", 3))
		complain(lex, LEX_BYTE_ORDER_MARK); /* psql skips it in some cases */
	else
		emit(lex, TOKEN_WORD, true);
	return false;
}

static size_t step_word(struct dumplex *lex, const char *p, size_t length)
{
	size_t i = 0;

	while (i < length && (is_name_start(p[i]) || is_digit(p[i]) || p[i] == '$')) {
		if (lex->length < DUMP_TEXT_SIZE - 1)
			lex->text[lex->length++] = lower(p[i]);
		else
			lex->is_cut = true;
		i++;
	}
	return i < length && end_word(lex, p[i]) ? i + 1 : i;
}

static size_t step_u_amp(struct dumplex *lex, const char *p, size_t length)
{
	(void)length;
	if (*p != '\'' && *p != '"') {
		complain(lex, LEX_BAD_TOKEN); /* psql does not treat this u as a word */
		return 0;
	}
	open_quotes(lex, *p == '"' ? QUOTE_UNICODE_NAME : QUOTE_UNICODE);
	return 1;
}

/*
 * The part of a number that this byte belongs to, -1 if it ends the number. Releases up
 * to 14, 15 and 16 read numbers that run into words differently: false for those.
 */
static bool next_number(enum number part, char c, int *next)
{
	*next = (int)part;
	switch (part) {
	case NUMBER_E:
		*next = c == '+' || c == '-' ? NUMBER_SIGN : NUMBER_EXPONENT;
		return is_digit(c) || *next == NUMBER_SIGN;
	case NUMBER_SIGN:
		*next = NUMBER_EXPONENT;
		return is_digit(c);
	case NUMBER_DIGITS:
		if (c == '.')
			return true;
		if (c == 'e' || c == 'E') {
			*next = NUMBER_E;
			return true;
		}
		break;
	case NUMBER_EXPONENT:
	case NUMBER_PARAMETER:
		break;
	}
	if (is_digit(c))
		return true;
	*next = -1;
	return !is_name_start(c);
}

static size_t step_number(struct dumplex *lex, const char *p, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		int next;

		if (!next_number((enum number)lex->number, p[i], &next)) {
			complain(lex, LEX_BAD_TOKEN);
			return i;
		}
		if (next < 0) {
			emit_symbol(lex, '0');
			return i;
		}
		lex->number = next;
	}
	return length;
}

static size_t step_dash(struct dumplex *lex, const char *p, size_t length)
{
	(void)length;
	if (*p == '-') {
		lex->state = IN_COMMENT;
		return 1;
	}
	emit_symbol(lex, '-');
	return 0;
}

static size_t step_slash(struct dumplex *lex, const char *p, size_t length)
{
	(void)length;
	if (*p == '*') {
		emit(lex, TOKEN_BLOCK, false);
		lex->state = IN_BLOCK;
		lex->comment_depth = 1;
		lex->comment_last = '\0';
		return 1;
	}
	emit_symbol(lex, '/');
	return 0;
}

static size_t step_colon(struct dumplex *lex, const char *p, size_t length)
{
	(void)length;
	if (is_name_start(*p) || is_digit(*p)) {
		lex->state = IN_VARIABLE;
		return 0;
	}
	if (*p == '{') {
		complain(lex, LEX_BAD_TOKEN); /* :{?name} */
		return 0;
	}
	emit_symbol(lex, ':');
	lex->is_after_colon = *p == '"' || *p == '\'';
	return *p == ':' || *p == '=' ? 1 : 0;
}

/* psql sets these variables itself. All others are unset during a restore, and are not
 * replaced. */
static bool is_psql_variable(const char *name)
{
	/* clang-format off */
	static const char *const names[] = {
		"AUTOCOMMIT", "COMP_KEYWORD_CASE", "DBNAME", "ECHO", "ECHO_HIDDEN",
		"ENCODING", "ERROR", "FETCH_COUNT", "HIDE_TABLEAM",
		"HIDE_TOAST_COMPRESSION", "HISTCONTROL", "HISTFILE", "HISTSIZE",
		"HOST", "IGNOREEOF", "LASTOID", "LAST_ERROR_MESSAGE",
		"LAST_ERROR_SQLSTATE", "ON_ERROR_ROLLBACK", "ON_ERROR_STOP",
		"PIPELINE_COMMAND_COUNT", "PIPELINE_RESULT_COUNT",
		"PIPELINE_SYNC_COUNT", "PORT", "PROMPT1", "PROMPT2", "PROMPT3",
		"QUIET", "ROW_COUNT", "SERVER_VERSION_NAME", "SERVER_VERSION_NUM",
		"SERVICE", "SERVICEFILE", "SHELL_ERROR", "SHELL_EXIT_CODE",
		"SHOW_ALL_RESULTS", "SHOW_CONTEXT", "SINGLELINE", "SINGLESTEP",
		"SQLSTATE", "USER", "VERBOSITY", "VERSION", "VERSION_NAME",
		"VERSION_NUM", "WATCH_INTERVAL",
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

static size_t step_variable(struct dumplex *lex, const char *p, size_t length)
{
	size_t i = 0;

	while (i < length && (is_name_start(p[i]) || is_digit(p[i])))
		i++;
	keep(lex, p, i);
	if (i == length)
		return i;
	lex->text[lex->length] = '\0';
	if (is_psql_variable(lex->text))
		complain(lex, LEX_VARIABLE);
	else
		emit_symbol(lex, ':');
	return i;
}

static size_t step_dollar(struct dumplex *lex, const char *p, size_t length)
{
	size_t i = 0;

	if (!lex->length && is_digit(*p)) {
		lex->number = NUMBER_PARAMETER;
		lex->state = IN_NUMBER;
		return 0;
	}
	while (i < length && (is_name_start(p[i]) || is_digit(p[i])))
		i++;
	keep(lex, p, i);
	if (i == length)
		return i;
	if (p[i] == '$') {
		if (lex->is_cut)
			complain(lex, LEX_BAD_TOKEN); /* real tags are much shorter */
		else
			open_quotes(lex, QUOTE_DOLLAR);
		return i + 1;
	}
	emit_symbol(lex, '$'); /* what follows is a word of its own */
	for (uint32_t k = 0; k < lex->length; k++)
		lex->text[k] = lower(lex->text[k]);
	lex->state = lex->length ? IN_WORD : IN_SQL;
	return i;
}

static size_t step_quotes(struct dumplex *lex, const char *p, size_t length)
{
	struct dumpquote *q = &lex->quote;
	uint64_t newlines = q->newlines;
	size_t used = dumpquote_feed(q, p, length);
	bool is_name = q->kind == QUOTE_NAME || q->kind == QUOTE_UNICODE_NAME;

	lex->lines += q->newlines - newlines;
	if (q->is_ambiguous && !lex->ambiguous_line)
		lex->ambiguous_line = lex->token_line;
	if (!q->is_closed)
		return used;
	lex->state = IN_SQL;
	if (lex->is_after_colon && is_psql_variable(q->text)) {
		keep(lex, q->text, strlen(q->text));
		complain(lex, LEX_VARIABLE);
	}
	lex->is_after_colon = false;
	emit_text(lex, is_name ? TOKEN_QUOTED : TOKEN_LITERAL, q->text,
		  dumpquote_is_plain(q));
	return used;
}

static size_t step_comment(struct dumplex *lex, const char *p, size_t length)
{
	const char *newline = memchr(p, '\n', length);
	size_t used = newline ? (size_t)(newline - p) : length;

	if (memchr(p, '\r', used)) {
		complain(lex, LEX_CARRIAGE_RETURN); /* for psql, it ends the comment */
		return used;
	}
	keep(lex, p, used);
	if (!newline)
		return used;
	emit(lex, TOKEN_COMMENT, true);
	lex->lines++;
	lex->is_line_start = true;
	return used + 1;
}

static size_t step_block(struct dumplex *lex, const char *p, size_t length)
{
	size_t i = 0;

	while (i < length && lex->comment_depth) {
		char c = p[i++];

		if (c == '\n')
			lex->lines++;
		if (c == '*' && lex->comment_last == '/') {
			lex->comment_depth++;
			c = '\0';
		} else if (c == '/' && lex->comment_last == '*') {
			lex->comment_depth--;
			c = '\0';
		}
		lex->comment_last = c;
	}
	if (!lex->comment_depth)
		lex->state = IN_SQL;
	return i;
}

static size_t step_backslash(struct dumplex *lex, const char *p, size_t length)
{
	const char *newline = memchr(p, '\n', length);
	size_t used = newline ? (size_t)(newline - p) : length;

	keep(lex, p, used);
	if (!newline)
		return used;
	emit(lex, TOKEN_BACKSLASH, true);
	lex->lines++;
	lex->is_line_start = true;
	return used + 1;
}

/* Each takes some of the bytes, of which there is at least one, or changes the state. */
static size_t (*const steps[])(struct dumplex *lex, const char *p, size_t length) = {
	[IN_SQL] = step_sql,
	[IN_WORD] = step_word,
	[IN_NUMBER] = step_number,
	[AFTER_DASH] = step_dash,
	[AFTER_SLASH] = step_slash,
	[AFTER_COLON] = step_colon,
	[AFTER_DOLLAR] = step_dollar,
	[AFTER_U_AMP] = step_u_amp,
	[IN_VARIABLE] = step_variable,
	[IN_QUOTES] = step_quotes,
	[IN_COMMENT] = step_comment,
	[IN_BLOCK] = step_block,
	[IN_BACKSLASH] = step_backslash,
};

size_t dumplex_feed(struct dumplex *lex, const char *data, size_t length)
{
	size_t used = 0;

	while (used < length && !lex->is_stopped)
		used += steps[lex->state](lex, data + used, length - used);
	return used;
}

enum dumplex_kind dumplex_inside(const struct dumplex *lex)
{
	if (lex->state == IN_QUOTES)
		return TOKEN_LITERAL;
	return lex->state == IN_BLOCK ? TOKEN_BLOCK : TOKEN_SYMBOL;
}
