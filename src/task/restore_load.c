/* SPDX-License-Identifier: PostgreSQL */
#include "task/restore_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/auto.h"
#include "base/str.h"
#include "model/model.h"

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

static void build_argv(struct restore_account *a)
{
	struct restore *r = a->restore;
	const struct pgtool *psql = &a->node->psql->tool;
	const struct childenv *childenv = &a->node->childenv;
	AUTO_FREE char *begin = model_restore_begin(a->plan, r->opts.conf->cascade,
						    r->opts.conf->lock_wait_s * 1000);
	AUTO_FREE char *end =
		model_restore_end(a->plan, a->dump.facts.tables, a->dump.version);
	AUTO_FREE char *key = random_key();

	strvec_release(&r->argv);
	strvec_push(&r->argv, psql->path);
	strvec_push(&r->argv, "--no-psqlrc");
	strvec_push(&r->argv, "--no-password");
	strvec_push(&r->argv, "--quiet");
	strvec_push(&r->argv, "--single-transaction");
	strvec_push(&r->argv, "--set=ON_ERROR_STOP=1");
	strvec_push(&r->argv, "--set=VERBOSITY=verbose"); /* with SQLSTATE */
	if (childenv->dbname)
		strvec_push_format(&r->argv, "--dbname=%s", childenv->dbname);
	strvec_push_format(&r->argv, "--command=%s", begin);
	/* a dump has no backslash command, we have checked; should psql see it otherwise,
	 * it refuses */
	if (restore_is_psql_new(psql) && !a->dump.facts.is_restricted)
		strvec_push_format(&r->argv, "--command=\\restrict %s", key);
	strvec_push(&r->argv, "--file=-");
	/* refused, unless the dump was read to its \unrestrict */
	if (a->dump.facts.is_restricted)
		strvec_push(&r->argv, "--command=\\set METAMODEL_END 1");
	strvec_push_format(&r->argv, "--command=%s", end);
}

static struct restore_account *account_of(struct work_item *item)
{
	return (struct restore_account *)((char *)item -
					  offsetof(struct restore_account, item));
}

static struct work_item *account_item(void *owner, size_t index)
{
	struct restore *r = owner;

	return &r->accounts[index].item;
}

static bool prepare(void *owner, struct work_item *item, struct child_opts *child,
		    struct error *err)
{
	struct restore *r = owner;
	struct restore_account *a = account_of(item);
	AUTO_FREE char *file = savedir_file_name(&r->save, a->plan->name);

	if (restore_node_is_lost(a->node)) {
		*err = a->node->farm_node->error;
		return false;
	}
	if (!stored_dump_reopen(&r->save, a->plan->name, &a->dump, err))
		return false;
	if (item->attempts == 1) {
		if (!a->plan->has_schema)
			log_info(r->opts.log, "Adding account %s...", a->plan->name);
		log_info(r->opts.log, "Importing metamodel for account %s from %s/%s...",
			 a->plan->name, r->opts.conf->directory, file);
	}
	build_argv(a);
	run_log_command(&r->opts, &r->argv);
	child->argv = strvec_argv(&r->argv);
	child->env = strvec_argv(&a->node->childenv.env);
	child->stdin_fd = a->dump.fd;
	child->timeout_ms = r->opts.conf->timeout_s * 1000;
	return true;
}

void restore_count_account(struct restore *r)
{
	r->opts.progress(r->opts.owner, ++r->finished, r->account_count);
}

void restore_load_failed(struct restore_account *a, const struct error *err)
{
	struct restore *r = a->restore;
	struct error hinted = *err;

	a->progress = ACCOUNT_AS_BEFORE;
	if (!r->is_cancelled) {
		if (!hinted.hint[0])
			error_hint(&hinted, "the account is as it was before");
		restore_account_failed(a, "restore",
				       restore_node_is_lost(a->node)
					       ? &a->node->farm_node->error
					       : &hinted);
	}
	restore_count_account(r);
}

static void on_failed(void *owner, struct work_item *item, const struct error *err)
{
	(void)owner;
	restore_load_failed(account_of(item), err);
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

static void on_loaded(void *owner, struct work_item *item,
		      const struct child_result *result)
{
	struct restore *r = owner;
	struct restore_account *a = account_of(item);
	struct child_result own = *result;
	AUTO_FREE char *said = without_locations(result->messages);
	AUTO_FREE char *words = NULL;
	struct error err;

	free(a->transaction);
	a->transaction = model_take_transaction(said, &words);
	own.messages = words;
	a->elapsed_ms = result->elapsed_ms;
	a->is_dump_changed = !stored_dump_is_same(&a->dump);
	stored_dump_close(&a->dump);
	if (child_succeeded(&own, "psql", &err)) {
		restore_set_problem(a, NULL);
		run_log_messages(&r->opts, a->plan->name, "restore", words);
	} else {
		if (a->is_dump_changed)
			error_prefix(&err, "the dump was changed while it was loaded");
		restore_set_problem(a, &err);
	}
	restore_settle(a);
}

static void on_all_loaded(void *owner)
{
	struct restore *r = owner;

	worklist_free(r->worklist);
	r->worklist = NULL;
	restore_advance(r, r->is_cancelled ? STEP_FAIL : STEP_NEXT);
}

static bool is_global(const struct restore_account *a)
{
	return !strcmp(a->place->name, MODEL_GLOBAL);
}

/* Load _global, or all others. */
static enum step_result load(struct restore *r, bool has_global)
{
	size_t count = r->farm->node_count;
	AUTO_FREE struct work_group **groups = xcalloc(count + 1, sizeof(*groups));
	const struct worklist_opts opts = { .loop = r->opts.loop,
					    .jobs = run_choose_jobs(&r->opts, r->farm),
					    .groups = groups,
					    .group_count = count,
					    .count = r->account_count,
					    .item = account_item,
					    .prepare = prepare,
					    .finished = on_loaded,
					    .failed = on_failed,
					    .done = on_all_loaded,
					    .owner = r };

	for (size_t i = 0; i < count; i++)
		groups[i] = &r->nodes[i].group;
	for (size_t i = 0; i < r->account_count; i++) {
		struct restore_account *a = &r->accounts[i];
		bool is_held = a->error || is_global(a) != has_global;

		a->item =
			(struct work_item){ .group = a->node ? &a->node->group : NULL,
					    .state = is_held ? WORK_ENDED : WORK_QUEUED };
	}
	r->worklist = worklist_start(&opts);
	for (size_t i = 0; i < count; i++)
		if (restore_node_is_lost(&r->nodes[i]))
			worklist_close(r->worklist, groups[i],
				       &r->nodes[i].farm_node->error);
	return STEP_WAIT;
}

enum step_result restore_enter_global(struct restore *r)
{
	for (size_t i = 0; i < r->farm->node_count; i++) {
		struct restore_node *n = &r->nodes[i];

		if (!restore_node_is_lost(n) &&
		    !childenv_init(&n->childenv, node_conn(n->farm_node->node),
				   CHILD_OPTIONS, &r->error))
			return STEP_FAIL;
	}
	for (size_t i = 0; i < r->account_count; i++)
		r->finished += r->accounts[i].error != NULL;
	r->opts.progress(r->opts.owner, 0, r->account_count);
	return load(r, true);
}

enum step_result restore_enter_accounts(struct restore *r)
{
	return load(r, false);
}
