/* SPDX-License-Identifier: PostgreSQL */
/*
 * An upgrade relies only on an account's version. Status says more: whether the version
 * is known, how many steps the account lacks, and whether its tables are those of its
 * version.
 */
#include "task/status/states.h"

#include <stdlib.h>

#include "base/str.h"
#include "catalog/grants.h"

/* The number of differences shown per account. */
enum { DIFFERENCES = 5 };

static char *format_version_state(const struct migrations *all,
				  const struct catalog_state *state)
{
	size_t after = migrations_first_after(all, state->version);
	size_t behind = all->count - after;

	if (behind)
		return str_format("%zu behind", behind);
	return xstrdup(state->number > all->steps[after - 1].number ? "newer"
								    : "current");
}

/* The versions after the account's, one per line; NULL if there are none. Ownership: the
 * caller frees. */
static char *format_behind(const struct migrations *all,
			   const struct catalog_state *state)
{
	size_t after = migrations_first_after(all, state->version);
	struct strbuf lines = { 0 };

	for (size_t i = after; i < all->count; i++)
		strbuf_add_format(&lines, "%s%s", i > after ? "\n" : "",
				  all->steps[i].version);
	return lines.length ? strbuf_detach(&lines) : NULL;
}

void states_describe(const struct catalog_state *state, const struct migrations *all,
		     const struct session *session, struct report_account *out)
{
	struct error err = { .kind = ERROR_NONE };

	if (!state->has_schema) {
		out->state = xstrdup("missing");
		return;
	}
	switch (state->kind) {
	case CATALOG_NO_VERSION:
		out->state = xstrdup("unversioned");
		break;
	case CATALOG_VERSION:
		out->version = xstrdup(state->version);
		out->state = format_version_state(all, state);
		out->behind = format_behind(all, state);
		break;
	case CATALOG_BROKEN:
	case CATALOG_UNREADABLE:
		out->problem = xstrdup(state->problem);
		out->state = xstrdup("broken");
		if (state->is_forbidden) {
			grants_hint_version(session, state->name, &err);
			out->hint = xstrdup(err.hint);
		}
		break;
	}
}

void states_note_drift(struct report_account *out, const struct strvec *differences)
{
	struct strbuf lines = { 0 };

	for (size_t i = 0; i < differences->count && i < DIFFERENCES; i++)
		strbuf_add_format(&lines, "%s%s", i ? "\n" : "", differences->v[i]);
	if (differences->count > DIFFERENCES)
		strbuf_add_format(&lines, "\nand %zu more",
				  differences->count - DIFFERENCES);
	free(out->state);
	out->state = xstrdup("drifted");
	free(out->differences);
	out->differences = strbuf_detach(&lines);
}
