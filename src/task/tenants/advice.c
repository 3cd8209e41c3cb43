/* SPDX-License-Identifier: PostgreSQL */
/*
 * A command is not one transaction: a tenant whose command failed may have some of its
 * steps. Most are best upgraded again after the cause is fixed. If that has to wait, they
 * can be restored, which loses what was written since the save.
 */
#include "task/tenants/advice.h"

#include "base/auto.h"
#include "base/str.h"
#include "task/way_back.h"

/* Should its command be run again? A tenant that its plan has refused would be refused
 * again. */
static bool is_again(const struct tenant *tenant)
{
	return tenant->error && tenant->has_run;
}

/* It may have got some of its steps, or a part of one. */
static bool is_half_done(const struct tenant *tenant)
{
	return tenant->error &&
	       (tenant->is_changed || tenant->is_touched || tenant->is_in_doubt);
}

static void list(const struct tenants *tenants, bool (*is)(const struct tenant *tenant),
		 struct strvec *out)
{
	for (size_t i = 0; i < tenants->count; i++)
		if (is(&tenants->list[i]))
			strvec_push(out, tenants->list[i].place->name);
}

/* Name the tenants if they are few; otherwise repeat the original command. */
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

/* Split them into commands with as many names as one line can hold. */
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
