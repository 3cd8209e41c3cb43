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

enum { MOST_LINE_BYTES = 1 << 20 }; /* of a COPY */

enum state { CONNECTING, IDLE, BUSY, LOST };

struct pgconn {
	PGconn *pg;
	struct loop *loop;
	unsigned timeout_s;
	uint64_t answer_ms;
	enum state state;
	uv_poll_t
		*poll; /* on the heap: libpq may change its socket between two of them */
	struct timer *deadline; /* while connecting; later a failure to send that is to be
				   told */
	struct timer *patience; /* with a server that has a query to answer */
	void (*ready)(void *owner, const struct error *err);
	void (*lost)(void *owner, const struct error *err);
	void (*warning)(void *owner, const char *text);
	void *owner;
	pgconn_done_fn *done;
	void *done_owner;
	pgconn_row_fn *row; /* of a COPY; NULL: none is expected */
	size_t copies;      /* that have begun */
	bool is_copying;
	size_t line_bytes; /* that have come of a line, at least */
	PGresult *result;
	struct error failure;      /* of the running query */
	struct pg_failure details; /* of the same */
	bool is_failed;
	bool is_given_up; /* `failure` says why, and no query is sent any more */
	bool is_timed_out;
	char *prologue;                     /* NULL: none */
	size_t sent_statements, sent_chars; /* of it, with the running query */
	char notice[512]; /* the last one: a server that goes away says why in it */
};

static void on_poll(uv_poll_t *poll, int status, int events);

static void on_poll_closed(uv_handle_t *handle)
{
	free(handle);
}

static void poll_stop(struct pgconn *c)
{
	if (c->poll)
		uv_close((uv_handle_t *)c->poll, on_poll_closed);
	c->poll = NULL;
}

/* Wait for `events`. While connecting the socket may have changed, so the handle is made
 * anew. */
static void poll_start(struct pgconn *c, int events)
{
	int rc;

	if (c->state == CONNECTING)
		poll_stop(c);
	if (!c->poll) {
		c->poll = xcalloc(1, sizeof(*c->poll));
		rc = uv_poll_init(loop_uv(c->loop), c->poll, PQsocket(c->pg));
		assert(!rc);
		c->poll->data = c;
	}
	rc = uv_poll_start(c->poll, events, on_poll);
	assert(!rc);
}

/* libpq's words without the last newline. */
static bool set_from_libpq(struct pgconn *c, struct error *err)
{
	AUTO_FREE char *text = xstrdup(PQerrorMessage(c->pg));
	size_t length = strlen(text);

	while (length > 0 && text[length - 1] == '\n')
		text[--length] = '\0';
	return error_set(err, ERROR_SERVER, "%s", length ? text : "connection lost");
}

static void stop_deadline(struct pgconn *c)
{
	if (c->deadline)
		timer_cancel(c->deadline);
	c->deadline = NULL;
}

static void connect_failed(struct pgconn *c, const struct error *err)
{
	stop_deadline(c);
	poll_stop(c);
	c->state = LOST;
	c->ready(c->owner, err);
}

static void on_connect_deadline(void *owner)
{
	struct pgconn *c = owner;
	struct error err;

	c->deadline = NULL;
	c->is_timed_out = true;
	error_set(&err, ERROR_SERVER,
		  "connection to server at \"%s\", port %s failed: timeout "
		  "expired",
		  pgconn_host(c), pgconn_port(c));
	connect_failed(c, &err);
}

static void advance_connect(struct pgconn *c)
{
	struct error err;

	switch (PQconnectPoll(c->pg)) {
	case PGRES_POLLING_READING:
		poll_start(c, UV_READABLE);
		return;
	case PGRES_POLLING_WRITING:
		poll_start(c, UV_WRITABLE);
		return;
	case PGRES_POLLING_OK:
		stop_deadline(c);
		PQsetnonblocking(c->pg, 1);
		poll_start(c, UV_READABLE);
		c->state = IDLE;
		c->ready(c->owner, NULL);
		return;
	case PGRES_POLLING_FAILED:
	case PGRES_POLLING_ACTIVE: /* unused by libpq */
		break;
	}
	set_from_libpq(c, &err);
	connect_failed(c, &err);
}

static void on_notice(void *owner, const PGresult *result)
{
	const char *message = PQresultErrorMessage(result);
	const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
	const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	struct pgconn *c = owner;

	if (c->warning && c->state != CONNECTING && severity && primary &&
	    !strcmp(severity, "WARNING"))
		c->warning(c->owner, primary);
	else
		snprintf(c->notice, sizeof(c->notice), "%.*s",
			 (int)strcspn(message, "\n"), message);
}

uint64_t pgconn_connect_timeout_ms(const struct pgconn *c)
{
	PQconninfoOption *options = PQconninfo(c->pg);
	uint64_t seconds = c->timeout_s;

	for (const PQconninfoOption *o = options; o && o->keyword; o++)
		if (!strcmp(o->keyword, "connect_timeout") && o->val)
			if (!str_parse_uint(o->val, 1, 86400, &seconds))
				seconds = c->timeout_s;
	PQconninfoFree(options);
	return seconds * 1000;
}

bool pgconn_start(const struct pgconn_opts *opts, struct pgconn **out, struct error *err)
{
	struct pgconn *c = xcalloc(1, sizeof(*c));

	c->loop = opts->loop;
	c->answer_ms = opts->answer_ms;
	c->timeout_s = opts->timeout_s ? opts->timeout_s : CONNECT_TIMEOUT_S;
	c->ready = opts->ready;
	c->lost = opts->lost;
	c->warning = opts->warning;
	c->owner = opts->owner;
	c->pg = PQconnectStartParams(strvec_argv(&opts->info->keywords),
				     strvec_argv(&opts->info->values), 0);
	if (!c->pg)
		abort(); /* out of memory */
	if (PQstatus(c->pg) == CONNECTION_BAD) {
		set_from_libpq(c, err);
		if (!strstr(err->text, "connection to server"))
			error_prefix(err,
				     "connection to server at \"%s\", port %s failed",
				     pgconn_host(c), pgconn_port(c));
		PQfinish(c->pg);
		free(c);
		return false;
	}
	PQsetNoticeReceiver(c->pg, on_notice, c);
	c->deadline = timer_start(c->loop, pgconn_connect_timeout_ms(c),
				  on_connect_deadline, c);
	poll_start(c, UV_WRITABLE); /* as libpq wants before the first PQconnectPoll() */
	*out = c;
	return true;
}

bool pgconn_is_timed_out(const struct pgconn *c)
{
	return c->is_timed_out;
}

bool pgconn_needs_password(const struct pgconn *c)
{
	return PQconnectionNeedsPassword(c->pg);
}

static void stop_patience(struct pgconn *c)
{
	if (c->patience)
		timer_cancel(c->patience);
	c->patience = NULL;
}

static void query_done(struct pgconn *c)
{
	pgconn_done_fn *done = c->done;
	PGresult *result = c->result;

	stop_patience(c);
	c->done = NULL;
	c->result = NULL;
	if (c->state == BUSY)
		c->state = IDLE;
	if (c->is_failed) {
		struct error failure = c->failure; /* `done` may free us */

		done(c->done_owner, NULL, &failure);
	} else {
		done(c->done_owner, result, NULL);
	}
	PQclear(result);
}

static void connection_lost(struct pgconn *c)
{
	enum state before = c->state;

	set_from_libpq(c, &c->failure);
	if (c->notice[0])
		error_set(&c->failure, ERROR_SERVER, "%s", c->notice);
	error_prefix(&c->failure, "the connection to the server was lost");
	c->is_failed = true;
	c->details = (struct pg_failure){ 0 };
	c->state = LOST;
	poll_stop(c);
	if (before == BUSY) {
		query_done(c);
	} else if (before == IDLE) {
		struct error failure = c->failure;

		c->lost(c->owner, &failure);
	}
}

void pgconn_give_up(struct pgconn *c, const struct error *why)
{
	enum state before = c->state;

	if (before != BUSY && before != IDLE)
		return;
	stop_patience(c);
	stop_deadline(c);
	poll_stop(c);
	c->failure = *why;
	c->is_failed = true;
	c->is_given_up = true;
	c->details = (struct pg_failure){ 0 };
	c->state = LOST;
	if (before == IDLE) {
		c->lost(c->owner, why);
		return;
	}
	/* the connection may be kept for long, and with it what the query holds */
	pgcancel_free(pgcancel_start(c->pg));
	query_done(c);
}

static void on_no_answer(void *owner)
{
	struct pgconn *c = owner;
	struct error silent;

	c->patience = NULL;
	error_set(&silent, ERROR_SERVER,
		  "the server has not answered for %llu s: giving up",
		  (unsigned long long)c->answer_ms / 1000);
	pgconn_give_up(c, &silent);
}

/* Send what is left of the query, then wait for the answer. False: lost, and perhaps
 * freed. */
static bool flush(struct pgconn *c)
{
	int rc = PQflush(c->pg);

	if (rc < 0)
		connection_lost(c);
	else
		poll_start(c, rc ? UV_READABLE | UV_WRITABLE : UV_READABLE);
	return rc >= 0;
}

static size_t less(size_t whole, size_t part)
{
	return whole > part ? whole - part : 0;
}

/* Statements and characters are those of the caller's query. */
static void disregard_prologue(struct pgconn *c)
{
	c->details.statements = less(c->details.statements, c->sent_statements);
	c->details.position = less(c->details.position, c->sent_chars);
}

static void take_result(struct pgconn *c, PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	if (status == PGRES_COPY_OUT && c->row) {
		c->is_copying = true;
		c->copies++;
		PQclear(result);
		return;
	}
	if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK ||
	    status == PGRES_EMPTY_QUERY) {
		PQclear(c->result);
		c->result = result;
		c->details.statements++;
		return;
	}
	if (!c->is_failed) {
		pgresult_describe_failure(result, &c->failure, &c->details);
		disregard_prologue(c);
	}
	c->is_failed = true;
	PQclear(result);
}

/* What the system has and libpq has not taken yet. */
static size_t waiting_bytes(const struct pgconn *c)
{
	int bytes = 0;

	return ioctl(PQsocket(c->pg), FIONREAD, &bytes) < 0 ? 0 : (size_t)bytes;
}

/* False: it was told more than it wanted. */
static bool take_lines(struct pgconn *c)
{
	while (c->is_copying) {
		char *line;
		int length = PQgetCopyData(c->pg, &line, true);
		bool is_wanted;

		if (!length)
			return c->line_bytes <= MOST_LINE_BYTES ||
			       c->row(c->done_owner, c->copies - 1, NULL, 0);
		c->line_bytes = 0;
		if (length < 0) {
			c->is_copying = false; /* how it ended is a result */
			break;
		}
		is_wanted = c->row(c->done_owner, c->copies - 1, line,
				   (size_t)length - (line[length - 1] == '\n'));
		PQfreemem(line);
		if (!is_wanted)
			return false;
	}
	return true;
}

/* No server can be kept from sending but by closing. */
static void refuse(struct pgconn *c)
{
	error_set(&c->failure, ERROR_SERVER, "the server sent more data than expected");
	c->is_failed = true;
	c->details = (struct pg_failure){ 0 };
	c->state = LOST;
	poll_stop(c);
	query_done(c);
}

static bool consume(struct pgconn *c)
{
	size_t before = c->is_copying ? waiting_bytes(c) : 0;
	size_t after;

	if (!PQconsumeInput(c->pg))
		return false;
	after = c->is_copying ? waiting_bytes(c) : 0;
	c->line_bytes += before > after ? before - after : 0;
	return true;
}

static void read_answer(struct pgconn *c)
{
	bool is_whole = false;

	if (!consume(c)) {
		connection_lost(c);
		return;
	}
	while (!PQisBusy(c->pg)) { /* this is also what reads notices while idle */
		PGresult *result;

		if (!take_lines(c)) {
			refuse(c);
			return;
		}
		if (c->is_copying || PQisBusy(c->pg))
			break;
		result = c->state == BUSY ? PQgetResult(c->pg) : NULL;

		if (!result) {
			is_whole = true;
			break;
		}
		take_result(c, result);
	}
	if (PQstatus(c->pg) == CONNECTION_BAD)
		connection_lost(c);
	else if (is_whole && c->state == BUSY)
		query_done(c);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct pgconn *c = poll->data;

	if (c->state == CONNECTING) {
		advance_connect(c);
		return;
	}
	if (!status && (events & UV_WRITABLE) && !flush(c))
		return;
	if (status) /* libuv has stopped; there may be more to read than it takes now */
		poll_start(c, UV_READABLE);
	if (status || (events & UV_READABLE))
		read_answer(c);
}

static void on_send_failed(void *owner)
{
	struct pgconn *c = owner;

	c->deadline = NULL;
	if (c->is_given_up) {
		c->is_failed = true;
		c->state = LOST;
		query_done(c);
		return;
	}
	connection_lost(c);
}

/* False: the connection was given up, and `done` will get the reason. */
static bool begin_query(struct pgconn *c, pgconn_done_fn *done, void *owner)
{
	assert((c->state == IDLE || c->state == LOST) && !c->done);
	c->done = done;
	c->done_owner = owner;
	c->is_failed = false;
	c->is_copying = false;
	c->row = NULL;
	c->copies = c->line_bytes = 0;
	c->details = (struct pg_failure){ 0 };
	c->state = BUSY;
	if (c->is_given_up) {
		c->deadline = timer_start(c->loop, 0, on_send_failed, c);
		return false;
	}
	if (c->answer_ms)
		c->patience = timer_start(c->loop, c->answer_ms, on_no_answer, c);
	return true;
}

static void send_query(struct pgconn *c, bool is_queued)
{
	if (is_queued && PQflush(c->pg) >= 0)
		poll_start(c, UV_READABLE | UV_WRITABLE);
	else
		c->deadline = timer_start(c->loop, 0, on_send_failed, c);
}

/* What is to be sent for a query or script that begins a transaction. */
static void begin_with_prologue(struct pgconn *c, struct strbuf *out)
{
	strbuf_add_str(out, c->prologue);
	c->sent_chars = out->length; /* plain ASCII */
	for (const char *p = c->prologue; (p = strchr(p, ';')); p++)
		c->sent_statements++;
}

/* A literal for each parameter: only so can several statements go at once, which are one
 * transaction then. False: some text is not of the encoding. */
static bool add_filled(struct pgconn *c, const char *sql, const char *const *params,
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
		literal = PQescapeLiteral(c->pg, params[index], strlen(params[index]));
		if (!literal)
			return false;
		strbuf_add_str(out, literal);
		PQfreemem(literal);
	}
	return true;
}

static bool begins_with_prologue(struct pgconn *c)
{
	c->sent_statements = c->sent_chars = 0;
	return c->prologue && PQtransactionStatus(c->pg) == PQTRANS_IDLE;
}

void pgconn_query(struct pgconn *c, const char *sql, const char *const *params,
		  unsigned param_count, pgconn_done_fn *done, void *owner)
{
	AUTO_STRBUF struct strbuf whole = { 0 };

	assert(param_count <= 9);
	if (!begin_query(c, done, owner))
		return;
	if (begins_with_prologue(c)) {
		begin_with_prologue(c, &whole);
		if (add_filled(c, sql, params, param_count, &whole)) {
			send_query(c, PQsendQuery(c->pg, whole.buf));
			return;
		}
		c->sent_statements = c->sent_chars = 0;
	}
	send_query(c, PQsendQueryParams(c->pg, sql, (int)param_count, NULL, params, NULL,
					NULL, 0));
}

void pgconn_script(struct pgconn *c, const char *sql, pgconn_done_fn *done, void *owner)
{
	AUTO_STRBUF struct strbuf whole = { 0 };

	if (!begin_query(c, done, owner))
		return;
	if (begins_with_prologue(c))
		begin_with_prologue(c, &whole);
	strbuf_add_str(&whole, sql);
	send_query(c, PQsendQuery(c->pg, whole.buf));
}

void pgconn_set_prologue(struct pgconn *c, const char *sql)
{
	free(c->prologue);
	c->prologue = sql ? xstrdup(sql) : NULL;
}

void pgconn_copy(struct pgconn *c, const char *sql, pgconn_row_fn *row,
		 pgconn_done_fn *done, void *owner)
{
	pgconn_script(c, sql, done, owner);
	c->row = row;
}

const struct pg_failure *pgconn_failure(const struct pgconn *c)
{
	return &c->details;
}

const char *pgconn_host(const struct pgconn *c)
{
	const char *host = PQhost(c->pg);

	return host ? host : "";
}

const char *pgconn_hostaddr(const struct pgconn *c)
{
	const char *address = PQhostaddr(c->pg);

	return address ? address : "";
}

const char *pgconn_port(const struct pgconn *c)
{
	const char *port = PQport(c->pg);

	return port ? port : "";
}

const char *pgconn_user(const struct pgconn *c)
{
	const char *user = PQuser(c->pg);

	return user ? user : "";
}

const char *pgconn_dbname(const struct pgconn *c)
{
	const char *dbname = PQdb(c->pg);

	return dbname ? dbname : "";
}

struct pg_conn *pgconn_libpq(const struct pgconn *c)
{
	return c->pg;
}

void pgconn_describe(const struct pgconn *c, char *out, size_t size_bytes)
{
	snprintf(out, size_bytes, "database \"%s\" on host \"%s\", port %s",
		 pgconn_dbname(c), pgconn_host(c), pgconn_port(c));
}

bool pg_is_transient(const char *message)
{
	/* FATAL messages of SQLSTATE 53300 and 57P03; libpq gives no SQLSTATE for a
	 * connection. */
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

void pgconn_cancel(struct pgconn *c)
{
	if (c->done)
		pgcancel_free(pgcancel_start(c->pg));
}

/* ---- given up while the server works on a query ---- */

/*
 * The session is closed when the server has been asked to end the query: it would go on
 * with it otherwise, and keep our lock, until it has the answer. Nobody waits for that
 * but the loop, and that not for ever.
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

static void close_busy(struct pgconn *c)
{
	struct closing *closing = xcalloc(1, sizeof(*closing));

	*closing = (struct closing){ .loop = c->loop,
				     .pg = c->pg,
				     .cancel = pgcancel_start(c->pg) };
	c->is_failed = true;
	c->state = LOST;
	error_set(&c->failure, ERROR_SERVER, "the connection was closed");
	query_done(c);
	c->pg = NULL;
	timer_start(c->loop, 0, look_at_closing, closing);
}

void pgconn_free(struct pgconn *c)
{
	if (!c)
		return;
	stop_deadline(c);
	stop_patience(c);
	poll_stop(c);
	if (c->done)
		close_busy(c);
	PQclear(c->result);
	PQfinish(c->pg);
	free(c->prologue);
	free(c);
}
