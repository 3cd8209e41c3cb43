/* SPDX-License-Identifier: PostgreSQL */
#include "pg/session.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "base/auto.h"
#include "base/str.h"
#include "pg/lock_holder.h"
#include "pg/hosts.h"
#include "pg/settings.h"

enum { RETRIES = 8, RETRY_FIRST_MS = 250, RETRY_MOST_MS = 8000 };

struct session {
	struct session_opts opts;
	struct conninfo info;
	struct pgconn *conn;
	struct timer *pause;
	unsigned attempts;
	bool was_asked; /* for the password */
	bool is_closing;
	bool is_ready, has_failed;
	struct lock_holder *holder; /* NULL: none */
	unsigned holder_attempts;
	bool can_tell_identity;
	uint64_t pid;           /* of the server process that answered first */
	struct session *reader; /* NULL: none */
	struct settings settings;
	struct session_facts facts;
};

/* Settings that older servers, or other systems, may not have are looked up. */
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
	" (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()),"
	" coalesce(has_function_privilege("
	"  to_regprocedure('pg_catalog.pg_control_system()')::oid, 'execute'), false),"
	" version() LIKE '%linux%' AND current_setting("
	"  'client_connection_check_interval', true) IS NOT NULL,"
	" pg_is_in_recovery(),"
	" pg_backend_pid(), current_setting('idle_session_timeout', true) <> '0'";

/* A query of its own, since privileges on a function are checked even if it is not
 * called. */
static const char identity_sql[] =
	"SELECT system_identifier FROM pg_catalog.pg_control_system()";

static void try_connect(void *owner);

uint64_t session_retry_pause_ms(unsigned attempt)
{
	uint64_t pause_ms = RETRY_FIRST_MS;

	if (attempt > RETRIES)
		return 0;
	while (--attempt > 0 && pause_ms < RETRY_MOST_MS)
		pause_ms *= 2;
	return pause_ms;
}

static void failed(struct session *session, const struct error *err)
{
	struct error described = *err;
	char where[300];

	if (session->is_closing)
		return;
	if (session->conn && !strstr(err->text, "connection to server")) {
		pgconn_describe(session->conn, where, sizeof(where));
		error_prefix(&described, "%s", where);
	}
	if (!described.hint[0] && pg_pooler_hint(err->text))
		error_hint(&described, "%s", pg_pooler_hint(err->text));
	session->has_failed = true;
	session->opts.ready(session->opts.owner, &described);
}

/* Try again after a pause, or with a password, if that may help. */
static bool retry(struct session *session, const struct error *err, bool needs_password)
{
	char *password = NULL;
	uint64_t pause_ms;

	if (needs_password && !session->was_asked && session->opts.ask_password) {
		session->was_asked = true;
		if (!session->opts.ask_password(session->opts.owner, &password))
			return false;
		conninfo_set(&session->info, "password", password);
		explicit_bzero(password, strlen(password));
		free(password);
		session->pause = timer_start(session->opts.loop, 0, try_connect, session);
		return true;
	}
	if (pgconn_is_timed_out(session->conn) &&
	    hosts_skip(session->conn, &session->info)) {
		session->pause = timer_start(session->opts.loop, 0, try_connect, session);
		return true;
	}
	pause_ms = session_retry_pause_ms(++session->attempts);
	if (!pause_ms || session->opts.is_impatient || !pg_is_transient(err->text))
		return false;
	if (session->opts.waiting)
		session->opts.waiting(session->opts.owner, err, pause_ms);
	session->pause = timer_start(session->opts.loop, pause_ms, try_connect, session);
	return true;
}

static void ready(struct session *session)
{
	session->is_ready = true;
	session->opts.ready(session->opts.owner, NULL);
}

static void on_snapshot(void *owner, const struct pg_result *result,
			const struct error *err)
{
	struct session *session = owner;

	if (err) {
		failed(session, err);
		return;
	}
	session->facts.snapshot = xstrdup(pgresult_value(result, 0, 0));
	session->facts.is_pooled |= pgresult_uint(result, 0, 1) != session->pid;
	clock_now(session->facts.snapshot_at);
	ready(session);
}

static void on_begun(void *owner, const struct pg_result *result, const struct error *err)
{
	struct session *session = owner;

	(void)result;
	if (err)
		failed(session, err);
	else
		pgconn_query(session->conn,
			     "SELECT pg_catalog.pg_export_snapshot(),"
			     " pg_catalog.pg_backend_pid()",
			     NULL, 0, on_snapshot, session);
}

static void start_snapshot(struct session *session)
{
	if (session->opts.has_snapshot)
		pgconn_query(session->conn,
			     "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", NULL, 0,
			     on_begun, session);
	else
		ready(session);
}

/* ---- the session that holds the lock ---- */

static void start_holder(void *owner);

static void end_holder(struct session *session)
{
	lock_holder_free(session->holder);
	session->holder = NULL;
}

/* Without the lock, the session is useless. */
static void on_holder_lost(void *owner, const struct error *err)
{
	struct session *session = owner;
	struct error named = *err;

	error_prefix(&named, "the session that holds the lock");
	pgconn_give_up(session->conn, &named);
}

static void on_held(void *owner, const struct error *err)
{
	struct session *session = owner;
	uint64_t pause_ms;

	if (!err) {
		/* a pooler gave the holder the process that had answered here before */
		session->facts.is_pooled =
			lock_holder_pid(session->holder) == session->pid;
		start_snapshot(session);
		return;
	}
	pause_ms = session_retry_pause_ms(++session->holder_attempts);
	if (!pause_ms || session->opts.is_impatient || !pg_is_transient(err->text)) {
		failed(session, err);
		return;
	}
	if (session->opts.waiting)
		session->opts.waiting(session->opts.owner, err, pause_ms);
	end_holder(session);
	session->pause = timer_start(session->opts.loop, pause_ms, start_holder, session);
}

static void start_holder(void *owner)
{
	struct session *session = owner;
	AUTO_FREE char *name = str_format("%s" HOLDER_SUFFIX, session->opts.program);
	AUTO_FREE char *settings = settings_format(&session->settings, true);
	struct conninfo info;
	const struct lock_holder_opts opts = { .loop = session->opts.loop,
					       .info = &info,
					       .timeout_s = session->opts.timeout_s,
					       .answer_ms = session->opts.answer_ms,
					       .settings = settings,
					       .is_exclusive = session->opts.lock ==
							       SESSION_LOCK_EXCLUSIVE,
					       .ready = on_held,
					       .lost = on_holder_lost,
					       .owner = session };
	struct error err;
	bool is_started;

	session->pause = NULL;
	session_conninfo(session, &info);
	conninfo_set(&info, "application_name", name);
	is_started = lock_holder_start(&opts, &session->holder, &err);
	conninfo_release(&info);
	if (!is_started)
		failed(session, &err);
}

static void take_lock(struct session *session)
{
	if (session->opts.lock == SESSION_LOCK_NONE)
		start_snapshot(session);
	else
		session->pause =
			timer_start(session->opts.loop, 0, start_holder, session);
}

/* ---- facts about the server ---- */

static void set_prologue(struct session *session)
{
	AUTO_FREE char *sql = session->opts.is_unpooled
				      ? NULL
				      : settings_format(&session->settings, true);

	pgconn_set_prologue(session->conn, sql);
}

static void release_facts(struct session *session)
{
	free(session->facts.dbname);
	free(session->facts.server_version);
	free(session->facts.encoding);
	free(session->facts.snapshot);
	free(session->facts.system_identifier);
	session->facts = (struct session_facts){ 0 };
}

/* A provider's server may refuse to say it; the run continues without it. */
static void on_identity(void *owner, const struct pg_result *result,
			const struct error *err)
{
	struct session *session = owner;

	if (err && !pgconn_failure(session->conn)->sqlstate[0]) {
		failed(session, err); /* no answer at all */
		return;
	}
	if (!err && pgresult_rows(result) && pgresult_value(result, 0, 0))
		session->facts.system_identifier = xstrdup(pgresult_value(result, 0, 0));
	take_lock(session);
}

static void refuse_standby(struct session *session)
{
	struct error err;

	error_set(&err, ERROR_SERVER,
		  "the server is a standby, where nothing can be changed");
	error_hint(&err, "connect to the primary; if --dbname names several hosts, "
			 "target_session_attrs=read-write finds it");
	failed(session, &err);
}

static void ask_identity(struct session *session)
{
	if (session->opts.has_identity && session->can_tell_identity)
		pgconn_query(session->conn, identity_sql, NULL, 0, on_identity, session);
	else
		take_lock(session);
}

static void on_session_set(void *owner, const struct pg_result *result,
			   const struct error *err)
{
	struct session *session = owner;

	(void)result;
	if (err)
		failed(session, err);
	else
		ask_identity(session);
}

/* Settings that must be made outside a transaction. A pooler knows the first two and
 * resets them. */
static void set_session(struct session *session, bool is_ended_when_idle)
{
	AUTO_STRBUF struct strbuf sql = { 0 };
	const char *strings = PQparameterStatus(pgconn_libpq(session->conn),
						"standard_conforming_strings");

	if (!strings || strcmp(strings, "on") != 0)
		strbuf_add_str(&sql, "SET standard_conforming_strings = on; ");
	if (!strcmp(session->facts.encoding, "SQL_ASCII"))
		strbuf_add_str(&sql, "SET client_encoding = 'SQL_ASCII'; ");
	if (is_ended_when_idle)
		strbuf_add_str(&sql, "SET idle_session_timeout = 0; ");
	if (session->opts.is_unpooled && session->facts.can_check_client)
		strbuf_add_str(&sql, "SET client_connection_check_interval = 1000; ");
	if (session->opts.is_unpooled && session->settings.is_writable)
		strbuf_add_str(&sql, "SET default_transaction_read_only = off; ");
	if (sql.length)
		pgconn_script(session->conn, sql.buf, on_session_set, session);
	else
		ask_identity(session);
}

static void on_facts(void *owner, const struct pg_result *result, const struct error *err)
{
	struct session *session = owner;
	uint64_t connections;

	if (err) {
		failed(session, err);
		return;
	}
	release_facts(session);
	session->facts.dbname = xstrdup(pgresult_value(result, 0, 0));
	session->facts.server_version = xstrdup(pgresult_value(result, 0, 1));
	session->facts.server_version_num = (unsigned)pgresult_uint(result, 0, 2);
	session->facts.encoding = xstrdup(pgresult_value(result, 0, 3));
	connections = pgresult_uint(result, 0, 4);
	if (connections && session->opts.lock != SESSION_LOCK_NONE)
		connections--; /* the lock holder's own */
	session->facts.free_connections = connections;
	session->facts.database_oid = pgresult_uint(result, 0, 5);
	session->can_tell_identity = pgresult_is_true(result, 0, 6);
	session->facts.can_check_client = pgresult_is_true(result, 0, 7);
	session->pid = pgresult_uint(result, 0, 9);
	if (session->opts.is_writer && pgresult_is_true(result, 0, 8)) {
		refuse_standby(session);
		return;
	}
	session->settings.can_check_client = session->facts.can_check_client;
	session->settings.is_writable = !pgresult_is_true(result, 0, 8);
	set_prologue(session);
	set_session(session, pgresult_is_true(result, 0, 10));
}

static void on_unpooled_set(void *owner, const struct pg_result *result,
			    const struct error *err)
{
	struct session *session = owner;

	(void)result;
	if (err)
		failed(session, err);
	else
		pgconn_query(session->conn, facts_sql, NULL, 0, on_facts, session);
}

static void ask_facts(struct session *session)
{
	AUTO_FREE char *unpooled = NULL;

	session->settings.server_version_num =
		(unsigned)PQserverVersion(pgconn_libpq(session->conn));
	session->settings.lock_wait_ms = session->opts.lock_wait_ms;
	set_prologue(session);
	unpooled = session->opts.is_unpooled ? settings_format(&session->settings, false)
					     : NULL;
	if (unpooled)
		pgconn_script(session->conn, unpooled, on_unpooled_set, session);
	else
		pgconn_query(session->conn, facts_sql, NULL, 0, on_facts, session);
}

static void on_connected(void *owner, const struct error *err)
{
	struct session *session = owner;

	if (!err) {
		ask_facts(session);
		return;
	}
	if (!retry(session, err, pgconn_needs_password(session->conn))) {
		struct error hinted = *err;

		if (pgconn_needs_password(session->conn)) {
			AUTO_FREE char *whose = str_format(
				" for user \"%s\", database \"%s\"",
				pgconn_user(session->conn), pgconn_dbname(session->conn));

			error_append(&hinted, whose);
			error_hint(&hinted, "provide one with PGPASSWORD, ~/.pgpass, the "
					    "config file or "
					    "--password");
		}
		failed(session, &hinted);
		return;
	}
	pgconn_free(session->conn);
	session->conn = NULL;
}

static void on_lost(void *owner, const struct error *err)
{
	struct session *session = owner;

	session->opts.lost(session->opts.owner, err);
}

static void on_warning(void *owner, const char *text)
{
	struct session *session = owner;

	session->opts.warning(session->opts.owner, text);
}

static void try_connect(void *owner)
{
	struct session *session = owner;
	struct pgconn_opts opts = {
		.loop = session->opts.loop,
		.info = &session->info,
		.timeout_s = session->opts.timeout_s,
		.answer_ms = session->opts.answer_ms,
		.ready = on_connected,
		.lost = on_lost,
		.warning = session->opts.warning ? on_warning : NULL,
		.owner = session,
	};
	struct error err;

	session->pause = NULL;
	if (!pgconn_start(&opts, &session->conn, &err))
		failed(session, &err);
}

struct session *session_start(const struct session_opts *opts)
{
	struct session *session = xcalloc(1, sizeof(*session));

	session->opts = *opts;
	session->opts.info = NULL;
	conninfo_copy(&session->info, opts->info);
	conninfo_set(&session->info, "application_name", opts->program);
	conninfo_set(&session->info, "client_encoding", "UTF8");
	session->pause = timer_start(opts->loop, 0, try_connect,
				     session); /* so that `ready` is called later */
	return session;
}

const struct session_facts *session_facts(const struct session *session)
{
	return &session->facts;
}

unsigned session_server_major(const struct session *session)
{
	return session->facts.server_version_num / 10000;
}

struct pgconn *session_conn(const struct session *session)
{
	return session->conn;
}

static void on_discarded(void *owner, const struct pg_result *result,
			 const struct error *err)
{
	struct session *session = owner;

	(void)result;
	if (err)
		failed(session, err);
	else
		on_connected(session, NULL);
}

void session_use_role_path(struct session *session, uint64_t statement_ms)
{
	session->settings.has_role_path = true;
	session->settings.statement_ms = statement_ms;
	set_prologue(session);
}

void session_reset(struct session *session)
{
	assert(session->opts.lock == SESSION_LOCK_NONE && !session->opts.has_snapshot);
	/* DISCARD ALL cannot run in a transaction */
	pgconn_set_prologue(session->conn, NULL);
	pgconn_query(session->conn, "DISCARD ALL", NULL, 0, on_discarded, session);
}

void session_conninfo(const struct session *session, struct conninfo *out)
{
	*out = (struct conninfo){ 0 };
	conninfo_copy(out, &session->info);
	conninfo_set(out, "host", pgconn_host(session->conn));
	conninfo_set(out, "hostaddr", pgconn_hostaddr(session->conn));
	conninfo_set(out, "port", pgconn_port(session->conn));
}

/* ---- the reader ---- */

static void on_reader_lost(void *owner, const struct error *err)
{
	(void)owner; /* the next query reports it */
	(void)err;
}

struct session *
session_start_reader(struct session *session,
		     void (*on_ready)(void *owner, const struct error *err), void *owner)
{
	struct conninfo info;
	struct session_opts opts = session->opts;

	assert(!session->reader);
	session_conninfo(session, &info);
	opts.info = &info;
	opts.lock = SESSION_LOCK_NONE;
	opts.has_snapshot = false;
	opts.ask_password = NULL;
	opts.waiting = NULL;
	opts.warning = NULL;
	opts.ready = on_ready;
	opts.lost = on_reader_lost;
	opts.owner = owner;
	session->reader = session_start(&opts);
	conninfo_release(&info);
	return session->reader;
}

void session_end_reader(struct session *session)
{
	const struct error closed = { .kind = ERROR_SERVER,
				      .text = "the connection was closed" };
	struct session *reader = session->reader;
	bool is_waited_for;

	if (!reader)
		return;
	session->reader = NULL;
	is_waited_for = session->is_closing && !reader->is_ready && !reader->has_failed;
	reader->is_closing = true;
	if (is_waited_for)
		reader->opts.ready(reader->opts.owner, &closed);
	session_free(reader);
}

/* ---- */

void session_free(struct session *session)
{
	if (!session)
		return;
	session->is_closing = true;
	session_end_reader(session);
	if (session->pause)
		timer_cancel(session->pause);
	end_holder(session);
	pgconn_free(session->conn);
	conninfo_release(&session->info);
	release_facts(session);
	free(session);
}
