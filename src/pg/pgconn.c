/* SPDX-License-Identifier: PostgreSQL */
#include "pg/pgconn.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include <libpq-fe.h>
#include <uv.h>

#include "base/auto.h"
#include "base/str.h"
#include "pg/pgcancel.h"

enum { CONNECT_TIMEOUT_S = 30, CLOSING_LOOK_MS = 20, CLOSING_LOOKS = 150 };

enum { MOST_LINE_BYTES = 1 << 20 }; /* of a line of COPY */

enum state { CONNECTING, IDLE, BUSY, LOST };

struct pgconn {
	PGconn *pg;
	struct loop *loop;
	unsigned timeout_s;
	uint64_t answer_ms;
	enum state state;
	uv_poll_t
		*poll; /* on the heap: libpq may change the socket between two of them */
	/* while connecting; later, a failure to send that is still to be reported */
	struct timer *deadline;
	struct timer *patience; /* limits how long a query may stay unanswered */
	void (*ready)(void *owner, const struct error *err);
	void (*lost)(void *owner, const struct error *err);
	void (*warning)(void *owner, const char *text);
	void *owner;
	pgconn_done_fn *done;
	void *done_owner;
	pgconn_row_fn *row; /* for COPY; NULL: none is expected */
	size_t copies;      /* begun so far */
	bool is_copying;
	size_t line_bytes; /* at least this much of a line has been received */
	PGresult *result;
	struct error failure;      /* of the running query */
	struct pg_failure details; /* of the same */
	bool is_failed;
	bool is_given_up; /* `failure` says why; no more queries are sent */
	bool is_timed_out;
	char *prologue;                     /* NULL: none */
	size_t sent_statements, sent_chars; /* of it, sent with the running query */
	char notice[512]; /* the last one: a server that shuts down says why in it */
};

static void on_poll(uv_poll_t *poll, int status, int events);

static void on_poll_closed(uv_handle_t *handle)
{
	free(handle);
}

static void poll_stop(struct pgconn *conn)
{
	if (conn->poll)
		uv_close((uv_handle_t *)conn->poll, on_poll_closed);
	conn->poll = NULL;
}

/* Wait for `events`. The socket may change while connecting, so the handle is made
 * anew. */
static void poll_start(struct pgconn *conn, int events)
{
	int rc;

	if (conn->state == CONNECTING)
		poll_stop(conn);
	if (!conn->poll) {
		conn->poll = xcalloc(1, sizeof(*conn->poll));
		rc = uv_poll_init(loop_uv(conn->loop), conn->poll, PQsocket(conn->pg));
		assert(!rc);
		conn->poll->data = conn;
	}
	rc = uv_poll_start(conn->poll, events, on_poll);
	assert(!rc);
}

/* libpq's message without the last newline. */
static bool set_from_libpq(struct pgconn *conn, struct error *err)
{
	AUTO_FREE char *text = xstrdup(PQerrorMessage(conn->pg));
	size_t length = strlen(text);

	while (length > 0 && text[length - 1] == '\n')
		text[--length] = '\0';
	return error_set(err, ERROR_SERVER, "%s", length ? text : "connection lost");
}

static void stop_deadline(struct pgconn *conn)
{
	if (conn->deadline)
		timer_cancel(conn->deadline);
	conn->deadline = NULL;
}

static void connect_failed(struct pgconn *conn, const struct error *err)
{
	stop_deadline(conn);
	poll_stop(conn);
	conn->state = LOST;
	conn->ready(conn->owner, err);
}

static void on_connect_deadline(void *owner)
{
	struct pgconn *conn = owner;
	struct error err;

	conn->deadline = NULL;
	conn->is_timed_out = true;
	error_set(&err, ERROR_SERVER,
		  "connection to server at \"%s\", port %s failed: timeout "
		  "expired",
		  pgconn_host(conn), pgconn_port(conn));
	connect_failed(conn, &err);
}

static void advance_connect(struct pgconn *conn)
{
	struct error err;

	switch (PQconnectPoll(conn->pg)) {
	case PGRES_POLLING_READING:
		poll_start(conn, UV_READABLE);
		return;
	case PGRES_POLLING_WRITING:
		poll_start(conn, UV_WRITABLE);
		return;
	case PGRES_POLLING_OK:
		stop_deadline(conn);
		PQsetnonblocking(conn->pg, 1);
		poll_start(conn, UV_READABLE);
		conn->state = IDLE;
		conn->ready(conn->owner, NULL);
		return;
	case PGRES_POLLING_FAILED:
	case PGRES_POLLING_ACTIVE: /* unused by libpq */
		break;
	}
	set_from_libpq(conn, &err);
	connect_failed(conn, &err);
}

static void on_notice(void *owner, const PGresult *result)
{
	const char *message = PQresultErrorMessage(result);
	const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
	const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	struct pgconn *conn = owner;

	if (conn->warning && conn->state != CONNECTING && severity && primary &&
	    !strcmp(severity, "WARNING"))
		conn->warning(conn->owner, primary);
	else
		snprintf(conn->notice, sizeof(conn->notice), "%.*s",
			 (int)strcspn(message, "\n"), message);
}

uint64_t pgconn_connect_timeout_ms(const struct pgconn *conn)
{
	PQconninfoOption *options = PQconninfo(conn->pg);
	uint64_t seconds = conn->timeout_s;

	for (const PQconninfoOption *o = options; o && o->keyword; o++)
		if (!strcmp(o->keyword, "connect_timeout") && o->val)
			if (!str_parse_uint(o->val, 1, 86400, &seconds))
				seconds = conn->timeout_s;
	PQconninfoFree(options);
	return seconds * 1000;
}

bool pgconn_start(const struct pgconn_opts *opts, struct pgconn **out, struct error *err)
{
	struct pgconn *conn = xcalloc(1, sizeof(*conn));

	conn->loop = opts->loop;
	conn->answer_ms = opts->answer_ms;
	conn->timeout_s = opts->timeout_s ? opts->timeout_s : CONNECT_TIMEOUT_S;
	conn->ready = opts->ready;
	conn->lost = opts->lost;
	conn->warning = opts->warning;
	conn->owner = opts->owner;
	conn->pg = PQconnectStartParams(strvec_argv(&opts->info->keywords),
					strvec_argv(&opts->info->values), 0);
	if (!conn->pg)
		abort(); /* out of memory */
	if (PQstatus(conn->pg) == CONNECTION_BAD) {
		set_from_libpq(conn, err);
		if (!strstr(err->text, "connection to server"))
			error_prefix(err,
				     "connection to server at \"%s\", port %s failed",
				     pgconn_host(conn), pgconn_port(conn));
		PQfinish(conn->pg);
		free(conn);
		return false;
	}
	PQsetNoticeReceiver(conn->pg, on_notice, conn);
	conn->deadline = timer_start(conn->loop, pgconn_connect_timeout_ms(conn),
				     on_connect_deadline, conn);
	poll_start(conn, UV_WRITABLE); /* required before the first PQconnectPoll() */
	*out = conn;
	return true;
}

bool pgconn_is_timed_out(const struct pgconn *conn)
{
	return conn->is_timed_out;
}

bool pgconn_needs_password(const struct pgconn *conn)
{
	return PQconnectionNeedsPassword(conn->pg);
}

static void stop_patience(struct pgconn *conn)
{
	if (conn->patience)
		timer_cancel(conn->patience);
	conn->patience = NULL;
}

static void query_done(struct pgconn *conn)
{
	pgconn_done_fn *done = conn->done;
	PGresult *result = conn->result;

	stop_patience(conn);
	conn->done = NULL;
	conn->result = NULL;
	if (conn->state == BUSY)
		conn->state = IDLE;
	if (conn->is_failed) {
		struct error failure = conn->failure; /* `done` may free the connection */

		done(conn->done_owner, NULL, &failure);
	} else {
		done(conn->done_owner, result, NULL);
	}
	PQclear(result);
}

static void connection_lost(struct pgconn *conn)
{
	enum state before = conn->state;

	set_from_libpq(conn, &conn->failure);
	if (conn->notice[0])
		error_set(&conn->failure, ERROR_SERVER, "%s", conn->notice);
	error_prefix(&conn->failure, "the connection to the server was lost");
	conn->is_failed = true;
	conn->details = (struct pg_failure){ 0 };
	conn->state = LOST;
	poll_stop(conn);
	if (before == BUSY) {
		query_done(conn);
	} else if (before == IDLE) {
		struct error failure = conn->failure;

		conn->lost(conn->owner, &failure);
	}
}

void pgconn_give_up(struct pgconn *conn, const struct error *why)
{
	enum state before = conn->state;

	if (before != BUSY && before != IDLE)
		return;
	stop_patience(conn);
	stop_deadline(conn);
	poll_stop(conn);
	conn->failure = *why;
	conn->is_failed = true;
	conn->is_given_up = true;
	conn->details = (struct pg_failure){ 0 };
	conn->state = LOST;
	if (before == IDLE) {
		conn->lost(conn->owner, why);
		return;
	}
	/* the connection may be kept for long, and what the query holds with it */
	pgcancel_free(pgcancel_start(conn->pg));
	query_done(conn);
}

static void on_no_answer(void *owner)
{
	struct pgconn *conn = owner;
	struct error silent;

	conn->patience = NULL;
	error_set(&silent, ERROR_SERVER,
		  "the server has not answered for %llu s: giving up",
		  (unsigned long long)conn->answer_ms / 1000);
	pgconn_give_up(conn, &silent);
}

/* Send the rest of the query, then wait for the answer. Returns false if the connection
 * is lost; it may have been freed. */
static bool flush(struct pgconn *conn)
{
	int rc = PQflush(conn->pg);

	if (rc < 0)
		connection_lost(conn);
	else
		poll_start(conn, rc ? UV_READABLE | UV_WRITABLE : UV_READABLE);
	return rc >= 0;
}

static size_t less(size_t whole, size_t part)
{
	return whole > part ? whole - part : 0;
}

/* Count statements and characters in the caller's query only. */
static void disregard_prologue(struct pgconn *conn)
{
	conn->details.statements = less(conn->details.statements, conn->sent_statements);
	conn->details.position = less(conn->details.position, conn->sent_chars);
}

static void take_result(struct pgconn *conn, PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	if (status == PGRES_COPY_OUT && conn->row) {
		conn->is_copying = true;
		conn->copies++;
		PQclear(result);
		return;
	}
	if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK ||
	    status == PGRES_EMPTY_QUERY) {
		PQclear(conn->result);
		conn->result = result;
		conn->details.statements++;
		return;
	}
	if (!conn->is_failed) {
		pgresult_describe_failure(result, &conn->failure, &conn->details);
		disregard_prologue(conn);
	}
	conn->is_failed = true;
	PQclear(result);
}

/* The number of bytes that the system has received but libpq has not read. */
static size_t waiting_bytes(const struct pgconn *conn)
{
	int bytes = 0;

	return ioctl(PQsocket(conn->pg), FIONREAD, &bytes) < 0 ? 0 : (size_t)bytes;
}

/* Returns false if the caller wants no more rows. */
static bool take_lines(struct pgconn *conn)
{
	while (conn->is_copying) {
		char *line;
		int length = PQgetCopyData(conn->pg, &line, true);
		bool is_wanted;

		if (!length)
			return conn->line_bytes <= MOST_LINE_BYTES ||
			       conn->row(conn->done_owner, conn->copies - 1, NULL, 0);
		conn->line_bytes = 0;
		if (length < 0) {
			/* a result follows and says how it ended */
			conn->is_copying = false;
			break;
		}
		is_wanted = conn->row(conn->done_owner, conn->copies - 1, line,
				      (size_t)length - (line[length - 1] == '\n'));
		PQfreemem(line);
		if (!is_wanted)
			return false;
	}
	return true;
}

/* Only closing the connection stops a server from sending. */
static void refuse(struct pgconn *conn)
{
	error_set(&conn->failure, ERROR_SERVER,
		  "the server sent more data than expected");
	conn->is_failed = true;
	conn->details = (struct pg_failure){ 0 };
	conn->state = LOST;
	poll_stop(conn);
	query_done(conn);
}

static bool consume(struct pgconn *conn)
{
	size_t before = conn->is_copying ? waiting_bytes(conn) : 0;
	size_t after;

	if (!PQconsumeInput(conn->pg))
		return false;
	after = conn->is_copying ? waiting_bytes(conn) : 0;
	conn->line_bytes += before > after ? before - after : 0;
	return true;
}

static void read_answer(struct pgconn *conn)
{
	bool is_whole = false;

	if (!consume(conn)) {
		connection_lost(conn);
		return;
	}
	while (!PQisBusy(conn->pg)) { /* this also reads notices while idle */
		PGresult *result;

		if (!take_lines(conn)) {
			refuse(conn);
			return;
		}
		if (conn->is_copying || PQisBusy(conn->pg))
			break;
		result = conn->state == BUSY ? PQgetResult(conn->pg) : NULL;

		if (!result) {
			is_whole = true;
			break;
		}
		take_result(conn, result);
	}
	if (PQstatus(conn->pg) == CONNECTION_BAD)
		connection_lost(conn);
	else if (is_whole && conn->state == BUSY)
		query_done(conn);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct pgconn *conn = poll->data;

	if (conn->state == CONNECTING) {
		advance_connect(conn);
		return;
	}
	if (!status && (events & UV_WRITABLE) && !flush(conn))
		return;
	if (status) /* libuv has stopped; there may be more to read than is taken now */
		poll_start(conn, UV_READABLE);
	if (status || (events & UV_READABLE))
		read_answer(conn);
}

static void on_send_failed(void *owner)
{
	struct pgconn *conn = owner;

	conn->deadline = NULL;
	if (conn->is_given_up) {
		conn->is_failed = true;
		conn->state = LOST;
		query_done(conn);
		return;
	}
	connection_lost(conn);
}

/* Returns false if the connection was given up; `done` will get the reason. */
static bool begin_query(struct pgconn *conn, pgconn_done_fn *done, void *owner)
{
	assert((conn->state == IDLE || conn->state == LOST) && !conn->done);
	conn->done = done;
	conn->done_owner = owner;
	conn->is_failed = false;
	conn->is_copying = false;
	conn->row = NULL;
	conn->copies = conn->line_bytes = 0;
	conn->details = (struct pg_failure){ 0 };
	conn->state = BUSY;
	if (conn->is_given_up) {
		conn->deadline = timer_start(conn->loop, 0, on_send_failed, conn);
		return false;
	}
	if (conn->answer_ms)
		conn->patience =
			timer_start(conn->loop, conn->answer_ms, on_no_answer, conn);
	return true;
}

static void send_query(struct pgconn *conn, bool is_queued)
{
	if (is_queued && PQflush(conn->pg) >= 0)
		poll_start(conn, UV_READABLE | UV_WRITABLE);
	else
		conn->deadline = timer_start(conn->loop, 0, on_send_failed, conn);
}

/* What has to be sent for a query or script that begins a transaction. */
static void begin_with_prologue(struct pgconn *conn, struct strbuf *out)
{
	strbuf_add_str(out, conn->prologue);
	conn->sent_chars = out->length; /* plain ASCII */
	for (const char *p = conn->prologue; (p = strchr(p, ';')); p++)
		conn->sent_statements++;
}

/* Replace each parameter by a literal: only then can several statements be sent at once,
 * as one transaction. Returns false if a text is not valid in the encoding. */
static bool add_filled(struct pgconn *conn, const char *sql, const char *const *params,
		       unsigned param_count, struct strbuf *out)
{
	for (const char *p = sql; *p; p++) {
		unsigned index = *p == '$' && p[1] >= '1' && p[1] <= '9'
					 ? (unsigned)(p[1] - '1')
					 : param_count;
		char *literal;

		if (index >= param_count) {
			strbuf_add_char(out, *p);
			continue;
		}
		p++;
		if (!params[index]) {
			strbuf_add_str(out, "NULL");
			continue;
		}
		literal = PQescapeLiteral(conn->pg, params[index], strlen(params[index]));
		if (!literal)
			return false;
		strbuf_add_str(out, literal);
		PQfreemem(literal);
	}
	return true;
}

static bool begins_with_prologue(struct pgconn *conn)
{
	conn->sent_statements = conn->sent_chars = 0;
	return conn->prologue && PQtransactionStatus(conn->pg) == PQTRANS_IDLE;
}

void pgconn_query(struct pgconn *conn, const char *sql, const char *const *params,
		  unsigned param_count, pgconn_done_fn *done, void *owner)
{
	AUTO_STRBUF struct strbuf whole = { 0 };

	assert(param_count <= 9);
	if (!begin_query(conn, done, owner))
		return;
	if (begins_with_prologue(conn)) {
		begin_with_prologue(conn, &whole);
		if (add_filled(conn, sql, params, param_count, &whole)) {
			send_query(conn, PQsendQuery(conn->pg, whole.buf));
			return;
		}
		conn->sent_statements = conn->sent_chars = 0;
	}
	send_query(conn, PQsendQueryParams(conn->pg, sql, (int)param_count, NULL, params,
					   NULL, NULL, 0));
}

void pgconn_script(struct pgconn *conn, const char *sql, pgconn_done_fn *done,
		   void *owner)
{
	AUTO_STRBUF struct strbuf whole = { 0 };

	if (!begin_query(conn, done, owner))
		return;
	if (begins_with_prologue(conn))
		begin_with_prologue(conn, &whole);
	strbuf_add_str(&whole, sql);
	send_query(conn, PQsendQuery(conn->pg, whole.buf));
}

void pgconn_set_prologue(struct pgconn *conn, const char *sql)
{
	free(conn->prologue);
	conn->prologue = sql ? xstrdup(sql) : NULL;
}

void pgconn_copy(struct pgconn *conn, const char *sql, pgconn_row_fn *row,
		 pgconn_done_fn *done, void *owner)
{
	pgconn_script(conn, sql, done, owner);
	conn->row = row;
}

const struct pg_failure *pgconn_failure(const struct pgconn *conn)
{
	return &conn->details;
}

const char *pgconn_host(const struct pgconn *conn)
{
	const char *host = PQhost(conn->pg);

	return host ? host : "";
}

const char *pgconn_hostaddr(const struct pgconn *conn)
{
	const char *address = PQhostaddr(conn->pg);

	return address ? address : "";
}

const char *pgconn_port(const struct pgconn *conn)
{
	const char *port = PQport(conn->pg);

	return port ? port : "";
}

const char *pgconn_user(const struct pgconn *conn)
{
	const char *user = PQuser(conn->pg);

	return user ? user : "";
}

const char *pgconn_dbname(const struct pgconn *conn)
{
	const char *dbname = PQdb(conn->pg);

	return dbname ? dbname : "";
}

struct pg_conn *pgconn_libpq(const struct pgconn *conn)
{
	return conn->pg;
}

void pgconn_describe(const struct pgconn *conn, char *out, size_t size_bytes)
{
	snprintf(out, size_bytes, "database \"%s\" on host \"%s\", port %s",
		 pgconn_dbname(conn), pgconn_host(conn), pgconn_port(conn));
}

bool pg_is_transient(const char *message)
{
	/* FATAL messages of SQLSTATE 53300 and 57P03; libpq reports no SQLSTATE for a
	 * failed connection. */
	static const char *const passing[] = {
		"too many clients already",
		"remaining connection slots are reserved",
		"too many connections for",
		"the database system is starting up",
		"the database system is not yet accepting connections",
		"no more connections allowed", /* pgbouncer */
	};

	for (size_t i = 0; i < ARRAY_SIZE(passing); i++)
		if (strstr(message, passing[i]))
			return true;
	return false;
}

const char *pg_pooler_hint(const char *message)
{
	if (strstr(message, "query_wait_timeout"))
		return "the connection pooler has no free server connection: a save "
		       "needs at least 3, a restore or upgrade 2 plus one for each of "
		       "--jobs (pool_size); or connect to the server directly";
	if (!strstr(message, "unsupported startup parameter"))
		return NULL;
	return "the connection pooler refuses options: set ignore_startup_parameters = "
	       "options in its pgbouncer.ini, or connect to the server directly";
}

void pgconn_cancel(struct pgconn *conn)
{
	if (conn->done)
		pgcancel_free(pgcancel_start(conn->pg));
}

/* ---- given up while the server works on a query ---- */

/*
 * The session is closed only after the server was asked to cancel the query. Otherwise
 * the server would continue with it, and hold the lock, until it has the answer. Only the
 * loop waits for that, and only for a limited time.
 */
struct closing {
	struct loop *loop;
	PGconn *pg;
	struct pgcancel *cancel;
	unsigned looks;
};

static void look_at_closing(void *owner)
{
	struct closing *closing = owner;

	if (!pgcancel_is_done(closing->cancel) && ++closing->looks < CLOSING_LOOKS) {
		timer_start(closing->loop, CLOSING_LOOK_MS, look_at_closing, closing);
		return;
	}
	pgcancel_free(closing->cancel);
	PQfinish(closing->pg);
	free(closing);
}

static void close_busy(struct pgconn *conn)
{
	struct closing *closing = xcalloc(1, sizeof(*closing));

	*closing = (struct closing){ .loop = conn->loop,
				     .pg = conn->pg,
				     .cancel = pgcancel_start(conn->pg) };
	conn->is_failed = true;
	conn->state = LOST;
	error_set(&conn->failure, ERROR_SERVER, "the connection was closed");
	query_done(conn);
	conn->pg = NULL;
	timer_start(conn->loop, 0, look_at_closing, closing);
}

void pgconn_free(struct pgconn *conn)
{
	if (!conn)
		return;
	stop_deadline(conn);
	stop_patience(conn);
	poll_stop(conn);
	if (conn->done)
		close_busy(conn);
	PQclear(conn->result);
	PQfinish(conn->pg);
	free(conn->prologue);
	free(conn);
}
