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

/* Questions about a transaction that goes on; between two of them the server pauses. */
enum { LOCK_RETRIES = 3, MOST_QUESTIONS = 100, PATIENCE_MS = 1000 };

static void settle(struct restore *r);

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
	strvec_push(&r->argv, "--set=VERBOSITY=verbose"); /* with SQLSTATE */
	if (r->childenv.dbname)
		strvec_push_format(&r->argv, "--dbname=%s", r->childenv.dbname);
	strvec_push_format(&r->argv, "--command=%s", begin);
	/* a dump has no backslash command, we have checked; should psql see it otherwise,
	 * it refuses */
	if (restore_is_psql_new(&r->psql) && !a->dump.facts.is_restricted)
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

/* Nothing of it was committed. */
static void load_failed(struct restore_account *a, const struct error *err)
{
	struct restore *r = a->restore;
	struct error hinted = *err;

	a->progress = ACCOUNT_AS_BEFORE;
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

/* By SQLSTATE, which is the same in every language: lock_not_available,
 * deadlock_detected. */
static bool is_lock_trouble(const char *messages)
{
	return strstr(messages, ":  55P03: ") || strstr(messages, ":  40P01: ");
}

static bool retry(struct restore_account *a)
{
	const char *words = a->problem.text;

	if (is_lock_trouble(words) ? ++a->lock_retries > LOCK_RETRIES
				   : !pg_is_transient(words))
		return false;
	if (!worklist_retry(&a->item))
		return false;
	a->progress = ACCOUNT_AS_BEFORE;
	words += strcspn(words, "\n"); /* how psql ended; its own words are below */
	words += *words == '\n';
	log_warning(a->restore->opts.log, "[%s restore] to be tried again: %.*s",
		    a->plan->name, (int)strcspn(words, "\n"), words);
	return true;
}

static void on_rolled_back(struct restore_account *a)
{
	if (a->problem.kind == ERROR_NONE)
		error_set(&a->problem, ERROR_CHILD,
			  "psql exited with status 0, but committed nothing");
	else if (retry(a))
		return;
	load_failed(a, &a->problem);
	worklist_end(&a->item);
}

static void on_committed(struct restore_account *a)
{
	struct restore *r = a->restore;
	struct error err;

	if (a->is_dump_changed) {
		error_set(&err, ERROR_DATA,
			  "the dump was changed while it was loaded, and the account is "
			  "as that says");
		error_hint(&err, "restore it again");
		restore_account_failed(a, "restore", &err);
	} else {
		a->progress = ACCOUNT_RESTORED;
		if (a->problem.kind != ERROR_NONE)
			log_warning(r->opts.log, "[%s restore] after its COMMIT %.*s",
				    a->plan->name, (int)strcspn(a->problem.text, "\n"),
				    a->problem.text);
	}
	r->opts.progress(r->opts.owner, ++r->finished, r->account_count);
	worklist_end(&a->item);
}

/* The server did not say what became of it. */
static void on_unknown(struct restore_account *a)
{
	struct restore *r = a->restore;
	const char *why =
		r->is_node_lost ? r->node_error.text : "its session does not end";
	struct error err;

	if (a->problem.kind == ERROR_NONE)
		error_set(&err, ERROR_SERVER,
			  "it was restored, but whether that is on the server's disk is "
			  "not known: %s",
			  why);
	else
		error_set(&err, ERROR_SERVER, "whether it was restored is not known: %s",
			  why);
	error_hint(&err, "see the server's log; when it is back, restore it again");
	restore_account_failed(a, "restore", &err);
	r->opts.progress(r->opts.owner, ++r->finished, r->account_count);
	worklist_end(&a->item);
}

/* ---- settle: what became of it, in the server's words ---- */

static void on_settled(void *owner, const enum model_outcome *outcomes,
		       const struct error *err)
{
	struct restore *r = owner;
	struct restore_account *next = r->asked;

	r->asked = NULL;
	if (r->patience)
		timer_cancel(r->patience);
	r->patience = NULL;
	if (err && !r->is_node_lost)
		restore_node_lost(r, err);
	for (size_t i = 0; next; i++) {
		struct restore_account *a = next;
		enum model_outcome outcome = err ? MODEL_UNKNOWN : outcomes[i];

		next = a->next;
		if (outcome == MODEL_COMMITTED) {
			on_committed(a);
		} else if (outcome == MODEL_ROLLED_BACK) {
			on_rolled_back(a);
		} else if (outcome == MODEL_RUNNING && a->questions < MOST_QUESTIONS) {
			a->next = r->ended;
			r->ended = a;
		} else {
			on_unknown(a);
		}
	}
	settle(r);
}

/* Somebody wants us to end, and the server does not answer. */
static void on_patience_over(void *owner)
{
	struct restore *r = owner;
	struct node *node = r->node;

	r->patience = NULL;
	r->is_node_lost = true;
	error_set(&r->node_error, ERROR_SIGNAL,
		  "stopped by signal %d before the server said so", r->signal_number);
	r->node = NULL;
	node_free(node); /* ends the query, whose callback goes on */
}

void restore_hurry(struct restore *r)
{
	if (r->asked && !r->patience)
		r->patience = timer_start(r->opts.loop, PATIENCE_MS, on_patience_over, r);
}

/*
 * How psql ended is only a rumour: ask the server what became of the transactions whose
 * psql has ended, all at once. While it answers, more of them gather.
 */
static void settle(struct restore *r)
{
	AUTO_STRVEC struct strvec transactions = { 0 };

	if (r->asked || !r->ended)
		return;
	r->asked = r->ended;
	r->ended = NULL;
	if (r->is_node_lost) {
		struct error gone = r->node_error;

		on_settled(r, NULL, &gone);
		return;
	}
	for (struct restore_account *a = r->asked; a; a = a->next) {
		a->questions++;
		strvec_push(&transactions, a->transaction);
	}
	model_settle(r->node, &transactions, on_settled, r);
	if (r->is_cancelled)
		restore_hurry(r);
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

	free(a->transaction);
	a->transaction = model_take_transaction(said, &words);
	own.messages = words;
	a->elapsed_ms = result->elapsed_ms;
	a->is_dump_changed = !stored_dump_is_same(&a->dump);
	stored_dump_close(&a->dump);
	if (child_succeeded(&own, "psql", &a->problem)) {
		a->problem.kind = ERROR_NONE;
		run_log_messages(&r->opts, a->plan->name, "restore", words);
	} else if (a->is_dump_changed) {
		error_prefix(&a->problem, "the dump was changed while it was loaded");
	}
	if (!a->transaction) { /* it has sent nothing before it says which */
		on_rolled_back(a);
		return;
	}
	a->progress = ACCOUNT_IN_DOUBT;
	a->questions = 0;
	a->next = r->ended;
	r->ended = a;
	settle(r);
}

static void on_all_loaded(void *owner)
{
	struct restore *r = owner;

	worklist_free(r->worklist);
	r->worklist = NULL;
	restore_advance(r, r->is_cancelled ? STEP_FAIL : STEP_NEXT);
}

/* Load the accounts that are not held back. */
static enum step_result load(struct restore *r, bool is_global)
{
	struct work_group *const groups[] = { &r->group };
	const struct worklist_opts opts = { .loop = r->opts.loop,
					    .jobs = r->jobs,
					    .groups = groups,
					    .group_count = 1,
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

		a->item = (struct work_item){ .group = &r->group,
					      .state = a->error || is_first != is_global
							       ? WORK_ENDED
							       : WORK_QUEUED };
		r->finished += is_global && a->error;
	}
	r->group.jobs = r->jobs;
	r->worklist = worklist_start(&opts);
	if (r->is_node_lost)
		worklist_close(r->worklist, &r->group, &r->node_error);
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
