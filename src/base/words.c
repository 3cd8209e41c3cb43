/* SPDX-License-Identifier: PostgreSQL */
#include "base/words.h"

#include <string.h>

#define BLANKS " \t\r\n\v\f"

/* Where the word ends whose quote is at `start`; NULL if it is not closed. */
static const char *find_quote(const char *start)
{
	for (const char *end = start + 1; (end = strchr(end, *start)); end++)
		if (!end[1] || strchr(BLANKS, end[1]))
			return end;
	return NULL;
}

bool words_split(const char *text, struct strvec *out)
{
	for (text += strspn(text, BLANKS); *text; text += strspn(text, BLANKS)) {
		bool is_quoted = *text == '"' || *text == '\'';
		const char *end =
			is_quoted ? find_quote(text) : text + strcspn(text, BLANKS);

		if (!end)
			return false;
		text += is_quoted;
		strvec_push_format(out, "%.*s", (int)(end - text), text);
		text = end + is_quoted;
	}
	return true;
}
