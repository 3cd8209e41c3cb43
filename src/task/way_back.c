/* SPDX-License-Identifier: PostgreSQL */
/*
 * A restore loses what was written since the save. So it is mentioned only together with
 * the time of the save, and only if the save was made from this database.
 */
#include "task/way_back.h"

#include <string.h>

#include "base/auto.h"
#include "store/savedir.h"
#include "task/origin.h"

/* Which of the accounts the save contains. */
struct kept {
	struct strbuf names; /* as shell words, each with a blank before it */
	size_t count;
	const char *first, *last; /* the oldest and the newest time of their dumps */
};

static void list_kept(const struct manifest *save, const struct strvec *names,
		      struct kept *out)
{
	for (size_t i = 0; i < names->count; i++) {
		const struct manifest_entry *e = manifest_find(save, names->v[i]);

		if (!e)
			continue;
		if (!out->count || strcmp(e->saved_at, out->first) < 0)
			out->first = e->saved_at;
		if (!out->count || strcmp(e->saved_at, out->last) > 0)
			out->last = e->saved_at;
		out->count++;
		strbuf_add_char(&out->names, ' ');
		strbuf_add_shell_word(&out->names, names->v[i]);
	}
}

static bool add(const struct run_opts *opts, const struct manifest *save,
		const struct strvec *names, const char *why, struct strbuf *out)
{
	struct kept kept = { 0 };
	bool is_found;

	list_kept(save, names, &kept);
	is_found = kept.count && kept.count <= WAY_BACK_MOST_NAMES;
	if (is_found) {
		bool is_one_time = !strcmp(kept.first, kept.last);

		strbuf_add_format(out,
				  "%s%s as they were saved at %s%s%s, which loses what "
				  "was written since: ",
				  out->length ? "\n" : "", why, kept.first,
				  is_one_time ? "" : " to ",
				  is_one_time ? "" : kept.last);
		run_add_command(opts, "restore", out);
		strbuf_add_format(out, " --%s", kept.names.buf);
	}
	strbuf_release(&kept.names);
	return is_found;
}

bool way_back_add(const struct run_opts *opts, const struct farm *farm,
		  const struct strvec *names, const char *why, struct strbuf *out)
{
	struct savedir save;
	struct origin origin;
	struct error ignored;
	bool is_added = false;

	if (!savedir_open(opts->conf->directory, &save, &ignored))
		return false;
	origin_compare(&save.manifest, farm, &origin);
	if (origin.verdict == ORIGIN_SAME)
		is_added = add(opts, &save.manifest, names, why, out);
	savedir_release(&save);
	return is_added;
}
