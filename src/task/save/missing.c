/* SPDX-License-Identifier: PostgreSQL */
/*
 * pg_dump silently leaves out members of extensions. The check has counted what each dump
 * creates; only if something is missing, a query says what, and to which extension it
 * belongs.
 */
#include "task/save/missing.h"

#include <stdlib.h>

#include "base/auto.h"
#include "base/str.h"
#include "task/save/account.h"

struct missing {
	struct save_missing_opts opts;
	/* For the present account; they are listed one after the other. */
	struct save_account *account;
	struct strbuf names;
	char *extension, *remedy;
};

static void set_error(const struct missing *missing, struct error *err)
{
	const struct strbuf *names = &missing->names;

	if (names->length && missing->extension) {
		error_set(err, ERROR_DATA,
			  "its dump lacks %s: pg_dump omits members of an extension (%s)",
			  names->buf, missing->extension);
		error_hint(err, "%s; then save again", missing->remedy);
	} else {
		error_set(err, ERROR_DATA, "its dump lacks %s, which the catalogue has",
			  names->length ? names->buf : "a relation");
		error_hint(err, "see what pg_dump says about it with --verbose");
	}
}

static void end_account(struct missing *missing)
{
	struct error err;

	if (missing->account) {
		set_error(missing, &err);
		missing->opts.found(missing->account, &err);
	}
	missing->account = NULL;
	strbuf_reset(&missing->names);
	free(missing->extension);
	free(missing->remedy);
	missing->extension = missing->remedy = NULL;
}

static bool is_wanted(const struct save_account *account, const struct save_node *node)
{
	return account->node == node && account->state == ACCOUNT_DUMPED &&
	       account->facts.lacks_relations;
}

static void on_member(void *owner, const struct catalog_member *member)
{
	struct missing *missing = owner;
	const struct save_node *node = missing->opts.node;
	struct save_account *account = save_account_find(node->save, member->account);
	AUTO_FREE char *raw_name = catalog_decode_hex(member->raw_name_hex);

	if (!account || !is_wanted(account, node))
		return;
	if (account != missing->account)
		end_account(missing);
	missing->account = account;
	if (strvec_has(&account->facts.created, raw_name))
		return;
	strbuf_add_format(&missing->names, "%s%s", missing->names.length ? ", " : "",
			  member->name);
	if (missing->extension || !member->extension)
		return;
	missing->extension = xstrdup(member->extension);
	missing->remedy = xstrdup(member->remedy);
}

static void on_listed(void *owner, const struct error *err)
{
	struct missing *missing = owner;

	if (!err)
		end_account(missing);
	missing->opts.done(missing->opts.node, err);
	strbuf_release(&missing->names);
	free(missing->extension);
	free(missing->remedy);
	free(missing);
}

bool save_missing_name(const struct save_missing_opts *opts)
{
	const struct save_accounts *accounts = &opts->node->save->accounts;
	AUTO_STRVEC struct strvec names = { 0 };
	struct missing *missing;

	for (size_t i = 0; i < accounts->count; i++)
		if (is_wanted(&accounts->list[i], opts->node))
			strvec_push(&names, accounts->list[i].place->name);
	if (!names.count)
		return false;
	missing = xcalloc(1, sizeof(*missing));
	missing->opts = *opts;
	catalog_list_members(opts->node->farm_node->session, &names,
			     opts->node->save->opts.conf->product.is_whole, on_member,
			     on_listed, missing);
	return true;
}
