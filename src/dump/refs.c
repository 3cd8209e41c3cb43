/* SPDX-License-Identifier: PostgreSQL */
#include "dump/refs.h"

#include <string.h>

enum { AT_NOTHING, AT_SCHEMA, AT_DOT };

/* Take one name at the start of *text and move *text past it; NULL if there is none. */
static const char *take_name(const char **text, char *out)
{
	const char *p = *text;
	bool is_quoted = *p == '"';
	size_t length = 0;

	for (p += is_quoted; *p && length < DUMP_TEXT_SIZE - 1; p++) {
		if (is_quoted && *p == '"' && *++p != '"')
			break;
		if (!is_quoted && strchr(".\"' ()[]", *p))
			break;
		out[length++] = *p;
	}
	out[length] = '\0';
	*text = p;
	return length ? out : NULL;
}

bool dumprefs_split(const char *text, char *schema, char *name)
{
	return take_name(&text, schema) && *text++ == '.' && take_name(&text, name) &&
	       !*text;
}

static void take_literal(const char *text, dumprefs_fn found, void *owner)
{
	char schema[DUMP_TEXT_SIZE], name[DUMP_TEXT_SIZE];

	if (dumprefs_split(text, schema, name))
		found(owner, schema, name);
}

void dumprefs_token(struct dumprefs *refs, const struct dumplex_token *t,
		    dumprefs_fn found, void *owner)
{
	if (t->kind == TOKEN_LITERAL && t->is_plain)
		take_literal(t->text, found, owner);
	if (t->kind == TOKEN_SYMBOL && *t->text == '.' && refs->state == AT_SCHEMA) {
		refs->state = AT_DOT;
		return;
	}
	if ((t->kind != TOKEN_WORD && t->kind != TOKEN_QUOTED) || !t->is_plain) {
		refs->state = AT_NOTHING;
		return;
	}
	if (refs->state == AT_DOT)
		found(owner, refs->schema, t->text);
	refs->state = AT_SCHEMA;
	memcpy(refs->schema, t->text, strlen(t->text) + 1);
}
