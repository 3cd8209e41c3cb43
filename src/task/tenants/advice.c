/* SPDX-License-Identifier: PostgreSQL */
/*
 * A command is not one transaction: a tenant whose command failed may have some of its
 * steps. Most are best upgraded again, when the cause is mended. Who cannot wait for that
 * puts them back, which loses what was written since the save.
 */
#include "task/tenants/advice.h"

#include "base/auto.h"
#include "base/str.h"
#include "task/way_back.h"

/* Is there anything to be run again? What was refused by its plan will be refused again. */
static bool is_again(const struct tenant *tenant)
{
	return tenant->error && tenant->has_run;
}

/* Some of its steps may be new. */
static bool is_half_done(const struct tenant *tenant)
{
	return tenant->error && (tenant->is_changed || tenant->is_in_doubt);
}

static void list(const struct tenants *tenants, bool (*is)(const struct tenant *tenant),
		 struct strvec *out)
{
	for (size_t i = 0; i < tenants->count; i++)
		if (is(&tenants->list[i]))
			strvec_push(out, tenants->list[i].place->name);
}

/* Few by their names; otherwise as it was asked for. */
static void advise_again(const struct tenants *tenants, const struct strvec *names,
			 struct strbuf *out)
{
	const struct run_opts *opts = tenants->opts;

	strbuf_add_str(out, "fix the cause and upgrade again what failed: ");
	run_add_command(opts, "upgrade", out);
	if (names->count > WAY_BACK_MOST_NAMES || tenants_has_global_failed(tenants)) {
		strbuf_add_str(out, opts->conf->all ? " --all" : "");
		return;
	}
	strbuf_add_str(out, " --");
	for (size_t i = 0; i < names->count; i++) {
		strbuf_add_char(out, ' ');
		strbuf_add_shell_word(out, names->v[i]);
	}
}

/* In commands of as many names as a line can hold. */
static void advise_back(const struct tenants *tenants, const struct strvec *names,
			struct strbuf *out)
{
	for (size_t i = 0; i < names->count; i += WAY_BACK_MOST_NAMES) {
		AUTO_STRVEC struct strvec some = { 0 };

		for (size_t k = i; k < names->count && k < i + WAY_BACK_MOST_NAMES; k++)
			strvec_push(&some, names->v[k]);
		(void)way_back_add(tenants->opts, tenants->farm, &some,
				   "or restore those that failed and were changed", out);
	}
}

char *tenants_advise(const struct tenants *tenants)
{
	AUTO_STRVEC struct strvec again = { 0 };
	AUTO_STRVEC struct strvec half_done = { 0 };
	struct strbuf out = { 0 };

	list(tenants, is_again, &again);
	list(tenants, is_half_done, &half_done);
	if (!again.count || tenants->opts->conf->dry_run)
		return NULL;
	advise_again(tenants, &again, &out);
	advise_back(tenants, &half_done, &out);
	return strbuf_detach(&out);
}
