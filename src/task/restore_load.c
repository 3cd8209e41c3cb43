/* SPDX-License-Identifier: PostgreSQL */
#include "task/restore_internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/auto.h"
#include "base/str.h"
#include "model/model.h"

/*
 * Each account's commit waits for nothing; a flush of ours follows before it is called
 * done. The rest is against what a database or a role may have been set to.
 */
#define CHILD_OPTIONS                                                      \
	"-c synchronous_commit=off -c search_path=pg_catalog"              \
	" -c statement_timeout=0 -c idle_in_transaction_session_timeout=0" \
	" -c default_transaction_read_only=off"                            \
	" -c default_transaction_isolation=read\\ committed"

enum { LOCK_RETRIES = 3 };

static void start_flush(struct restore *r);

/* ---- load: one psql, one transaction ---- */

static void on_flushed(void *owner, const struct pg_result *result,
		       const struct error *err)
{
	struct restore *r = owner;

	(void)result;
	r->is_flushing = false;
	for (size_t i = 0; i < r->account_count; i++) {
		struct restore_account *a = &r->accounts[i];

		if (a->is_in_flush && !err)
			a->progress = ACCOUNT_RESTORED;
		a->is_in_flush = false;
	}
	if (err) {
		if (!r->is_node_lost && !r->is_cancelled)
			restore_node_lost(r, err);
		if (r->state == RESTORE_FLUSH)
			restore_advance(r, STEP_NEXT);
	} else if (r->state == RESTORE_FLUSH) {
		start_flush(r);
	}
}

/*
 * Make what was committed so far durable. While one flush is under way the next one
 * waits: it will do for all that came meanwhile. In the last state it goes on when
 * nothing is left.
 */
static void start_flush(struct restore *r)
{
	bool is_needed = false;

	if (r->is_flushing)
		return;
	for (size_t i = 0; i < r->account_count; i++) {
		struct restore_account *a = &r->accounts[i];

		a->is_in_flush = a->progress == ACCOUNT_COMMITTED;
		is_needed |= a->is_in_flush;
	}
	if (is_needed && !r->is_node_lost) {
		r->is_flushing = true;
		pgconn_query(node_conn(r->node), model_flush_sql, NULL, 0, on_flushed, r);
	} else if (r->state == RESTORE_FLUSH) {
		restore_advance(r, STEP_NEXT);
	}
}

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
	AUTO_FREE char *begin = model_restore_begin(a->plan, r->opts.conf->cascade,
						    r->opts.conf->lock_wait_s * 1000);
	AUTO_FREE char *end =
		model_restore_end(a->plan, a->dump.facts.tables, a->dump.version);
	AUTO_FREE char *key = random_key();

	strvec_release(&r->argv);
	strvec_push(&r->argv, r->psql.path);
	strvec_push(&r->argv, "--no-psqlrc");
	strvec_push(&r->argv, "--no-password");
	strvec_push(&r->argv, "--quiet");
	strvec_push(&r->argv, "--single-transaction");
	strvec_push(&r->argv, "--set=ON_ERROR_STOP=1");
	if (r->childenv.dbname)
		strvec_push_format(&r->argv, "--dbname=%s", r->childenv.dbname);
	strvec_push_format(&r->argv, "--command=%s", begin);
	/* a dump has no backslash command, we have checked; should psql see it otherwise,
	 * it refuses */
	if (restore_is_psql_new(&r->psql) && !a->dump.facts.is_restricted)
		strvec_push_format(&r->argv, "--command=\\restrict %s", key);
	strvec_push(&r->argv, "--file=-");
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
	child->env = strvec_argv(&r->childenv.env);
	child->stdin_fd = a->dump.fd;
	child->timeout_ms = r->opts.conf->timeout_s * 1000;
	return true;
}

static void load_failed(struct restore_account *a, const struct error *err)
{
	struct restore *r = a->restore;
	struct error hinted = *err;

	if (!r->is_cancelled) {
		if (!hinted.hint[0])
			error_hint(&hinted, "the account is as it was before");
		restore_account_failed(a, "restore",
				       r->is_node_lost ? &r->node_error : &hinted);
	}
	r->opts.progress(r->opts.owner, ++r->finished, r->account_count);
}

static void on_failed(void *owner, struct work_item *item, const struct error *err)
{
	(void)owner;
	load_failed(account_of(item), err);
}

static bool is_lock_trouble(const char *messages)
{
	return strstr(messages, "lock timeout") || strstr(messages, "deadlock detected");
}

static bool retry(struct restore_account *a, const struct child_result *result)
{
	bool is_lock = is_lock_trouble(result->messages);

	if (is_lock ? ++a->lock_retries > LOCK_RETRIES
		    : !pg_is_transient(result->messages))
		return false;
	if (!worklist_retry(&a->item))
		return false;
	log_warning(a->restore->opts.log, "[%s restore] to be tried again: %s",
		    a->plan->name, result->messages);
	return true;
}

static void on_loaded(void *owner, struct work_item *item,
		      const struct child_result *result)
{
	struct restore *r = owner;
	struct restore_account *a = account_of(item);
	struct error err;

	stored_dump_close(&a->dump);
	a->elapsed_ms = result->elapsed_ms;
	if (child_succeeded(result, "psql", &err)) {
		run_log_messages(&r->opts, a->plan->name, "restore", result->messages);
		a->progress = ACCOUNT_COMMITTED;
		r->opts.progress(r->opts.owner, ++r->finished, r->account_count);
		start_flush(r);
	} else if (retry(a, result)) {
		return;
	} else {
		load_failed(a, &err);
	}
	worklist_end(item);
}

static void on_all_loaded(void *owner)
{
	struct restore *r = owner;

	worklist_free(r->worklist);
	r->worklist = NULL;
	if (r->is_cancelled)
		r->state = RESTORE_ACCOUNTS; /* what was committed is made durable all the
						same */
	restore_advance(r, STEP_NEXT);
}

/* Load the accounts that are not held back. */
static enum step_result load(struct restore *r, bool is_global)
{
	const struct worklist_opts opts = { .loop = r->opts.loop,
					    .jobs = r->jobs,
					    .count = r->account_count,
					    .item = account_item,
					    .prepare = prepare,
					    .finished = on_loaded,
					    .failed = on_failed,
					    .done = on_all_loaded,
					    .owner = r };

	for (size_t i = 0; i < r->account_count; i++) {
		struct restore_account *a = &r->accounts[i];
		bool is_first = !strcmp(a->plan->name, MODEL_GLOBAL);
		bool is_over = a->error || a->progress != ACCOUNT_AS_BEFORE;

		a->item = (struct work_item){ .state = is_over || is_first != is_global
							       ? WORK_ENDED
							       : WORK_QUEUED };
		r->finished += is_global && a->error;
	}
	r->worklist = worklist_start(&opts);
	if (r->is_node_lost)
		worklist_close(r->worklist, &r->node_error);
	return STEP_WAIT;
}

enum step_result restore_enter_global(struct restore *r)
{
	if (!childenv_init(&r->childenv, node_conn(r->node), CHILD_OPTIONS, &r->error))
		return STEP_FAIL;
	r->opts.progress(r->opts.owner, 0, r->account_count);
	return load(r, true);
}

enum step_result restore_enter_accounts(struct restore *r)
{
	return load(r, false);
}

enum step_result restore_enter_flush(struct restore *r)
{
	if (r->is_flushing)
		return STEP_WAIT;
	for (size_t i = 0; i < r->account_count && !r->is_node_lost; i++) {
		if (r->accounts[i].progress == ACCOUNT_COMMITTED) {
			start_flush(r);
			return STEP_WAIT;
		}
	}
	return STEP_NEXT;
}
