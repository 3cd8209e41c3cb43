/* SPDX-License-Identifier: PostgreSQL */
#include "task/restore/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/auto.h"
#include "base/str.h"
#include "catalog/rights.h"
#include "task/restore/hint.h"

/*
 * Each account's commit waits for nothing; a commit of ours follows before it is called
 * done. The rest is against what a database or a role may have been set to.
 */
#define CHILD_OPTIONS                                                      \
	"-c synchronous_commit=off -c search_path=pg_catalog"              \
	" -c client_min_messages=warning"                                  \
	" -c statement_timeout=0 -c idle_in_transaction_session_timeout=0" \
	" -c default_transaction_read_only=off"                            \
	" -c default_transaction_isolation=read\\ committed"

/* The system lets no argument be longer than 128 KiB. */
enum { MOST_ARGUMENT_BYTES = 100000 };

/* ---- load: one psql, one transaction ---- */

static char *random_key(void)
{
	unsigned char bytes[16];
	struct strbuf key = { 0 };

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		abort(); /* never on Linux once it has booted */
	for (size_t i = 0; i < sizeof(bytes); i++)
		strbuf_add_format(&key, "%02x", bytes[i]);
	return strbuf_detach(&key);
}

/* What stands between dumps is read with them; what stands before the first and after the
 * last is an argument, so that psql counts the lines of a lone dump as its reader does.
 */
static void add_command(struct restore_unit *u, bool is_argument, const char *command)
{
	AUTO_FREE char *line = NULL;

	if (is_argument) {
		strvec_push_format(&u->restore->argv, "--command=%s", command);
		return;
	}
	line = str_format("%s%s\n", command, *command == '\\' ? "" : ";");
	feed_add_text(u->feed, line);
}

/* A dump has no backslash command, we have checked. Should psql see it otherwise, it
 * refuses; and so it does behind a dump that was not read to its \unrestrict. */
static void add_dump(struct restore_unit *u, size_t index)
{
	const struct restore_account *a = u->accounts[index];
	bool is_first = index == 0, is_last = index == u->count - 1;
	bool is_guarded =
		restore_is_psql_new(u->node->psql) && !a->dump.facts.is_restricted;
	AUTO_FREE char *end =
		catalog_restore_end(a->plan, a->dump.facts.tables, a->dump.version);
	AUTO_FREE char *key = random_key();
	AUTO_FREE char *restrict_line = str_format("\\restrict %s", key);
	AUTO_FREE char *unrestrict_line = str_format("\\unrestrict %s", key);
	AUTO_STRVEC struct strvec rights = { 0 };

	if (!is_first) /* nothing that the last one set */
		add_command(u, false, "RESET ALL");
	if (is_guarded)
		add_command(u, is_first, restrict_line);
	if (is_first)
		strvec_push(&u->restore->argv, "--file=-");
	feed_add_dump(u->feed, a->plan->name, &a->dump);
	if (a->dump.facts.is_restricted)
		add_command(u, is_last, "\\set METAMODEL_END 1");
	else if (is_guarded && !is_last)
		add_command(u, false, unrestrict_line);
	catalog_rights_add(a->plan, a->dump.facts.rights, a->dump.facts.has_session,
			   &rights);
	for (size_t k = 0; k < rights.count; k++)
		add_command(u, is_last, rights.v[k]);
	add_command(u, is_last, end);
}

static void build_argv(struct restore_unit *u)
{
	struct restore *r = u->restore;
	const struct childenv *childenv = &u->node->childenv;
	AUTO_FREE const struct catalog_plan **plans = xcalloc(u->count, sizeof(*plans));
	AUTO_FREE char *begin = NULL;
	AUTO_FREE char *outside = NULL;

	for (size_t i = 0; i < u->count; i++)
		plans[i] = u->accounts[i]->plan;
	begin = catalog_restore_begin(plans, u->count, r->opts.conf->cascade,
				      r->opts.conf->lock_wait_s * 1000);
	strvec_release(&r->argv);
	strvec_push(&r->argv, u->node->psql->path);
	strvec_push(&r->argv, "--no-psqlrc");
	strvec_push(&r->argv, "--no-password");
	strvec_push(&r->argv, "--quiet");
	strvec_push(&r->argv, r->opts.conf->rehearse ? "--command=BEGIN" /* no COMMIT */
						     : "--single-transaction");
	strvec_push(&r->argv, "--set=ON_ERROR_STOP=1");
	strvec_push(&r->argv, "--set=VERBOSITY=verbose"); /* with SQLSTATE */
	if (childenv->dbname)
		strvec_push_format(&r->argv, "--dbname=%s", childenv->dbname);
	add_command(u, strlen(begin) < MOST_ARGUMENT_BYTES, begin);
	for (size_t i = 0; i < u->count; i++)
		add_dump(u, i);
	outside = catalog_restore_outside((const struct catalog_plan *const *)plans,
					  u->count);
	if (strlen(outside) <
	    MOST_ARGUMENT_BYTES) /* thousands tied together: not looked at */
		add_command(u, true, outside);
	add_command(u, true, "RESET ALL"); /* a pooler gives it to strangers next */
	if (!r->opts.conf->rehearse)
		return;
	strvec_push(&r->argv, "--command=SET CONSTRAINTS ALL IMMEDIATE"); /* as COMMIT */
	strvec_push(&r->argv, "--command=ROLLBACK");
}

static struct restore_unit *unit_of(struct work_item *item)
{
	return (struct restore_unit *)((char *)item -
				       offsetof(struct restore_unit, item));
}

static struct work_item *unit_item(void *owner, size_t index)
{
	struct restore *r = owner;

	return &r->units[index].item;
}

static void announce(const struct restore_unit *u)
{
	const struct restore *r = u->restore;
	bool is_trial = restore_changes_nothing(r);

	for (size_t i = 0; i < u->count; i++) {
		const struct catalog_plan *plan = u->accounts[i]->plan;
		AUTO_FREE char *file = savedir_file_name(&r->save, plan->name);

		if (!plan->has_schema)
			log_info(r->opts.log,
				 is_trial ? "Would add account %s"
					  : "Adding account %s...",
				 plan->name);
		log_info(r->opts.log, "%s metamodel for account %s from %s/%s...",
			 is_trial ? "Rehearsing the import of" : "Importing", plan->name,
			 r->opts.conf->directory, file);
	}
}

static void on_fed(void *owner);

static bool prepare(void *owner, struct work_item *item, struct child_opts *child,
		    struct error *err)
{
	struct restore *r = owner;
	struct restore_unit *u = unit_of(item);
	const struct restore_feed_opts feed = { .loop = r->opts.loop,
						.save = &r->save,
						.server_major = u->node->server_major,
						.done = on_fed,
						.owner = u };

	if (restore_node_is_lost(u->node)) {
		*err = u->node->farm_node->error;
		return false;
	}
	u->feed = feed_new(&feed, child, err);
	if (!u->feed)
		return false;
	if (item->attempts == 1)
		announce(u);
	build_argv(u);
	run_log_command(&r->opts, &r->argv);
	child->argv = strvec_argv(&r->argv);
	child->env = strvec_argv(&u->node->childenv.env);
	child->timeout_ms = r->opts.conf->timeout_s * 1000 * u->count;
	return true;
}

static void on_started(void *owner, struct work_item *item)
{
	struct restore_unit *u = unit_of(item);

	(void)owner;
	u->running = 2;
	feed_start(u->feed);
}

void restore_count_unit(struct restore_unit *u)
{
	struct restore *r = u->restore;

	r->finished += u->count;
	r->opts.progress(r->opts.owner, r->finished, r->account_count);
}

static void hint_load(const struct restore_unit *u, struct error *err)
{
	const char *state = u->count > 1 ? "all of these accounts are as they were before"
					 : "the account is as it was before";
	AUTO_FREE char *hint = NULL;

	if (u->is_circular)
		error_hint(err,
			   "the dumps of these accounts need each other, in a circle");
	else
		restore_hint(err, u->count > 1, u->has_global);
	hint = xstrdup(err->hint);
	error_hint(err, "%s%s%s", state, *hint ? "; " : "", hint);
}

void restore_load_failed(struct restore_unit *u, const struct error *err)
{
	struct restore *r = u->restore;
	struct error hinted = *err;

	if (r->is_trial)
		restore_hint_trial(&hinted);
	else if (!hinted.hint[0])
		hint_load(u, &hinted);
	for (size_t i = 0; i < u->count; i++) {
		u->accounts[i]->progress = ACCOUNT_AS_BEFORE;
		if (!r->machine.is_cancelled)
			restore_account_failed(
				u->accounts[i], r->is_trial ? "load" : "restore",
				restore_node_is_lost(u->node) ? &u->node->farm_node->error
							      : &hinted);
	}
	restore_count_unit(u);
}

static void on_failed(void *owner, struct work_item *item, const struct error *err)
{
	struct restore_unit *u = unit_of(item);

	(void)owner;
	feed_free(u->feed); /* if psql could not start */
	u->feed = NULL;
	restore_load_failed(u, err);
}

/* Where in the server's source a message comes from: "LOCATION:  FUNCTION, FILE.c:LINE",
 * the first word in any language. */
static bool is_location(const char *line)
{
	int length = 0;

	(void)sscanf(line, "%*[^:]:  %*[A-Za-z0-9_], %*[A-Za-z0-9_].%*[cly]:%*u%n",
		     &length);
	return length > 0 && !line[length];
}

/* The words of psql that are of use to people. Caller frees. */
static char *without_locations(const char *words)
{
	struct strbuf out = { 0 };

	while (*words) {
		size_t length = strcspn(words, "\n");
		AUTO_FREE char *line = xstrndup(words, length);

		if (!is_location(line))
			strbuf_add_format(&out, "%s%s", out.length ? "\n" : "", line);
		words += length + (words[length] == '\n');
	}
	return strbuf_detach(&out);
}

/* Both psql and its feed have ended. */
static void conclude(struct restore_unit *u)
{
	struct error unfed;

	u->is_fed = feed_is_complete(u->feed, &unfed);
	feed_free(u->feed);
	u->feed = NULL;
	if (unfed.kind != ERROR_NONE)
		u->outcome = unfed; /* and psql was ended */
	restore_settle(u);
}

/* A feed that failed holds psql up, lest it takes the end of it for the dump's. */
static void on_fed(void *owner)
{
	struct restore_unit *u = owner;
	struct error unfed;

	if (--u->running == 0)
		conclude(u);
	else if (!feed_is_complete(u->feed, &unfed) && unfed.kind != ERROR_NONE)
		worklist_stop(&u->item);
}

static void on_loaded(void *owner, struct work_item *item,
		      const struct child_result *result)
{
	struct restore *r = owner;
	struct restore_unit *u = unit_of(item);
	struct child_result own = *result;
	AUTO_FREE char *said = without_locations(result->messages);
	AUTO_FREE char *words = NULL;

	free(u->transaction);
	u->transaction = catalog_take_transaction(said, &words);
	own.messages = words;
	for (size_t i = 0; i < u->count; i++) /* its share */
		u->accounts[i]->elapsed_ms = result->elapsed_ms / u->count;
	u->outcome = (struct error){ 0 };
	if (child_succeeded(&own, "psql", &u->outcome))
		run_log_messages(&r->opts, u->accounts[0]->plan->name, "restore", words);
	if (--u->running == 0)
		conclude(u);
	else
		feed_stop(u->feed);
}

static void on_all_loaded(void *owner)
{
	struct restore *r = owner;

	worklist_free(r->worklist);
	r->worklist = NULL;
	machine_move(&r->machine, r->machine.is_cancelled ? STEP_FAIL : STEP_NEXT);
}

/* Load what has _global in it, or all else. */
static enum step_result load(struct restore *r, bool has_global)
{
	size_t count = r->farm->node_count;
	AUTO_FREE struct work_group **groups = xcalloc(count + 1, sizeof(*groups));
	const struct worklist_opts opts = { .loop = r->opts.loop,
					    .jobs = run_choose_jobs(&r->opts, r->farm),
					    .groups = groups,
					    .group_count = count,
					    .count = r->unit_count,
					    .item = unit_item,
					    .prepare = prepare,
					    .started = on_started,
					    .finished = on_loaded,
					    .failed = on_failed,
					    .done = on_all_loaded,
					    .owner = r };

	for (size_t i = 0; i < count; i++)
		groups[i] = &r->nodes[i].group;
	for (size_t i = 0; i < r->unit_count; i++) {
		struct restore_unit *u = &r->units[i];
		bool is_held = u->accounts[0]->error || u->has_global != has_global;

		u->item =
			(struct work_item){ .group = &u->node->group,
					    .state = is_held ? WORK_ENDED : WORK_QUEUED };
	}
	r->worklist = worklist_start(&opts);
	for (size_t i = 0; i < count; i++)
		if (restore_node_is_lost(&r->nodes[i]))
			worklist_close(r->worklist, groups[i],
				       &r->nodes[i].farm_node->error);
	return STEP_WAIT;
}

enum step_result restore_enter_global(void *owner)
{
	struct restore *r = owner;

	for (size_t i = 0; i < r->farm->node_count; i++) {
		struct restore_node *n = &r->nodes[i];

		if (!restore_node_is_lost(n) &&
		    !childenv_init(&n->childenv, session_conn(n->farm_node->session),
				   CHILD_OPTIONS, &r->error))
			return STEP_FAIL;
	}
	for (size_t i = 0; i < r->account_count; i++)
		r->finished += r->accounts[i].error != NULL;
	r->opts.progress(r->opts.owner, 0, r->account_count);
	return load(r, true);
}

enum step_result restore_enter_accounts(void *owner)
{
	struct restore *r = owner;

	return load(r, false);
}
