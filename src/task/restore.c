/* SPDX-License-Identifier: PostgreSQL */
#include "task/restore.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "model/model.h"
#include "model/restore.h"
#include "pg/childenv.h"
#include "pg/pgtool.h"
#include "task/stored.h"
#include "task/worklist.h"
#include "tree/savedir.h"

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

enum restore_state {
	RESTORE_LOCK,
	RESTORE_CONNECT,
	RESTORE_TOOL,
	RESTORE_REGISTERED,
	RESTORE_PLAN,
	RESTORE_READ,
	RESTORE_ANNOUNCE,
	RESTORE_GLOBAL,
	RESTORE_ACCOUNTS,
	RESTORE_FLUSH,
	RESTORE_DONE,
	RESTORE_FAILED,
};

enum step_result { STEP_NEXT, STEP_FAIL, STEP_WAIT };

/* How far an account has come; each is final for a run that ends there. */
enum account_progress {
	ACCOUNT_AS_BEFORE,
	ACCOUNT_COMMITTED, /* but perhaps not on disk yet */
	ACCOUNT_RESTORED,
};

struct restore_account {
	struct restore *restore;
	struct work_item item;
	const struct model_plan *plan;
	struct stored_dump dump;
	struct error
		read_error; /* filled by a worker; ERROR_NONE when the dump is good */
	enum account_progress progress;
	bool is_in_flush; /* committed before the flush that is under way began */
	unsigned lock_retries;
	char *error; /* NULL: none */
	uint64_t elapsed_ms;
};

struct restore {
	struct run_opts opts;
	enum restore_state state;
	struct error error; /* of the whole run */
	bool is_cancelled;
	int signal_number;

	struct layout layout;
	int lock_fd;
	struct savedir save;

	struct conninfo conninfo;
	struct node *node;
	bool is_node_lost;
	struct error node_error;
	struct pgtool_search *search;
	struct pgtool psql;
	struct childenv childenv;

	struct strvec registered;     /* before the restore */
	struct strvec registered_raw; /* the same, in the encoding of the database */
	struct model_plan *plans;
	struct restore_account *accounts;
	size_t account_count;
	size_t finished;
	unsigned jobs;
	struct worklist *worklist;
	struct strvec argv;
	bool is_flushing;
	char *last_failure; /* see run_log_failure() */
};

static void restore_advance(struct restore *r, enum step_result result);
static void restore_end(struct restore *r);
static void start_flush(struct restore *r);

static void account_failed(struct restore_account *a, const char *step,
			   const struct error *err)
{
	if (a->error)
		return;
	a->error = xstrdup(err->text);
	run_log_failure(&a->restore->opts, a->plan->name, step, err,
			&a->restore->last_failure);
}

/* ---- lock: the lock file, and the save ---- */

static bool open_save(struct restore *r, struct error *err)
{
	const char *dir = r->opts.conf->directory;

	if (!savedir_open(dir, &r->save, err))
		return false;
	switch (r->save.kind) {
	case SAVEDIR_SAVE:
		return true;
	case SAVEDIR_LEGACY:
		log_warning(r->opts.log,
			    "%s has no " MANIFEST_FILE ": whether its dumps are what "
			    "was dumped cannot be checked, only whether they are whole",
			    dir);
		return r->save.dumps.count > 0 ||
		       error_set(err, ERROR_DATA, "%s holds no dump", dir);
	case SAVEDIR_DAMAGED:
		*err = r->save.damage;
		error_prefix(err, "%s", dir);
		return error_hint(err,
				  "restore another save with --directory, such as %s.old",
				  dir);
	case SAVEDIR_ABSENT:
		error_set(err, ERROR_DATA, "%s does not exist", dir);
		return error_hint(err, "name the save with --directory");
	case SAVEDIR_FOREIGN:
		error_set(err, ERROR_DATA, "%s is not a save: it has no " MANIFEST_FILE,
			  dir);
		return error_hint(err, "name the save with --directory");
	}
	return false;
}

static enum step_result enter_lock(struct restore *r)
{
	const char *dir = r->opts.conf->directory;
	AUTO_FREE char *family = NULL;

	/* an old save goes when the next one comes: one lock for all of them */
	if (!layout_init(&r->layout, layout_is_old(dir, &family) ? family : dir,
			 &r->error) ||
	    !run_begin(&r->opts, &r->layout, &r->lock_fd, &r->error))
		return STEP_FAIL;
	return open_save(r, &r->error) ? STEP_NEXT : STEP_FAIL;
}

/* ---- connect ---- */

static void on_node_ready(void *owner, const struct error *err)
{
	struct restore *r = owner;

	if (err)
		r->error = *err;
	restore_advance(r, err ? STEP_FAIL : STEP_NEXT);
}

static void on_node_lost(void *owner, const struct error *err)
{
	struct restore *r = owner;

	r->is_node_lost = true;
	r->node_error = *err;
	error_hint(&r->node_error,
		   "see the server's log; when it is back, restore again");
	if (r->state == RESTORE_GLOBAL || r->state == RESTORE_ACCOUNTS)
		worklist_close(r->worklist, &r->node_error);
}

static void on_waiting(void *owner, const struct error *why, uint64_t pause_ms)
{
	struct restore *r = owner;

	run_on_waiting(&r->opts, why, pause_ms);
}

static bool ask_password(void *owner, char **out)
{
	struct restore *r = owner;

	return r->opts.ask_password(r->opts.owner, out);
}

static enum step_result enter_connect(struct restore *r)
{
	const struct node_opts opts = {
		.loop = r->opts.loop,
		.info = &r->conninfo,
		.program = "metamodel restore",
		.lock = r->opts.conf->dry_run ? NODE_LOCK_NONE : NODE_LOCK_EXCLUSIVE,
		.lock_wait_ms = r->opts.conf->lock_wait_s * 1000,
		.ask_password = ask_password,
		.waiting = on_waiting,
		.ready = on_node_ready,
		.lost = on_node_lost,
		.owner = r,
	};

	if (!conninfo_from_conf(r->opts.conf, &r->conninfo, &r->error))
		return STEP_FAIL;
	r->node = node_start(&opts);
	return STEP_WAIT;
}

/* ---- tool: the psql that serves this server ---- */

static void on_tool_found(void *owner, const struct pgtool *tool, const struct error *err)
{
	struct restore *r = owner;

	if (!err)
		pgtool_copy(&r->psql, tool);
	else if (!r->is_cancelled)
		r->error = *err;
	restore_advance(r, err || r->is_cancelled ? STEP_FAIL : STEP_NEXT);
}

static enum step_result enter_tool(struct restore *r)
{
	r->search = pgtool_find(r->opts.loop, "psql", r->opts.conf->pg_bindir,
				node_server_major(r->node), on_tool_found, r);
	return STEP_WAIT;
}

/* ---- registered: who is in _accounts now ---- */

static void on_registered(void *owner, const struct strvec *names,
			  const struct strvec *raw_names, const struct error *err)
{
	struct restore *r = owner;

	if (err && !r->is_cancelled)
		r->error = *err;
	for (size_t i = 0; !err && i < names->count; i++) {
		strvec_push(&r->registered, names->v[i]);
		strvec_push(&r->registered_raw, raw_names->v[i]);
	}
	restore_advance(r, err ? STEP_FAIL : STEP_NEXT);
}

static enum step_result enter_registered(struct restore *r)
{
	model_list_registered(r->node, on_registered, r);
	return STEP_WAIT;
}

/* ---- plan: what is there of each account, and what stands in the way ---- */

static void check_plan(struct restore_account *a)
{
	struct error err;

	if (!a->plan->outsiders || a->restore->opts.conf->cascade)
		return;
	error_set(&err, ERROR_DATA, "objects outside the metamodel depend on it:\n%s",
		  a->plan->outsiders);
	error_hint(&err, "no save holds them: drop them, or destroy them with --cascade");
	account_failed(a, "plan", &err);
}

static void on_plans(void *owner, struct model_plan *plans, size_t count,
		     const struct error *err)
{
	struct restore *r = owner;

	if (err) {
		if (!r->is_cancelled)
			r->error = *err;
		restore_advance(r, STEP_FAIL);
		return;
	}
	r->plans = plans;
	r->account_count = count;
	r->jobs = run_choose_jobs(&r->opts, r->node);
	r->accounts = xcalloc(count, sizeof(*r->accounts));
	for (size_t i = 0; i < count; i++)
		r->accounts[i] = (struct restore_account){ .restore = r,
							   .plan = &plans[i],
							   .dump.fd = -1 };
	restore_advance(r, STEP_NEXT);
}

static enum step_result enter_plan(struct restore *r)
{
	AUTO_STRVEC struct strvec names = { 0 };

	if (r->opts.conf->accounts.count)
		for (size_t i = 0; i < r->opts.conf->accounts.count; i++)
			strvec_push(&names, r->opts.conf->accounts.v[i]);
	else
		savedir_list_accounts(&r->save, &names);
	model_plan_restore(r->node, &names, on_plans, r);
	return STEP_WAIT;
}

/* ---- read: every dump is checked before the first one is loaded ---- */

/* On a worker thread. */
static void read_dump(void *owner, size_t index)
{
	struct restore *r = owner;
	struct restore_account *a = &r->accounts[index];

	if (stored_dump_open(&r->save, a->plan->name, a->plan->raw_name, &a->dump,
			     &a->read_error))
		a->read_error.kind = ERROR_NONE;
	stored_dump_close(&a->dump);
}

/* Since when psql knows \restrict (postgresql.org, CVE-2025-8714). */
static bool knows_restrict(const struct pgtool *psql)
{
	static const unsigned first_minor[][2] = {
		{ 13, 22 }, { 14, 19 }, { 15, 14 }, { 16, 10 }, { 17, 6 }
	};

	for (size_t i = 0; i < ARRAY_SIZE(first_minor); i++)
		if (psql->major == first_minor[i][0])
			return psql->minor >= first_minor[i][1];
	return psql->major >= 18;
}

static void check_psql(struct restore_account *a)
{
	const struct pgtool *psql = &a->restore->psql;
	const struct dumpfile_facts *facts = &a->dump.facts;
	struct error err;

	if (knows_restrict(psql) || (!facts->is_restricted && !facts->ambiguous_line))
		return;
	if (facts->is_restricted)
		error_set(&err, ERROR_DATA,
			  "the dump begins with \\restrict, which %s does not know",
			  psql->path);
	else
		error_set(&err, ERROR_DATA,
			  "line %llu: with another standard_conforming_strings this "
			  "literal would end elsewhere, and %s knows no \\restrict to be "
			  "safe with",
			  (unsigned long long)facts->ambiguous_line, psql->path);
	error_hint(&err, "install the newest minor release of postgresql-client-%u",
		   psql->major);
	account_failed(a, "check", &err);
}

static void on_read(void *owner, size_t index)
{
	struct restore *r = owner;
	struct restore_account *a = &r->accounts[index];

	if (a->read_error.kind != ERROR_NONE) {
		if (a->dump.entry == NULL && !strcmp(a->read_error.text, "missing"))
			error_set(&a->read_error, ERROR_DATA, "%s holds no dump of it",
				  r->opts.conf->directory);
		account_failed(a, "check", &a->read_error);
	} else {
		check_psql(a);
	}
	r->opts.progress(r->opts.owner, ++r->finished, r->account_count);
}

static void on_all_read(void *owner)
{
	struct restore *r = owner;

	r->finished = 0;
	restore_advance(r, r->is_cancelled ? STEP_FAIL : STEP_NEXT);
}

static enum step_result enter_read(struct restore *r)
{
	work_each_start(&(struct work_each_opts){ .loop = r->opts.loop,
						  .count = r->account_count,
						  .run = read_dump,
						  .done = on_read,
						  .finished = on_all_read,
						  .is_stopped = &r->is_cancelled,
						  .owner = r });
	return STEP_WAIT;
}

/* ---- announce: what will be different, before anything is ---- */

static void on_account_name(void *owner, const char *value)
{
	if (value)
		strvec_push(owner, value);
}

/* The account whose name is this in the encoding of the database. */
static const char *name_of(const struct restore *r, const char *raw_name)
{
	for (size_t i = 0; i < r->account_count; i++)
		if (!strcmp(r->plans[i].raw_name, raw_name))
			return r->plans[i].name;
	return raw_name;
}

/* Restoring _global brings _accounts back as it was. */
static void announce_accounts(struct restore *r, const struct restore_account *global)
{
	AUTO_STRVEC struct strvec saved = { 0 };
	AUTO_STRVEC struct strvec now = { 0 };
	const struct dumpfile_opts opts = { .watch_table = MODEL_ACCOUNTS_TABLE,
					    .watch_column = MODEL_ACCOUNTS_COLUMN,
					    .on_value = on_account_name,
					    .owner = &saved };
	struct dumpfile_facts facts;
	AUTO_CLOSE int fd = -1;
	struct error err;

	if (!savedir_open_dump(&r->save, global->plan->name, &fd, &err) ||
	    !dumpfile_check(fd, &opts, &facts, &err))
		return; /* loading it will say why */
	strvec_sort(&saved);
	for (size_t i = 0; i < r->registered.count; i++) {
		strvec_push(&now, r->registered_raw.v[i]);
		if (!strvec_has(&saved, r->registered_raw.v[i]))
			log_warning(r->opts.log,
				    "account %s is registered, and will not be any more "
				    "after restoring %s; its schema stays",
				    r->registered.v[i], global->plan->name);
	}
	strvec_sort(&now);
	for (size_t i = 0; i < saved.count; i++)
		if (!strvec_has(&now, saved.v[i]))
			log_info(r->opts.log,
				 "Account %s becomes registered by restoring %s.",
				 name_of(r, saved.v[i]), global->plan->name);
}

static void announce_plan(const struct restore_account *a)
{
	const struct restore *r = a->restore;
	const struct model_plan *p = a->plan;
	AUTO_FREE char *file = savedir_file_name(&r->save, p->name);

	if (!p->has_schema)
		log_info(r->opts.log, "Would add account %s", p->name);
	if (p->present)
		log_info(r->opts.log, "Would drop of account %s: %s", p->name,
			 p->present);
	log_info(r->opts.log, "Would import metamodel for account %s from %s/%s", p->name,
		 r->opts.conf->directory, file);
}

static void announce_account(struct restore_account *a)
{
	const struct restore *r = a->restore;
	const struct manifest_entry *e = a->dump.entry;

	check_plan(a);
	if (a->error)
		return;
	if (e && e->is_stale)
		log_warning(r->opts.log, "the dump of account %s is an older one, of %s",
			    a->plan->name, e->saved_at);
	if (r->opts.conf->dry_run)
		announce_plan(a);
	for (const char *line = a->plan->outsiders; line && *line;) {
		size_t length = strcspn(line, "\n");

		log_warning(r->opts.log, "account %s: %s %.*s", a->plan->name,
			    r->opts.conf->dry_run ? "would destroy" : "will destroy",
			    (int)length, line);
		line += length + (line[length] == '\n');
	}
}

static enum step_result enter_announce(struct restore *r)
{
	for (size_t i = 0; i < r->account_count; i++) {
		struct restore_account *a = &r->accounts[i];

		announce_account(a);
		if (!a->error && !strcmp(a->plan->name, MODEL_GLOBAL))
			announce_accounts(r, a);
	}
	return STEP_NEXT;
}

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
			on_node_lost(r, err);
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
	if (knows_restrict(&r->psql) && !a->dump.facts.is_restricted)
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
		account_failed(a, "restore", r->is_node_lost ? &r->node_error : &hinted);
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

static enum step_result enter_global(struct restore *r)
{
	if (!childenv_init(&r->childenv, node_conn(r->node), CHILD_OPTIONS, &r->error))
		return STEP_FAIL;
	r->opts.progress(r->opts.owner, 0, r->account_count);
	return load(r, true);
}

static enum step_result enter_accounts(struct restore *r)
{
	return load(r, false);
}

static enum step_result enter_flush(struct restore *r)
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

/* ---- the machine ---- */

static const struct step {
	const char *name;
	enum step_result (*enter)(struct restore *r);
	enum restore_state next;
} steps[] = {
	[RESTORE_LOCK] = { "lock", enter_lock, RESTORE_CONNECT },
	[RESTORE_CONNECT] = { "connect", enter_connect, RESTORE_TOOL },
	[RESTORE_TOOL] = { "tool", enter_tool, RESTORE_REGISTERED },
	[RESTORE_REGISTERED] = { "registered", enter_registered, RESTORE_PLAN },
	[RESTORE_PLAN] = { "plan", enter_plan, RESTORE_READ },
	[RESTORE_READ] = { "check", enter_read, RESTORE_ANNOUNCE },
	[RESTORE_ANNOUNCE] = { "announce", enter_announce, RESTORE_GLOBAL },
	[RESTORE_GLOBAL] = { "restore " MODEL_GLOBAL, enter_global, RESTORE_ACCOUNTS },
	[RESTORE_ACCOUNTS] = { "restore", enter_accounts, RESTORE_FLUSH },
	[RESTORE_FLUSH] = { "flush", enter_flush, RESTORE_DONE },
};
_Static_assert(ARRAY_SIZE(steps) == RESTORE_DONE, "steps[] follows restore_state");

static void restore_advance(struct restore *r,
			    enum step_result result) /* callbacks end here */
{
	while (result != STEP_WAIT) {
		r->state = result == STEP_NEXT ? steps[r->state].next : RESTORE_FAILED;
		if (r->state == RESTORE_GLOBAL && r->opts.conf->dry_run)
			r->state = RESTORE_DONE;
		if (r->state >= RESTORE_DONE) {
			restore_end(r); /* frees r */
			return;
		}
		result = steps[r->state].enter(r);
	}
}

static void on_start(void *owner)
{
	struct restore *r = owner;

	restore_advance(r, r->is_cancelled ? STEP_FAIL : steps[RESTORE_LOCK].enter(r));
}

struct restore *restore_start(const struct run_opts *opts)
{
	struct restore *r = xcalloc(1, sizeof(*r));

	r->opts = *opts;
	r->lock_fd = -1;
	r->save.fd = -1;
	timer_start(opts->loop, 0, on_start, r);
	return r;
}

void restore_cancel(struct restore *r, int signal_number)
{
	struct node *node = r->node;

	r->is_cancelled = true;
	r->signal_number = signal_number;
	error_set(&r->error, ERROR_SIGNAL, "stopped by signal %d (%s)", signal_number,
		  strsignal(signal_number));
	switch (r->state) {
	case RESTORE_CONNECT:
		r->node = NULL;
		node_free(node);
		restore_advance(r, STEP_FAIL);
		break;
	case RESTORE_REGISTERED:
	case RESTORE_PLAN:
		r->node = NULL;
		node_free(node); /* ends the query, whose callback goes on */
		break;
	case RESTORE_TOOL:
		pgtool_cancel(r->search);
		break;
	case RESTORE_GLOBAL:
	case RESTORE_ACCOUNTS:
		worklist_cancel(r->worklist);
		break;
	case RESTORE_LOCK: /* the callbacks of these look themselves */
	case RESTORE_READ:
	case RESTORE_ANNOUNCE:
	case RESTORE_FLUSH: /* an instant, and it decides what can be called done */
	case RESTORE_DONE:
	case RESTORE_FAILED:
		break;
	}
}

static void report_account(const struct restore_account *a, struct report *out)
{
	const struct restore *r = a->restore;
	struct report_account *entry = report_add(out, a->plan->name);
	bool is_restored = a->progress == ACCOUNT_RESTORED;

	entry->node = r->node ? xstrdup(node_facts(r->node)->dbname) : NULL;
	entry->error = a->error ? xstrdup(a->error) : NULL;
	entry->version = a->dump.version ? xstrdup(a->dump.version) : NULL;
	entry->tables = a->dump.facts.tables;
	entry->rows = a->dump.facts.rows;
	entry->size_bytes = a->dump.facts.size_bytes;
	entry->elapsed_ms = a->elapsed_ms;
	entry->destroyed =
		is_restored && a->plan->outsiders ? xstrdup(a->plan->outsiders) : NULL;
	if (a->error)
		entry->outcome = "failed";
	else if (r->opts.conf->dry_run)
		entry->outcome = "planned";
	else
		entry->outcome = is_restored ? "restored" : "unchanged";
}

static void fill_report(struct restore *r, struct report *out)
{
	size_t restored = 0, failed = 0;

	for (size_t i = 0; i < r->account_count; i++) {
		struct restore_account *a = &r->accounts[i];
		struct error err;

		if (a->progress == ACCOUNT_COMMITTED) {
			error_set(&err, ERROR_SERVER,
				  "it was restored, but the server went away before "
				  "that was known to be on its disk");
			error_hint(&err, "look at it when the server is back, or restore "
					 "it again");
			account_failed(a, "flush", &err);
		}
		restored += a->progress == ACCOUNT_RESTORED;
		failed += a->error != NULL;
		report_account(a, out);
	}
	for (size_t i = 0; i < r->registered.count; i++)
		if (!r->opts.conf->accounts.count && r->plans &&
		    !model_plans_have(r->plans, r->account_count, r->registered.v[i]))
			out->others++;
	out->error = r->error;
	out->signal_number = r->signal_number;
	if (r->opts.conf->dry_run && r->state == RESTORE_DONE)
		restored = r->account_count - failed;
	if (r->state == RESTORE_FAILED || r->signal_number || (failed && !restored))
		out->result = restored ? REPORT_PARTLY : REPORT_FAILED;
	else
		out->result = failed ? REPORT_PARTLY : REPORT_DONE;
}

static void restore_free(struct restore *r)
{
	worklist_free(r->worklist);
	node_free(r->node);
	savedir_release(&r->save);
	for (size_t i = 0; i < r->account_count; i++) {
		stored_dump_release(&r->accounts[i].dump);
		free(r->accounts[i].error);
	}
	free(r->accounts);
	model_plans_free(r->plans, r->account_count);
	strvec_release(&r->registered);
	strvec_release(&r->registered_raw);
	childenv_release(&r->childenv);
	pgtool_release(&r->psql);
	conninfo_release(&r->conninfo);
	strvec_release(&r->argv);
	free(r->last_failure);
	layout_release(&r->layout);
	if (r->lock_fd >= 0)
		close(r->lock_fd);
	free(r);
}

static void restore_end(struct restore *r)
{
	struct report report = { 0 };

	fill_report(r, &report);
	r->opts.done(r->opts.owner, &report);
	report_release(&report);
	restore_free(r);
}
