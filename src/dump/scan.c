/* SPDX-License-Identifier: PostgreSQL */
#include "dump/scan.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

enum state {
	STATE_SQL,
	STATE_COPY_LINE, /* after "FROM stdin;" */
	STATE_COPY_DATA,
	STATE_DONE, /* there is a problem: the rest is only counted */
};

uint64_t dumpscan_line(const struct dumpscan *s)
{
	return s->lex.lines + 1;
}

bool dumpscan_is_in_rows(const struct dumpscan *s)
{
	return s->state == STATE_COPY_DATA;
}

bool dumpscan_is_in_statement(const struct dumpscan *s)
{
	return s->state == STATE_SQL && s->sql.count;
}

static void fail_at(struct dumpscan *s, enum dumpscan_problem problem, uint64_t line)
{
	if (s->state == STATE_DONE)
		return; /* the first one counts */
	s->state = STATE_DONE;
	s->lex.is_stopped = true;
	s->result.problem = problem;
	s->result.problem_line = line;
}

/* The same, with the text it is about, made printable and cut between two characters. */
static void fail_with(struct dumpscan *s, enum dumpscan_problem problem, uint64_t line,
		      const char *prefix, const char *text)
{
	char *to = s->result.excerpt;
	size_t length;
	bool is_utf8;

	if (s->state == STATE_DONE)
		return;
	fail_at(s, problem, line);
	snprintf(to, sizeof(s->result.excerpt), "%s%s", prefix, text);
	length = strlen(to);
	while (length > 0 && !str_is_utf8(to, length) && (to[length - 1] & 0x80))
		length--;
	to[length] = '\0';
	is_utf8 = str_is_utf8(to, length);
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)to[i] < 0x20 || to[i] == 0x7f ||
		    ((to[i] & 0x80) && !is_utf8))
			to[i] = '?';
}

/* Something that counts begins at `line`. */
static void note_text(struct dumpscan *s, uint64_t line)
{
	if (s->is_unrestricted)
		fail_at(s, DUMPSCAN_TEXT_AFTER_CLOSING, line);
	if (s->is_closed)
		s->text_after_line = line;
	s->is_closed = false;
}

static void take_comment(struct dumpscan *s, const struct dumplex_token *t)
{
	if (t->is_line_start && !*t->text)
		return;
	note_text(s, t->line);
	s->is_closed = t->is_line_start &&
		       !strcmp(t->text, " PostgreSQL database dump complete");
}

/* The key in "restrict KEY", NULL if it is anything else. Only letters and digits are
 * allowed: psql would run a key in back quotes as a shell command. */
static const char *parse_key(const char *text, const char *command)
{
	if (!str_has_prefix(text, command))
		return NULL;
	text += strlen(command);
	for (const char *p = text; *p; p++)
		if (!((*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'z') ||
		      (*p >= 'A' && *p <= 'Z')))
			return NULL;
	return *text ? text : NULL;
}

static void take_backslash(struct dumpscan *s, const struct dumplex_token *t)
{
	bool is_bare = t->is_line_start && t->is_plain && !s->sql.count;
	const char *key = parse_key(t->text, "restrict ");

	if (is_bare && key && !*s->key && !s->has_statement) {
		memcpy(s->key, key, strlen(key) + 1);
		note_text(s, t->line);
		return;
	}
	key = parse_key(t->text, "unrestrict ");
	if (!is_bare || !key)
		fail_with(s, DUMPSCAN_BACKSLASH, t->line, "\\", t->text);
	else if (!*s->key || s->is_unrestricted)
		fail_at(s, DUMPSCAN_LONE_UNRESTRICT, t->line);
	else if (strcmp(key, s->key) != 0)
		fail_at(s, DUMPSCAN_OTHER_UNRESTRICT, t->line);
	else if (!s->is_closed)
		fail_with(s, DUMPSCAN_BACKSLASH, t->line, "\\", t->text);
	else
		s->is_unrestricted = true;
}

static void take_target(struct dumpscan *s)
{
	if (s->sql.target == SQL_TABLE)
		s->result.tables++;
	if (s->sql.target != SQL_NO_USE && s->hooks.on_target)
		s->hooks.on_target(s->hooks.owner, s->sql.target, s->sql.schema,
				   s->sql.name);
	s->sql.target = SQL_NO_USE;
}

static void take_right(struct dumpscan *s, enum dumpsql_right part, const char *text)
{
	s->is_right = part == RIGHT_GRANT || part == RIGHT_REVOKE ||
		      (s->is_right && part != RIGHT_END);
	if (part != RIGHT_NONE && s->hooks.on_right)
		s->hooks.on_right(s->hooks.owner, part, text);
	s->sql.right = RIGHT_NONE;
}

static void take_sql(struct dumpscan *s, const struct dumplex_token *t)
{
	static const enum dumpscan_problem problems[] = {
		[SQL_BAD_COPY] = DUMPSCAN_BAD_COPY,
		[SQL_BAD_NAME] = DUMPSCAN_BAD_NAME,
		[SQL_BAD_STATEMENT] = DUMPSCAN_BAD_STATEMENT,
		[SQL_BAD_SETTING] = DUMPSCAN_BAD_SETTING,
		[SQL_BAD_BODY] = DUMPSCAN_BAD_BODY,
	};
	enum dumpsql_effect effect;

	if (!s->sql.count)
		s->statement_line = t->line;
	s->has_statement = true;
	if (s->hooks.on_reference)
		dumprefs_token(&s->refs, t, s->hooks.on_reference, s->hooks.owner);
	if (s->hooks.on_need)
		dumpneeds_token(&s->needs, t, &s->sql);
	effect = dumpsql_token(&s->sql, t);
	take_right(s, s->sql.right, t->text);
	take_target(s);
	if (effect == SQL_ENDS && s->is_right)
		take_right(s, RIGHT_END, "");
	if (effect == SQL_ENDS) {
		dumplex_set_strings(&s->lex, s->sql.has_standard_strings);
	} else if (effect == SQL_ENDS_COPY) {
		s->state = STATE_COPY_LINE;
		s->lex.is_stopped = true;
	} else if (effect != SQL_GOES_ON) {
		/* The statement may be wrong only because the file ends in it. */
		fail_at(s, s->is_ending ? DUMPSCAN_CUT_IN_STATEMENT : problems[effect],
			s->is_ending ? s->statement_line : t->line);
	}
}

static void on_token(void *owner, const struct dumplex_token *t)
{
	struct dumpscan *s = owner;

	switch (t->kind) {
	case TOKEN_COMMENT:
		take_comment(s, t);
		return;
	case TOKEN_BACKSLASH:
		take_backslash(s, t);
		return;
	case TOKEN_BLOCK:
		note_text(s, t->line);
		return;
	case TOKEN_WORD:
	case TOKEN_QUOTED:
	case TOKEN_LITERAL:
	case TOKEN_SYMBOL:
		note_text(s, t->line);
		if (s->state == STATE_SQL)
			take_sql(s, t);
		return;
	}
}

static void on_problem(void *owner, enum dumplex_problem problem, const char *text)
{
	static const enum dumpscan_problem problems[] = {
		[LEX_BAD_TOKEN] = DUMPSCAN_BAD_TOKEN,
		[LEX_VARIABLE] = DUMPSCAN_VARIABLE,
		[LEX_CARRIAGE_RETURN] = DUMPSCAN_CARRIAGE_RETURN,
		[LEX_BYTE_ORDER_MARK] = DUMPSCAN_BYTE_ORDER_MARK,
	};
	struct dumpscan *s = owner;

	if (problem == LEX_VARIABLE)
		fail_with(s, problems[problem], dumpscan_line(s), ":", text);
	else
		fail_at(s, problems[problem], dumpscan_line(s));
}

void dumpscan_init(struct dumpscan *s, const struct dumpscan_hooks *hooks)
{
	*s = (struct dumpscan){ 0 };
	if (hooks)
		s->hooks = *hooks;
	s->needs.found = s->hooks.on_need;
	s->needs.owner = s->hooks.owner;
	dumplex_init(&s->lex, on_token, on_problem, s);
	dumpsql_init(&s->sql, s->hooks.watch_column, s->hooks.is_whole);
}

/* What stands between "FROM stdin;" and the data. */
static size_t feed_copy_line(struct dumpscan *s, char c)
{
	bool is_watched = s->sql.has_watched && s->hooks.watch_table &&
			  !strcmp(s->sql.name, s->hooks.watch_table);

	if (c != '\n') {
		fail_at(s, c == '\r' ? DUMPSCAN_CARRIAGE_RETURN : DUMPSCAN_BAD_COPY,
			dumpscan_line(s));
		return 0;
	}
	s->lex.lines++;
	s->state = STATE_COPY_DATA;
	dumprows_start(&s->rows, s->sql.watched, is_watched ? s->hooks.on_value : NULL,
		       s->hooks.owner);
	return 1;
}

static size_t feed_rows(struct dumpscan *s, const char *p, size_t length)
{
	uint64_t lines = s->rows.lines, rows = s->rows.rows;
	size_t used = dumprows_feed(&s->rows, p, length);

	s->lex.lines += s->rows.lines - lines;
	s->result.rows += s->rows.rows - rows;
	if (s->rows.has_cr) {
		fail_at(s, DUMPSCAN_CARRIAGE_RETURN, s->lex.lines);
	} else if (s->rows.is_done) {
		s->state = STATE_SQL;
		dumplex_resume_line(&s->lex);
	}
	return used;
}

static void feed_text(struct dumpscan *s, const char *p, size_t length)
{
	size_t used = 0;

	while (used < length && s->state != STATE_DONE) {
		if (s->state == STATE_COPY_DATA)
			used += feed_rows(s, p + used, length - used);
		else if (s->state == STATE_COPY_LINE)
			used += feed_copy_line(s, p[used]);
		else
			used += dumplex_feed(&s->lex, p + used, length - used);
	}
}

void dumpscan_feed(struct dumpscan *s, const char *data, size_t length)
{
	const char *nul;

	if (!length)
		return;
	s->result.bytes += length;
	s->has_newline = data[length - 1] == '\n';
	if (s->state == STATE_DONE)
		return;
	nul = memchr(data, '\0', length);
	feed_text(s, data, nul ? (size_t)(nul - data) : length);
	if (nul)
		fail_at(s, DUMPSCAN_NUL, dumpscan_line(s));
}

/* Nothing was wrong before the end of the file: is the end itself right? */
static void check_end(struct dumpscan *s)
{
	enum dumplex_kind inside = dumplex_inside(&s->lex);
	char table[2 * DUMP_TEXT_SIZE + 1];

	if (!s->result.bytes) {
		fail_at(s, DUMPSCAN_EMPTY, 1);
	} else if (s->state == STATE_COPY_DATA) {
		snprintf(table, sizeof(table), "%s%s%s", s->sql.schema,
			 *s->sql.schema ? "." : "", s->sql.name);
		fail_with(s, DUMPSCAN_CUT_IN_DATA, s->result.lines, "", table);
	} else if (inside == TOKEN_LITERAL) {
		fail_at(s, DUMPSCAN_CUT_IN_LITERAL, s->lex.token_line);
	} else if (inside == TOKEN_BLOCK) {
		fail_at(s, DUMPSCAN_CUT_IN_COMMENT, s->lex.token_line);
	} else if (s->sql.count) {
		fail_at(s, DUMPSCAN_CUT_IN_STATEMENT, s->statement_line);
	} else if (!s->is_closed && s->text_after_line) {
		fail_at(s, DUMPSCAN_TEXT_AFTER_CLOSING, s->text_after_line);
	} else if (!s->is_closed) {
		fail_at(s, DUMPSCAN_NO_CLOSING, s->result.lines);
	} else if (*s->key && !s->is_unrestricted) {
		fail_at(s, DUMPSCAN_NO_UNRESTRICT, s->result.lines);
	}
}

enum line_place { LINE_NONE, LINE_FIRST, LINE_LAST };

static const struct {
	enum line_place line;
	const char *text;
} descriptions[] = {
	/* clang-format off */
	[DUMPSCAN_EMPTY]              = { LINE_NONE,  "is empty" },
	[DUMPSCAN_CUT_IN_LITERAL]     = { LINE_LAST,  "truncated inside the literal or quoted "
						      "name that begins in" },
	[DUMPSCAN_CUT_IN_COMMENT]     = { LINE_LAST,  "truncated inside the comment that begins in" },
	[DUMPSCAN_CUT_IN_STATEMENT]   = { LINE_LAST,  "truncated inside the statement that begins in" },
	[DUMPSCAN_NO_CLOSING]         = { LINE_NONE,  "does not end with pg_dump's closing comment" },
	[DUMPSCAN_TEXT_AFTER_CLOSING] = { LINE_FIRST, "text after pg_dump's closing comment" },
	[DUMPSCAN_NO_UNRESTRICT]      = { LINE_NONE,  "does not end with the \\unrestrict that matches its \\restrict" },
	[DUMPSCAN_OTHER_UNRESTRICT]   = { LINE_FIRST, "\\unrestrict and \\restrict have different keys" },
	[DUMPSCAN_LONE_UNRESTRICT]    = { LINE_FIRST, "\\unrestrict without \\restrict" },
	[DUMPSCAN_BAD_COPY]           = { LINE_FIRST, "COPY in a form that pg_dump does not write" },
	[DUMPSCAN_BAD_NAME]           = { LINE_FIRST, "table whose name cannot be determined" },
	[DUMPSCAN_BAD_STATEMENT]      = { LINE_FIRST, "statement that does not occur in such dumps" },
	[DUMPSCAN_BAD_SETTING]        = { LINE_FIRST, "setting under which psql may read the file "
						      "differently" },
	[DUMPSCAN_BAD_BODY]           = { LINE_FIRST, "psql cannot find the end of this function: BEGIN, "
						      "CASE or END is a name in it" },
	[DUMPSCAN_BAD_TOKEN]          = { LINE_FIRST, "characters that pg_dump does not write" },
	[DUMPSCAN_CARRIAGE_RETURN]    = { LINE_FIRST, "CRLF line end or stray carriage return: "
						      "changed after pg_dump wrote it" },
	[DUMPSCAN_BYTE_ORDER_MARK]    = { LINE_NONE,  "begins with a byte order mark: changed after "
						      "pg_dump wrote it" },
	[DUMPSCAN_NUL]                = { LINE_FIRST, "NUL byte: damaged, or not a plain SQL dump" },
	/* clang-format on */
};

static bool describe(const struct dumpscan_result *r, struct error *err)
{
	const char *text = descriptions[r->problem].text;

	if (r->problem == DUMPSCAN_CUT_IN_DATA)
		return error_set(err, ERROR_DATA,
				 "truncated inside the data of table %s (line %" PRIu64
				 ")",
				 r->excerpt, r->problem_line);
	if (r->problem == DUMPSCAN_BACKSLASH)
		return error_set(err, ERROR_DATA,
				 "line %" PRIu64 ": backslash command %s outside of data",
				 r->problem_line, r->excerpt);
	if (r->problem == DUMPSCAN_VARIABLE)
		return error_set(err, ERROR_DATA,
				 "line %" PRIu64
				 ": psql would substitute its variable %s here",
				 r->problem_line, r->excerpt);
	switch (descriptions[r->problem].line) {
	case LINE_NONE:
		return error_set(err, ERROR_DATA, "%s", text);
	case LINE_FIRST:
		return error_set(err, ERROR_DATA, "line %" PRIu64 ": %s", r->problem_line,
				 text);
	case LINE_LAST:
		return error_set(err, ERROR_DATA, "%s line %" PRIu64, text,
				 r->problem_line);
	}
	return false;
}

bool dumpscan_finish(struct dumpscan *s, struct error *err)
{
	bool is_partial = s->result.bytes && !s->has_newline;

	/* The last line has no newline: psql adds one, except to data. */
	if (is_partial && s->state == STATE_COPY_DATA)
		s->lex.lines++;
	else if (is_partial && s->state != STATE_DONE) {
		s->is_ending = true;
		feed_text(s, "\n", 1);
	}
	s->result.lines = s->lex.lines;
	s->result.ambiguous_line = s->lex.ambiguous_line;
	check_end(s);
	return s->result.problem == DUMPSCAN_SOUND || describe(&s->result, err);
}
