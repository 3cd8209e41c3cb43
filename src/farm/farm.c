/* SPDX-License-Identifier: PostgreSQL */
#include "farm/farm.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "farm/internal.h"
#include "pg/pgresult.h"
#include "product/product.h"

const char farm_schemas_sql[] =
	"SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname = ANY ($1::text[])";

/* An account that there is none of, and that may be a password: it is never named. */
static bool check_doubtful(const struct farm *f, struct error *err)
{
	const char *name = f->private->opts.conf->doubtful;
	const struct farm_account *a = name ? farm_find(f, name) : NULL;

	if (!a || a->is_registered || (f->has_proxy && a->node))
		return true;
	error_set(err, ERROR_USAGE,
		  "the argument after --password is not a registered account; it is not "
		  "shown, since it may be a password");
	return error_hint(err, "--password takes no value, but prompts for a password; "
			       "put account names before it, or after --");
}

void farm_ready(struct farm *f, const struct error *err)
{
	struct farm_private *p = f->private;
	struct error doubt;

	if (p->is_closing)
		return;
	if (!err && !check_doubtful(f, &doubt))
		err = &doubt;
	p->opts.ready(p->opts.owner, err);
}

void farm_hint_place(const struct farm *f, struct error *err)
{
	static const char *const words[] = {
		"No such file",        "refused",          "could not translate",
		"FATAL:  role",        "FATAL:  database", "no pg_hba.conf entry",
		"Peer authentication",
	};
	const struct strvec *files = &f->private->opts.conf->looked_at;
	bool is_place = false;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		is_place |= strstr(err->text, words[i]) != NULL;
	if (err->hint[0] || !is_place)
		return;
	error_hint(
		err,
		"specify the server and the user with -h, -p, -U and -d, the environment "
		"(PGHOST and so on), or [backend] in one of these configuration files: "
		"%s and %s",
		files->count > 0 ? files->v[0] : "none",
		files->count > 1 ? files->v[1] : "none");
}

/* ---- accounts ---- */

static int compare_accounts(const void *a, const void *b)
{
	const struct farm_account *x = a, *y = b;

	return x->is_global || y->is_global ? y->is_global - x->is_global
					    : strcmp(x->name, y->name);
}

static bool is_global(const struct farm *f, const char *name)
{
	return !strcmp(name, f->private->opts.conf->product.global);
}

struct farm_account *farm_find(const struct farm *f, const char *name)
{
	const struct farm_account key = { .name = (char *)name,
					  .is_global = is_global(f, name) };

	return f->account_count ? bsearch(&key, f->accounts, f->account_count,
					  sizeof(key), compare_accounts)
				: NULL;
}

bool farm_is_registered(const struct farm *f, const char *name)
{
	return strvec_has(&f->registered, name);
}

struct farm_node *farm_node_of(const struct farm *f, const char *name)
{
	const struct farm_account *a = farm_find(f, name);

	if (a)
		return a->node;
	return f->private->opts.conf->backend == CONF_PG ? f->nodes[0] : NULL;
}

void farm_list(const struct farm *f, const struct farm_node *node, struct strvec *out)
{
	for (size_t i = 0; i < f->account_count; i++)
		if (f->accounts[i].node == node)
			strvec_push(out, f->accounts[i].name);
}

struct farm_account *farm_add_account(struct farm *f, const char *name)
{
	f->accounts = xgrow(f->accounts, f->account_count, sizeof(*f->accounts));
	f->accounts[f->account_count] =
		(struct farm_account){ .name = xstrdup(name),
				       .is_global = is_global(f, name) };
	return &f->accounts[f->account_count++];
}

void farm_sort_accounts(struct farm *f)
{
	size_t kept = 0;

	if (f->account_count)
		qsort(f->accounts, f->account_count, sizeof(*f->accounts),
		      compare_accounts);
	for (size_t i = 0; i < f->account_count; i++) {
		if (kept && !strcmp(f->accounts[kept - 1].name, f->accounts[i].name))
			free(f->accounts[i].name);
		else
			f->accounts[kept++] = f->accounts[i];
	}
	f->account_count = kept;
}

/* ---- nodes ---- */

struct farm_node *farm_require_node(struct farm *f, const char *name)
{
	struct farm_node *n;

	for (size_t i = 0; i < f->node_count; i++)
		if (!strcmp(f->nodes[i]->name, name))
			return f->nodes[i];
	n = xcalloc(1, sizeof(*n));
	n->farm = f;
	n->index = f->node_count;
	n->name = xstrdup(name);
	f->nodes = xgrow(f->nodes, f->node_count, sizeof(struct farm_node *));
	return f->nodes[f->node_count++] = n;
}

static void on_waiting(void *owner, const struct error *why, uint64_t pause_ms)
{
	struct farm_node *n = owner;
	struct farm_private *p = n->farm->private;

	if (p->opts.waiting)
		p->opts.waiting(p->opts.person, why, pause_ms);
}

static bool ask_password(void *owner, char **out)
{
	struct farm_node *n = owner;
	struct farm_private *p = n->farm->private;

	return p->opts.ask_password(p->opts.person, out);
}

void farm_name_error(const struct farm_node *n, struct error *err)
{
	if (n->farm->private->opts.conf->backend == CONF_PGFARM)
		error_prefix(err, "node %s", n->name);
}

void farm_node_failed(struct farm_node *n, const struct error *err)
{
	n->error = *err;
	farm_name_error(n, &n->error);
}

void farm_node_disconnect(struct farm_node *n)
{
	struct session *session = n->session;

	n->session = NULL;
	session_free(session);
}

static void on_lost(void *owner, const struct error *err)
{
	struct farm_node *n = owner;
	struct farm_private *p = n->farm->private;

	n->is_lost = true;
	farm_node_failed(n, err);
	p->opts.lost(p->opts.owner, n, &n->error);
}

uint64_t farm_answer_ms(const struct farm *f)
{
	const struct conf *conf = f->private->opts.conf;

	if (!conf->timeout_s || !conf->lock_wait_s)
		return 0;
	return conf_timeout_ms(conf) + conf_lock_wait_ms(conf);
}

void farm_connect_node(struct farm_node *n, const struct conninfo *info,
		       void (*on_ready)(void *owner, const struct error *err))
{
	struct farm *f = n->farm;
	struct farm_private *p = f->private;
	const struct session_opts opts = {
		.loop = p->opts.loop,
		.info = info,
		.timeout_s = p->opts.conf->backend == CONF_PGFARM ? FARM_TIMEOUT_S : 0,
		.answer_ms = farm_answer_ms(f),
		.program = p->opts.program,
		.lock = p->opts.lock,
		.has_snapshot = p->opts.has_snapshot,
		.has_identity = true,
		.is_writer = p->opts.is_writer,
		.lock_wait_ms = conf_lock_wait_ms(p->opts.conf),
		.ask_password = ask_password,
		.waiting = on_waiting,
		.ready = on_ready,
		.lost = on_lost,
		.owner = n,
	};

	n->session = session_start(&opts);
}

void farm_list_failed(struct farm *f, const char *sqlstate, const struct error *err)
{
	struct error named = *err;

	error_prefix(&named, "list the accounts");
	if (!strcmp(sqlstate, SQLSTATE_LOCK_NOT_AVAILABLE))
		error_hint(&named,
			   "another session holds a lock on " PRODUCT_ACCOUNTS " (see "
			   "pg_locks): raise --lock-wait, or try at another time");
	farm_ready(f, &named);
}

/* ---- */

static void on_start(void *owner)
{
	struct farm *f = owner;
	struct farm_private *p = f->private;
	struct error err;

	p->later = NULL;
	if (!conninfo_from_conf(p->opts.conf, &p->info, &err))
		farm_ready(f, &err);
	else if (p->opts.conf->backend == CONF_PGFARM)
		farm_start_proxy(f);
	else
		farm_start_single(f);
}

struct farm *farm_start(const struct farm_opts *opts)
{
	struct farm *f = xcalloc(1, sizeof(*f));

	f->private = xcalloc(1, sizeof(*f->private));
	f->private->opts = *opts;
	f->backend = opts->conf->backend == CONF_PGFARM ? "PgFarm" : "Pg";
	f->has_proxy = opts->conf->backend == CONF_PGFARM;
	f->has_all_nodes = opts->conf->backend == CONF_PG || !opts->names->count;
	f->private->later = timer_start(opts->loop, 0, on_start, f);
	return f;
}

void farm_disconnect(struct farm *f)
{
	struct farm_private *p = f->private;
	size_t count = f->node_count;
	AUTO_FREE struct session **sessions =
		xcalloc(count + 1, sizeof(struct session *));

	p->is_closing = true;
	if (p->later)
		timer_cancel(p->later);
	p->later = NULL;
	sessions[count] = p->proxy;
	p->proxy = NULL;
	for (size_t i = 0; i < count; i++) {
		sessions[i] = f->nodes[i]->session;
		f->nodes[i]->session = NULL;
	}
	for (size_t i = 0; i <= count; i++)
		session_free(sessions[i]); /* the last of them may free the farm */
}

void farm_free(struct farm *f)
{
	if (!f)
		return;
	farm_disconnect(f);
	for (size_t i = 0; i < f->node_count; i++) {
		free(f->nodes[i]->name);
		free(f->nodes[i]);
	}
	for (size_t i = 0; i < f->account_count; i++) {
		free(f->accounts[i].name);
		free(f->accounts[i].warning);
		free(f->accounts[i].problem);
	}
	free(f->nodes);
	free(f->accounts);
	strvec_release(&f->registered);
	strvec_release(&f->private->former);
	strvec_release(&f->private->wanted);
	free(f->private->ranges);
	conninfo_release(&f->private->info);
	free(f->private);
	free(f);
}
