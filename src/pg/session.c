/* SPDX-License-Identifier: PostgreSQL */
#include "pg/session.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "base/auto.h"
#include "base/str.h"
#include "pg/holder.h"
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
	struct holder *holder; /* NULL: none */
	unsigned holder_attempts;
	bool can_tell_identity;
	uint64_t pid;           /* of the server's process that answered first */
	struct session *reader; /* NULL: none */
	struct settings settings;
	struct session_facts facts;
};

/* Those settings are asked for that older servers, or other systems, lack. */
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

/* Rights to a function are looked at even where it is not called: a query of its own. */
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

static void failed(struct session *s, const struct error *err)
{
	struct error described = *err;
	char where[300];

	if (s->is_closing)
		return;
	if (s->conn && !strstr(err->text, "connection to server")) {
		pgconn_describe(s->conn, where, sizeof(where));
		error_prefix(&described, "%s", where);
	}
	if (!described.hint[0] && pg_pooler_hint(err->text))
		error_hint(&described, "%s", pg_pooler_hint(err->text));
	s->has_failed = true;
	s->opts.ready(s->opts.owner, &described);
}

/* Try again after a pause, or with a password, if that may help. */
static bool retry(struct session *s, const struct error *err, bool needs_password)
{
	char *password = NULL;
	uint64_t pause_ms;

	if (needs_password && !s->was_asked && s->opts.ask_password) {
		s->was_asked = true;
		if (!s->opts.ask_password(s->opts.owner, &password))
			return false;
		conninfo_set(&s->info, "password", password);
		explicit_bzero(password, strlen(password));
		free(password);
		s->pause = timer_start(s->opts.loop, 0, try_connect, s);
		return true;
	}
	if (pgconn_is_timed_out(s->conn) && hosts_skip(s->conn, &s->info)) {
		s->pause = timer_start(s->opts.loop, 0, try_connect, s);
		return true;
	}
	pause_ms = session_retry_pause_ms(++s->attempts);
	if (!pause_ms || s->opts.is_impatient || !pg_is_transient(err->text))
		return false;
	if (s->opts.waiting)
		s->opts.waiting(s->opts.owner, err, pause_ms);
	s->pause = timer_start(s->opts.loop, pause_ms, try_connect, s);
	return true;
}

static void ready(struct session *s)
{
	s->is_ready = true;
	s->opts.ready(s->opts.owner, NULL);
}

static void on_snapshot(void *owner, const struct pg_result *result,
			const struct error *err)
{
	struct session *s = owner;

	if (err) {
		failed(s, err);
		return;
	}
	s->facts.snapshot = xstrdup(pgresult_value(result, 0, 0));
	s->facts.is_pooled |= pgresult_uint(result, 0, 1) != s->pid;
	clock_now(s->facts.snapshot_at);
	ready(s);
}

static void on_begun(void *owner, const struct pg_result *result, const struct error *err)
{
	struct session *s = owner;

	(void)result;
	if (err)
		failed(s, err);
	else
		pgconn_query(s->conn,
			     "SELECT pg_catalog.pg_export_snapshot(),"
			     " pg_catalog.pg_backend_pid()",
			     NULL, 0, on_snapshot, s);
}

static void start_snapshot(struct session *s)
{
	if (s->opts.has_snapshot)
		pgconn_query(s->conn, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
			     NULL, 0, on_begun, s);
	else
		ready(s);
}

/* ---- the session that holds the lock ---- */

static void start_holder(void *owner);

static void end_holder(struct session *s)
{
	holder_free(s->holder);
	s->holder = NULL;
}

/* Without the lock, the rest is of no use. */
static void on_holder_lost(void *owner, const struct error *err)
{
	struct session *s = owner;
	struct error named = *err;

	error_prefix(&named, "the session that holds the lock");
	pgconn_give_up(s->conn, &named);
}

static void on_held(void *owner, const struct error *err)
{
	struct session *s = owner;
	uint64_t pause_ms;

	if (!err) {
		/* a pooler gave it the process that had answered us before */
		s->facts.is_pooled = holder_pid(s->holder) == s->pid;
		start_snapshot(s);
		return;
	}
	pause_ms = session_retry_pause_ms(++s->holder_attempts);
	if (!pause_ms || s->opts.is_impatient || !pg_is_transient(err->text)) {
		failed(s, err);
		return;
	}
	if (s->opts.waiting)
		s->opts.waiting(s->opts.owner, err, pause_ms);
	end_holder(s);
	s->pause = timer_start(s->opts.loop, pause_ms, start_holder, s);
}

static void start_holder(void *owner)
{
	struct session *s = owner;
	AUTO_FREE char *name = str_format("%s" HOLDER_SUFFIX, s->opts.program);
	AUTO_FREE char *settings = settings_format(&s->settings, true);
	struct conninfo info;
	const struct holder_opts opts = { .loop = s->opts.loop,
					  .info = &info,
					  .timeout_s = s->opts.timeout_s,
					  .answer_ms = s->opts.answer_ms,
					  .settings = settings,
					  .is_exclusive =
						  s->opts.lock == SESSION_LOCK_EXCLUSIVE,
					  .ready = on_held,
					  .lost = on_holder_lost,
					  .owner = s };
	struct error err;
	bool is_started;

	s->pause = NULL;
	session_conninfo(s, &info);
	conninfo_set(&info, "application_name", name);
	is_started = holder_start(&opts, &s->holder, &err);
	conninfo_release(&info);
	if (!is_started)
		failed(s, &err);
}

static void take_lock(struct session *s)
{
	if (s->opts.lock == SESSION_LOCK_NONE)
		start_snapshot(s);
	else
		s->pause = timer_start(s->opts.loop, 0, start_holder, s);
}

/* ---- what is to be known of the server ---- */

static void set_prologue(struct session *s)
{
	AUTO_FREE char *sql =
		s->opts.is_unpooled ? NULL : settings_format(&s->settings, true);

	pgconn_set_prologue(s->conn, sql);
}

static void release_facts(struct session *s)
{
	free(s->facts.dbname);
	free(s->facts.server_version);
	free(s->facts.encoding);
	free(s->facts.snapshot);
	free(s->facts.system_identifier);
	s->facts = (struct session_facts){ 0 };
}

/* A provider's server may refuse to say it: it can be done without. */
static void on_identity(void *owner, const struct pg_result *result,
			const struct error *err)
{
	struct session *s = owner;

	if (err && !pgconn_failure(s->conn)->sqlstate[0]) {
		failed(s, err); /* no answer at all */
		return;
	}
	if (!err && pgresult_rows(result) && pgresult_value(result, 0, 0))
		s->facts.system_identifier = xstrdup(pgresult_value(result, 0, 0));
	take_lock(s);
}

static void refuse_standby(struct session *s)
{
	struct error err;

	error_set(&err, ERROR_SERVER,
		  "the server is a standby, where nothing can be changed");
	error_hint(&err, "connect to the primary; if --dbname names several hosts, "
			 "target_session_attrs=read-write finds it");
	failed(s, &err);
}

static void ask_identity(struct session *s)
{
	if (s->opts.has_identity && s->can_tell_identity)
		pgconn_query(s->conn, identity_sql, NULL, 0, on_identity, s);
	else
		take_lock(s);
}

static void on_session_set(void *owner, const struct pg_result *result,
			   const struct error *err)
{
	struct session *s = owner;

	(void)result;
	if (err)
		failed(s, err);
	else
		ask_identity(s);
}

/* What no transaction can set: it counts before one begins, or between two. A pooler
 * knows of the first two, and takes them back. */
static void set_session(struct session *s, bool is_ended_when_idle)
{
	AUTO_STRBUF struct strbuf sql = { 0 };
	const char *strings =
		PQparameterStatus(pgconn_libpq(s->conn), "standard_conforming_strings");

	if (!strings || strcmp(strings, "on") != 0)
		strbuf_add_str(&sql, "SET standard_conforming_strings = on; ");
	if (!strcmp(s->facts.encoding, "SQL_ASCII"))
		strbuf_add_str(&sql, "SET client_encoding = 'SQL_ASCII'; ");
	if (is_ended_when_idle)
		strbuf_add_str(&sql, "SET idle_session_timeout = 0; ");
	if (s->opts.is_unpooled && s->facts.can_check_client)
		strbuf_add_str(&sql, "SET client_connection_check_interval = 1000; ");
	if (s->opts.is_unpooled && s->settings.is_writable)
		strbuf_add_str(&sql, "SET default_transaction_read_only = off; ");
	if (sql.length)
		pgconn_script(s->conn, sql.buf, on_session_set, s);
	else
		ask_identity(s);
}

static void on_facts(void *owner, const struct pg_result *result, const struct error *err)
{
	struct session *s = owner;
	uint64_t connections;

	if (err) {
		failed(s, err);
		return;
	}
	release_facts(s);
	s->facts.dbname = xstrdup(pgresult_value(result, 0, 0));
	s->facts.server_version = xstrdup(pgresult_value(result, 0, 1));
	s->facts.server_version_num = (unsigned)pgresult_uint(result, 0, 2);
	s->facts.encoding = xstrdup(pgresult_value(result, 0, 3));
	connections = pgresult_uint(result, 0, 4);
	if (connections && s->opts.lock != SESSION_LOCK_NONE)
		connections--; /* to hold it */
	s->facts.free_connections = connections;
	s->facts.database_oid = pgresult_uint(result, 0, 5);
	s->can_tell_identity = pgresult_is_true(result, 0, 6);
	s->facts.can_check_client = pgresult_is_true(result, 0, 7);
	s->pid = pgresult_uint(result, 0, 9);
	if (s->opts.is_writer && pgresult_is_true(result, 0, 8)) {
		refuse_standby(s);
		return;
	}
	s->settings.can_check_client = s->facts.can_check_client;
	s->settings.is_writable = !pgresult_is_true(result, 0, 8);
	set_prologue(s);
	set_session(s, pgresult_is_true(result, 0, 10));
}

static void on_unpooled_set(void *owner, const struct pg_result *result,
			    const struct error *err)
{
	struct session *s = owner;

	(void)result;
	if (err)
		failed(s, err);
	else
		pgconn_query(s->conn, facts_sql, NULL, 0, on_facts, s);
}

static void ask_facts(struct session *s)
{
	AUTO_FREE char *unpooled = NULL;

	s->settings.server_version_num = (unsigned)PQserverVersion(pgconn_libpq(s->conn));
	s->settings.lock_wait_ms = s->opts.lock_wait_ms;
	set_prologue(s);
	unpooled = s->opts.is_unpooled ? settings_format(&s->settings, false) : NULL;
	if (unpooled)
		pgconn_script(s->conn, unpooled, on_unpooled_set, s);
	else
		pgconn_query(s->conn, facts_sql, NULL, 0, on_facts, s);
}

static void on_connected(void *owner, const struct error *err)
{
	struct session *s = owner;

	if (!err) {
		ask_facts(s);
		return;
	}
	if (!retry(s, err, pgconn_needs_password(s->conn))) {
		struct error hinted = *err;

		if (pgconn_needs_password(s->conn)) {
			AUTO_FREE char *whose =
				str_format(" for user \"%s\", database \"%s\"",
					   pgconn_user(s->conn), pgconn_dbname(s->conn));

			error_append(&hinted, whose);
			error_hint(&hinted, "provide one with PGPASSWORD, ~/.pgpass, the "
					    "config file or "
					    "--password");
		}
		failed(s, &hinted);
		return;
	}
	pgconn_free(s->conn);
	s->conn = NULL;
}

static void on_lost(void *owner, const struct error *err)
{
	struct session *s = owner;

	s->opts.lost(s->opts.owner, err);
}

static void on_warning(void *owner, const char *text)
{
	struct session *s = owner;

	s->opts.warning(s->opts.owner, text);
}

static void try_connect(void *owner)
{
	struct session *s = owner;
	struct pgconn_opts opts = {
		.loop = s->opts.loop,
		.info = &s->info,
		.timeout_s = s->opts.timeout_s,
		.answer_ms = s->opts.answer_ms,
		.ready = on_connected,
		.lost = on_lost,
		.warning = s->opts.warning ? on_warning : NULL,
		.owner = s,
	};
	struct error err;

	s->pause = NULL;
	if (!pgconn_start(&opts, &s->conn, &err))
		failed(s, &err);
}

struct session *session_start(const struct session_opts *opts)
{
	struct session *s = xcalloc(1, sizeof(*s));

	s->opts = *opts;
	s->opts.info = NULL;
	conninfo_copy(&s->info, opts->info);
	conninfo_set(&s->info, "application_name", opts->program);
	conninfo_set(&s->info, "client_encoding", "UTF8");
	s->pause = timer_start(opts->loop, 0, try_connect,
			       s); /* so that `ready` comes later */
	return s;
}

const struct session_facts *session_facts(const struct session *s)
{
	return &s->facts;
}

unsigned session_server_major(const struct session *s)
{
	return s->facts.server_version_num / 10000;
}

struct pgconn *session_conn(const struct session *s)
{
	return s->conn;
}

static void on_discarded(void *owner, const struct pg_result *result,
			 const struct error *err)
{
	struct session *s = owner;

	(void)result;
	if (err)
		failed(s, err);
	else
		on_connected(s, NULL);
}

void session_use_role_path(struct session *s, uint64_t statement_ms)
{
	s->settings.has_role_path = true;
	s->settings.statement_ms = statement_ms;
	set_prologue(s);
}

void session_reset(struct session *s)
{
	assert(s->opts.lock == SESSION_LOCK_NONE && !s->opts.has_snapshot);
	pgconn_set_prologue(s->conn, NULL); /* no transaction may do that */
	pgconn_query(s->conn, "DISCARD ALL", NULL, 0, on_discarded, s);
}

void session_conninfo(const struct session *s, struct conninfo *out)
{
	*out = (struct conninfo){ 0 };
	conninfo_copy(out, &s->info);
	conninfo_set(out, "host", pgconn_host(s->conn));
	conninfo_set(out, "hostaddr", pgconn_hostaddr(s->conn));
	conninfo_set(out, "port", pgconn_port(s->conn));
}

/* ---- a session beside it ---- */

static void on_reader_lost(void *owner, const struct error *err)
{
	(void)owner; /* the next query says so */
	(void)err;
}

struct session *
session_start_reader(struct session *s,
		     void (*on_ready)(void *owner, const struct error *err), void *owner)
{
	struct conninfo info;
	struct session_opts opts = s->opts;

	assert(!s->reader);
	session_conninfo(s, &info);
	opts.info = &info;
	opts.lock = SESSION_LOCK_NONE;
	opts.has_snapshot = false;
	opts.ask_password = NULL;
	opts.waiting = NULL;
	opts.warning = NULL;
	opts.ready = on_ready;
	opts.lost = on_reader_lost;
	opts.owner = owner;
	s->reader = session_start(&opts);
	conninfo_release(&info);
	return s->reader;
}

void session_end_reader(struct session *s)
{
	const struct error closed = { .kind = ERROR_SERVER,
				      .text = "the connection was closed" };
	struct session *reader = s->reader;
	bool is_waited_for;

	if (!reader)
		return;
	s->reader = NULL;
	is_waited_for = s->is_closing && !reader->is_ready && !reader->has_failed;
	reader->is_closing = true;
	if (is_waited_for)
		reader->opts.ready(reader->opts.owner, &closed);
	session_free(reader);
}

/* ---- */

void session_free(struct session *s)
{
	if (!s)
		return;
	s->is_closing = true;
	session_end_reader(s);
	if (s->pause)
		timer_cancel(s->pause);
	end_holder(s);
	pgconn_free(s->conn);
	conninfo_release(&s->info);
	release_facts(s);
	free(s);
}
