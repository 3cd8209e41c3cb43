/* SPDX-License-Identifier: PostgreSQL */
#include "dump/body.h"

#include <string.h>

#include "base/compiler.h"

void dumpbody_begin(struct dumpbody *b)
{
	*b = (struct dumpbody){ .depth = 1 };
}

static bool is_word(const struct dumplex_token *t, const char *word)
{
	return t->kind == TOKEN_WORD && !strcmp(t->text, word);
}

/*
 * Is this the token after a CASE that is the name of a column, as in SELECT 1 CASE FROM
 * x? All these words are reserved: no expression begins with one.
 */
static bool ends_column(const struct dumplex_token *t)
{
	static const char *const words[] = {
		"end",    "except",    "fetch",     "for",   "from",   "group",
		"having", "into",      "intersect", "limit", "offset", "on",
		"order",  "returning", "union",     "where", "window", "with",
	};

	if (t->kind == TOKEN_SYMBOL)
		return strchr(",;)]", *t->text) != NULL;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (is_word(t, words[i]))
			return true;
	return false;
}

enum dumpbody_place dumpbody_token(struct dumpbody *b, const struct dumplex_token *t)
{
	bool is_after_case = b->is_after_case, is_after_label = b->is_after_label;
	bool is_case = is_word(t, "case"), is_end = is_word(t, "end");

	b->is_after_case = is_case;
	b->is_after_label =
		is_word(t, "as") || (t->kind == TOKEN_SYMBOL && *t->text == '.');
	if (is_word(t, "begin") || (is_after_label && (is_case || is_end)) ||
	    (is_after_case && ends_column(t)))
		return BODY_IS_UNCLEAR;
	if (is_case)
		b->depth++;
	else if (is_end && --b->depth == 0)
		return BODY_ENDS;
	return BODY_GOES_ON;
}
