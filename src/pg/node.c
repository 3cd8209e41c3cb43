/* SPDX-License-Identifier: PostgreSQL */
#include "pg/node.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "pg/hosts.h"

/* The key of our advisory locks, two integers as LOCK TABLE pg_locks shows them: "meta",
 * "modl". */
#define LOCK_CLASS "1835365473"
#define LOCK_OBJECT "1836016748"

enum { RETRIES = 8, RETRY_FIRST_MS = 250, RETRY_MOST_MS = 8000 };

struct node {
	struct node_opts opts;
	struct conninfo info;
	struct pgconn *conn;
	struct timer *pause;
	unsigned attempts;
	bool was_asked; /* for the password */
	bool is_closing;
	struct node_facts facts;
};

/*
 * Also makes the session one that waits for nobody and is ended by nobody: a server that
 * ends idle transactions would take the snapshot away. The settings are asked for in
 * pg_settings because older servers lack some of them.
 */
static const char facts_sql[] =
	"SELECT current_database(), current_setting('server_version'),"
	" current_setting('server_version_num'), getdatabaseencoding(),"
	" greatest(0, least("
	"  (SELECT sum(CASE name WHEN 'max_connections' THEN setting::bigint"
	"              ELSE -setting::bigint END) FROM pg_catalog.pg_settings"
	"   WHERE name IN ('max_connections', 'superuser_reserved_connections',"
	"    'reserved_connections'))"
	"  - (SELECT sum(numbackends) FROM pg_catalog.pg_stat_database),"
	"  (SELECT CASE WHEN datconnlimit < 0 THEN 1000000 ELSE datconnlimit"
	"    - pg_catalog.pg_stat_get_db_numbackends(oid) END"
	"   FROM pg_catalog.pg_database WHERE datname = current_database()),"
	"  (SELECT CASE WHEN rolconnlimit < 0 THEN 1000000 ELSE rolconnlimit"
	"    - (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE usename = "
	"current_user)"
	"    END FROM pg_catalog.pg_roles WHERE rolname = current_user))),"
	" (SELECT count(set_config(name, '0', false)) FROM pg_catalog.pg_settings"
	"  WHERE name IN ('statement_timeout', 'transaction_timeout',"
	"   'idle_in_transaction_session_timeout', 'idle_session_timeout')),"
	" set_config('lock_timeout', $1, false), set_config('client_encoding', CASE "
	"getdatabaseencoding() WHEN 'SQL_ASCII'"
	"  THEN 'SQL_ASCII' ELSE 'UTF8' END, false),"
	" set_config('standard_conforming_strings', 'on', false),"
	" set_config('client_min_messages', 'warning', false)";

static const char *const lock_sql[] = {
	[NODE_LOCK_SHARED] = "SELECT pg_catalog.pg_try_advisory_lock_shared(" LOCK_CLASS
			     ", " LOCK_OBJECT ")",
	[NODE_LOCK_EXCLUSIVE] =
		"SELECT pg_catalog.pg_try_advisory_lock(" LOCK_CLASS ", " LOCK_OBJECT ")",
};

/* What the role may not see of the other session is left out. */
static const char holder_sql[] =
	"SELECT concat(coalesce(nullif(a.application_name, ''), 'a session'),"
	" ', server process ', l.pid, ', from ' || host(a.client_addr),"
	" to_char(a.backend_start AT TIME ZONE 'UTC',"
	"  '\", since \"YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'))"
	" FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a USING (pid)"
	" WHERE l.locktype = 'advisory' AND l.classid = " LOCK_CLASS
	" AND l.objid = " LOCK_OBJECT
	" AND l.database = (SELECT oid FROM pg_catalog.pg_database"
	"  WHERE datname = current_database()) AND l.granted AND l.pid <> "
	"pg_backend_pid()"
	" ORDER BY l.pid LIMIT 1";

static void try_connect(void *owner);

uint64_t node_retry_pause_ms(unsigned attempt)
{
	uint64_t pause_ms = RETRY_FIRST_MS;

	if (attempt > RETRIES)
		return 0;
	while (--attempt > 0 && pause_ms < RETRY_MOST_MS)
		pause_ms *= 2;
	return pause_ms;
}

static void failed(struct node *n, const struct error *err)
{
	struct error described = *err;
	char where[300];

	if (n->is_closing)
		return;
	if (n->conn && !strstr(err->text, "connection to server")) {
		pgconn_describe(n->conn, where, sizeof(where));
		error_prefix(&described, "%s", where);
	}
	n->opts.ready(n->opts.owner, &described);
}

/* Try again after a pause, or with a password, if that may help. */
static bool retry(struct node *n, const struct error *err, bool needs_password)
{
	char *password = NULL;
	uint64_t pause_ms;

	if (needs_password && !n->was_asked && n->opts.ask_password) {
		n->was_asked = true;
		if (!n->opts.ask_password(n->opts.owner, &password))
			return false;
		conninfo_set(&n->info, "password", password);
		explicit_bzero(password, strlen(password));
		free(password);
		n->pause = timer_start(n->opts.loop, 0, try_connect, n);
		return true;
	}
	if (pgconn_is_timed_out(n->conn) && hosts_skip(n->conn, &n->info)) {
		n->pause = timer_start(n->opts.loop, 0, try_connect, n);
		return true;
	}
	pause_ms = node_retry_pause_ms(++n->attempts);
	if (!pause_ms || n->opts.is_impatient || !pg_is_transient(err->text))
		return false;
	if (n->opts.waiting)
		n->opts.waiting(n->opts.owner, err, pause_ms);
	n->pause = timer_start(n->opts.loop, pause_ms, try_connect, n);
	return true;
}

static void ready(struct node *n)
{
	n->opts.ready(n->opts.owner, NULL);
}

static void on_snapshot(void *owner, const struct pg_result *result,
			const struct error *err)
{
	struct node *n = owner;

	if (err) {
		failed(n, err);
		return;
	}
	n->facts.snapshot = xstrdup(pgresult_value(result, 0, 0));
	clock_now(n->facts.snapshot_at);
	ready(n);
}

static void on_begun(void *owner, const struct pg_result *result, const struct error *err)
{
	struct node *n = owner;

	(void)result;
	if (err)
		failed(n, err);
	else
		pgconn_query(n->conn, "SELECT pg_catalog.pg_export_snapshot()", NULL, 0,
			     on_snapshot, n);
}

static void start_snapshot(struct node *n)
{
	if (n->opts.has_snapshot)
		pgconn_query(n->conn, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
			     NULL, 0, on_begun, n);
	else
		ready(n);
}

static void on_holder(void *owner, const struct pg_result *result,
		      const struct error *err)
{
	struct node *n = owner;
	struct error busy;

	if (err || !pgresult_rows(result)) /* it ended meanwhile, or we may not see it */
		error_set(&busy, ERROR_BUSY, "another run holds the lock");
	else
		error_set(&busy, ERROR_BUSY, "another run holds the lock: %s",
			  pgresult_value(result, 0, 0));
	error_hint(&busy, "wait for it to end, or end it");
	failed(n, &busy);
}

static void on_lock(void *owner, const struct pg_result *result, const struct error *err)
{
	struct node *n = owner;

	if (err)
		failed(n, err);
	else if (pgresult_is_true(result, 0, 0))
		start_snapshot(n);
	else
		pgconn_query(n->conn, holder_sql, NULL, 0, on_holder, n);
}

static void release_facts(struct node *n)
{
	free(n->facts.dbname);
	free(n->facts.server_version);
	free(n->facts.encoding);
	free(n->facts.snapshot);
	n->facts = (struct node_facts){ 0 };
}

static void on_facts(void *owner, const struct pg_result *result, const struct error *err)
{
	struct node *n = owner;

	if (err) {
		failed(n, err);
		return;
	}
	release_facts(n);
	n->facts.dbname = xstrdup(pgresult_value(result, 0, 0));
	n->facts.server_version = xstrdup(pgresult_value(result, 0, 1));
	n->facts.server_version_num = (unsigned)pgresult_uint(result, 0, 2);
	n->facts.encoding = xstrdup(pgresult_value(result, 0, 3));
	n->facts.free_connections = pgresult_uint(result, 0, 4);
	if (n->opts.lock == NODE_LOCK_NONE)
		start_snapshot(n);
	else
		pgconn_query(n->conn, lock_sql[n->opts.lock], NULL, 0, on_lock, n);
}

static void on_path_set(void *owner, const struct pg_result *result,
			const struct error *err)
{
	struct node *n = owner;
	AUTO_FREE char *lock_wait =
		str_format("%llu", (unsigned long long)n->opts.lock_wait_ms);
	const char *params[] = { lock_wait };

	(void)result;
	if (err)
		failed(n, err);
	else
		pgconn_query(n->conn, facts_sql, params, 1, on_facts, n);
}

static void on_connected(void *owner, const struct error *err)
{
	struct node *n = owner;

	if (!err) {
		/* before anything else: nobody's function or operator but the system's is
		 * ours */
		pgconn_query(n->conn, "SET search_path = pg_catalog", NULL, 0,
			     on_path_set, n);
		return;
	}
	if (!retry(n, err, pgconn_needs_password(n->conn))) {
		struct error hinted = *err;

		if (pgconn_needs_password(n->conn))
			error_hint(
				&hinted,
				"give one with PGPASSWORD, ~/.pgpass, the config file or "
				"--password");
		failed(n, &hinted);
		return;
	}
	pgconn_free(n->conn);
	n->conn = NULL;
}

static void on_lost(void *owner, const struct error *err)
{
	struct node *n = owner;

	n->opts.lost(n->opts.owner, err);
}

static void on_warning(void *owner, const char *text)
{
	struct node *n = owner;

	n->opts.warning(n->opts.owner, text);
}

static void try_connect(void *owner)
{
	struct node *n = owner;
	struct pgconn_opts opts = {
		.loop = n->opts.loop,
		.info = &n->info,
		.timeout_s = n->opts.timeout_s,
		.answer_ms = n->opts.answer_ms,
		.ready = on_connected,
		.lost = on_lost,
		.warning = n->opts.warning ? on_warning : NULL,
		.owner = n,
	};
	struct error err;

	n->pause = NULL;
	if (!pgconn_start(&opts, &n->conn, &err))
		failed(n, &err);
}

struct node *node_start(const struct node_opts *opts)
{
	struct node *n = xcalloc(1, sizeof(*n));

	n->opts = *opts;
	n->opts.info = NULL;
	conninfo_copy(&n->info, opts->info);
	conninfo_set(&n->info, "application_name", opts->program);
	conninfo_set(&n->info, "client_encoding", "UTF8");
	n->pause = timer_start(opts->loop, 0, try_connect,
			       n); /* so that `ready` comes later */
	return n;
}

const struct node_facts *node_facts(const struct node *n)
{
	return &n->facts;
}

unsigned node_server_major(const struct node *n)
{
	return n->facts.server_version_num / 10000;
}

struct pgconn *node_conn(const struct node *n)
{
	return n->conn;
}

static void on_discarded(void *owner, const struct pg_result *result,
			 const struct error *err)
{
	struct node *n = owner;

	(void)result;
	if (err)
		failed(n, err);
	else
		on_connected(n, NULL);
}

void node_reset(struct node *n)
{
	assert(n->opts.lock == NODE_LOCK_NONE && !n->opts.has_snapshot);
	pgconn_query(n->conn, "DISCARD ALL", NULL, 0, on_discarded, n);
}

void node_conninfo(const struct node *n, struct conninfo *out)
{
	*out = (struct conninfo){ 0 };
	conninfo_copy(out, &n->info);
	conninfo_set(out, "host", pgconn_host(n->conn));
	conninfo_set(out, "hostaddr", pgconn_hostaddr(n->conn));
	conninfo_set(out, "port", pgconn_port(n->conn));
}

void node_free(struct node *n)
{
	if (!n)
		return;
	n->is_closing = true;
	if (n->pause)
		timer_cancel(n->pause);
	pgconn_free(n->conn);
	conninfo_release(&n->info);
	release_facts(n);
	free(n);
}
