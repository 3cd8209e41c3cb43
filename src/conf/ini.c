/* SPDX-License-Identifier: PostgreSQL */
#include "conf/ini.h"

#include <stddef.h>
#include <string.h>

#include "base/str.h"

#define BLANKS " \t\r\v\f"

/* Remove the blanks around the text. */
static char *trim(char *text)
{
	size_t length;

	text += strspn(text, BLANKS);
	for (length = strlen(text); length && strchr(BLANKS, text[length - 1]);)
		text[--length] = '\0';
	return text;
}

static char *next_line(struct ini *ini)
{
	char *line = ini->next;
	size_t length = strcspn(line, "\n");

	ini->next += length + (line[length] == '\n');
	line[length] = '\0';
	ini->line++;
	return line + strspn(line, BLANKS);
}

/* The first of `signs` in a line before its comment; NULL if there is none. */
static char *find_sign(char *line, const char *signs)
{
	for (char *p = line; *p && !(*p == ';' && strchr(BLANKS, p[-1])); p++)
		if (strchr(signs, *p))
			return p;
	return NULL;
}

enum ini_found ini_next(struct ini *ini)
{
	while (*ini->next) {
		char *line = next_line(ini), *end;

		if (!*line || strchr(";#", *line))
			continue;
		end = find_sign(line, *line == '[' ? "]" : "=:");
		if (!end)
			return INI_BAD;
		*end = '\0';
		if (*line == '[') {
			ini->section = trim(line + 1);
			continue;
		}
		ini->key = trim(line);
		ini->rest = end + 1;
		return INI_KEY;
	}
	return INI_END;
}

/* Where the quotation that begins at `start` ends, with only blanks or a comment after
 * it. */
static char *find_quote_end(char *start)
{
	for (char *end = start + 1; (end = strchr(end, *start)); end++) {
		size_t blanks = strspn(end + 1, BLANKS);

		if (!end[1 + blanks] || (blanks && strchr(";#", end[1 + blanks])))
			return end;
	}
	return NULL;
}

static bool is_quoted(const struct ini *ini)
{
	char first = ini->rest[strspn(ini->rest, BLANKS)];

	return first == '"' || first == '\'';
}

/* Remove the comment, and the blanks around the rest. */
static char *strip(char *line)
{
	char *end = line;

	while (*end && !(*end == ';' && end > line && strchr(BLANKS, end[-1])))
		end++;
	*end = '\0';
	return trim(line);
}

char *ini_take_value(struct ini *ini)
{
	char *start = ini->rest + strspn(ini->rest, BLANKS), *end;

	if (!is_quoted(ini))
		return strip(ini->rest);
	end = find_quote_end(start);
	if (end)
		*end = '\0';
	return end ? start + 1 : NULL;
}

/* Does the next line continue the text, rather than begin a key or a section? */
static bool goes_on(const struct ini *ini)
{
	return *ini->next && strchr(BLANKS ";#\n", *ini->next);
}

char *ini_take_text(struct ini *ini, bool has_words)
{
	bool is_one_line = !has_words && is_quoted(ini);
	const char *value = has_words ? strip(ini->rest) : ini_take_value(ini);
	struct strbuf out = { 0 };

	if (!value)
		return NULL;
	strbuf_add_str(&out, value);
	while (!is_one_line && goes_on(ini)) {
		char *line = next_line(ini);

		strbuf_add_char(&out, '\n');
		if (!strchr(";#", *line))
			strbuf_add_str(&out, strip(line));
	}
	while (out.length && out.buf[out.length - 1] == '\n')
		out.buf[--out.length] = '\0';
	return strbuf_detach(&out);
}
