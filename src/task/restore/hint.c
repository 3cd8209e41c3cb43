/* SPDX-License-Identifier: PostgreSQL */
/* The server says what is missing, but not why: no save holds it, or its name cannot be
 * found with an empty search_path. The hints say that. */
#include "task/restore/hint.h"

#include <stdbool.h>
#include <string.h>

#include "base/auto.h"
#include "base/compiler.h"
#include "base/str.h"
#include "pg/pgconn.h"
#include "product/product.h"

enum { STATE_LENGTH = 5 };

/* The first match counts. `text`: what the message must also contain; NULL: nothing. */
static const struct {
	const char *state;
	const char *text;
	const char *hint;
} hints[] = {
	{ "42883", NULL,
	  "the metamodel uses it, and no save holds it: provide it first" },
	{ "42P01", NULL,
	  "the metamodel uses it, and no save holds it: provide it first" },
	{ "42704", "configuration parameter",
	  "the dump was made by a pg_dump newer than this server: restore it into a "
	  "newer server, or save with the server's own pg_dump" },
	{ "42704", "role \"",
	  "no save holds roles: create it first, with CREATE ROLE, or rename it back" },
	{ "42704", NULL,
	  "the metamodel uses it, and no save holds it: provide it first" },
	{ "3F000", NULL,
	  "the metamodel uses it, and no save holds it: provide it first" },
	{ "53200", NULL,
	  "the server has too few lock slots: raise its max_locks_per_transaction, which "
	  "requires a restart, or restore fewer accounts at once, with -j 1" },
	{ "53100", NULL, "free space on the server's disk, then restore again" },
	{ "42501", NULL,
	  "restore as the role that owns the named object, or as a member of that role" },
	{ "23503", NULL,
	  "its rows refer to rows that do not exist: restore the account that has them, "
	  "such as " PRODUCT_GLOBAL ", before or together with it" },
	{ "23514", NULL,
	  "a CHECK that reads other tables may not hold while rows are loaded, table by "
	  "table: make it a trigger" },
};

/* The SQLSTATE in "ERROR: 42883: function ..." of the first message that is more than a
 * warning; NULL if there is none. */
static const char *find_state(const char *text)
{
	while ((text = strstr(text, ":  "))) {
		text += 3;
		if (strspn(text, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") ==
			    STATE_LENGTH &&
		    !strncmp(text + STATE_LENGTH, ": ", 2) &&
		    !str_has_prefix(text, "00") && !str_has_prefix(text, "01") &&
		    !str_has_prefix(text, "02"))
			return text;
	}
	return NULL;
}

static bool is_state(const char *at, const char *state)
{
	return !strncmp(at, state, STATE_LENGTH);
}

/* "norm(text)" from "function norm(text) does not exist", "" if it has a schema.
 * Ownership: the caller frees. */
static char *bare_name(const char *message)
{
	size_t length = strcspn(message, "\n");
	AUTO_FREE char *line = xstrndup(message, length);
	char *begin = strchr(line, ' '), *end = strstr(line, " does not exist");

	if (!begin || !end || begin >= end)
		return xstrdup("");
	begin++;
	*end = '\0';
	return begin[strcspn(begin, ".(")] == '.' ? xstrdup("") : xstrdup(begin);
}

/* The function whose body failed: "acme.key(text)", "" if the message does not say.
 * Ownership: the caller frees. */
static char *caller_of(const char *message)
{
	static const char *const ends[] = { " line ", " during ", " statement ", "\n" };
	const char *line = strchr(message, '\n');
	const char *name = line ? strstr(line, "CONTEXT:") : NULL;
	size_t length;

	name = name ? strstr(name, "function ") : NULL;
	if (!name)
		return xstrdup("");
	name += strlen("function ");
	length = strlen(name);
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		const char *end = strstr(name, ends[i]);

		if (end && (size_t)(end - name) < length)
			length = (size_t)(end - name);
	}
	return xstrndup(name, length);
}

/* pg_dump empties the search_path, so a name without a schema in a function's body is not
 * found. */
static bool hint_search_path(struct error *err, const char *message)
{
	AUTO_FREE char *name = bare_name(message);
	AUTO_FREE char *caller = caller_of(message);

	if (!*name || !*caller)
		return false;
	error_hint(
		err,
		"%s is named without its schema in the function %s, and dumps are loaded "
		"with an empty search_path: set one for that function (ALTER FUNCTION "
		"... "
		"SET search_path), or qualify the name; then restore again",
		name, caller);
	return true;
}

static void hint_locks(struct error *err, bool has_global)
{
	error_hint(err,
		   "these accounts depend on each other and share one transaction: raise "
		   "the server's max_locks_per_transaction, which requires a restart%s",
		   has_global
			   ? ", or name the accounts to restore without " PRODUCT_GLOBAL
			     ", which then remains unchanged"
			   : "");
}

void restore_hint(struct error *err, bool is_unit, bool has_global)
{
	const char *state = find_state(err->text), *message;

	if (!state) {
		if (pg_pooler_hint(err->text))
			error_hint(err, "%s", pg_pooler_hint(err->text));
		return;
	}
	message = state + STATE_LENGTH + 2;
	if (is_unit && is_state(state, "53200")) {
		hint_locks(err, has_global);
		return;
	}
	if ((is_state(state, "42883") || is_state(state, "42P01") ||
	     is_state(state, "42704")) &&
	    hint_search_path(err, message))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(hints); i++)
		if (is_state(state, hints[i].state) &&
		    (!hints[i].text || strstr(message, hints[i].text))) {
			error_hint(err, "%s", hints[i].hint);
			return;
		}
}

void restore_hint_trial(struct error *err)
{
	/* undefined_function, _object, _table, _column, _parameter,
	 * invalid_schema_name */
	static const char *const missing[] = { ":  42883: ", ":  42704: ", ":  42P01: ",
					       ":  42703: ", ":  42P02: ", ":  3F000: " };

	if (strstr(err->text, ":  53100: ")) {
		error_hint(err, "free space on the server's disk, or load elsewhere");
		return;
	}
	if (strstr(err->text, ":  42501: ")) {
		error_hint(err, "the role that restores needs that privilege: load as "
				"the role that would restore");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(missing); i++) {
		if (!strstr(err->text, missing[i]))
			continue;
		error_hint(err,
			   "it needs something that no save holds, or names it without "
			   "its schema: a restore fails where that does not exist. Name "
			   "a database that has it with --load-template");
		return;
	}
	if (!err->hint[0])
		error_hint(err, "restoring it would fail in the same way");
}
