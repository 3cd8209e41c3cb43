/* SPDX-License-Identifier: PostgreSQL */
/*
 * One connection to a server, driven by the loop. Hides libpq.
 *
 * 1. pgconn_start(); `ready` is called once, with or without an error.
 * 2. pgconn_query(), one at a time; `done` is called once for each.
 * 3. When the connection ends while no query runs, `lost` is called once.
 * 4. pgconn_free() at any time, from a callback too: after it no callback is called any
 * more.
 */
#ifndef PG_PGCONN_H
#define PG_PGCONN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/error.h"
#include "pg/conninfo.h"
#include "pg/pgresult.h"
#include "proc/loop.h"

struct pgconn;

struct pgconn_opts {
	struct loop *loop;
	const struct conninfo *info; /* only read during pgconn_start() */
	unsigned timeout_s; /* to connect, where no connect_timeout is set; 0: 30 */
	/* When the server has not answered a query by then, it counts as lost; 0: never.
	 */
	uint64_t answer_ms;
	void (*ready)(void *owner, const struct error *err); /* err is NULL on success */
	void (*lost)(void *owner, const struct error *err);
	/* A warning of the server's, without its newline; NULL: nobody wants to know. */
	void (*warning)(void *owner, const char *text);
	void *owner;
};

/*
 * Start to connect. Looking a host name up blocks (libpq has no other way). The time-out
 * is libpq's connect_timeout. Errors: ERROR_SERVER; then no callback is called.
 */
MUST_CHECK bool pgconn_start(const struct pgconn_opts *opts, struct pgconn **out,
			     struct error *err);

/* That time-out. */
uint64_t pgconn_connect_timeout_ms(const struct pgconn *conn);

/* Did the host say nothing in time? Asked after `ready` failed. */
bool pgconn_is_timed_out(const struct pgconn *conn);

/* Did the server want a password that we had none for? Asked after `ready` failed. */
bool pgconn_needs_password(const struct pgconn *conn);

/*
 * Statements, each with its semicolon, that go before whatever begins a transaction, and
 * are part of it: SET LOCAL, as settings_format() makes them. They are copied; NULL:
 * none.
 */
void pgconn_set_prologue(struct pgconn *conn, const char *sql);

/* `result` lives as long as the call; it is NULL when `err` is set (ERROR_SERVER). */
typedef void pgconn_done_fn(void *owner, const struct pg_result *result,
			    const struct error *err);

/*
 * Send one statement with text parameters (NULL is NULL). The connection must be ready
 * and idle. A failure to send arrives through `done` as well, later.
 */
void pgconn_query(struct pgconn *conn, const char *sql, const char *const *params,
		  unsigned param_count, pgconn_done_fn *done, void *owner);

/*
 * Send statements, separated by semicolons, in one go: they are run in turn until one
 * fails. `result` is that of the last one. Otherwise as pgconn_query().
 */
void pgconn_script(struct pgconn *conn, const char *sql, pgconn_done_fn *done,
		   void *owner);

/*
 * The same, where some of the statements are COPY ... TO STDOUT: `row` gets each line of
 * number `copy` of these, from 0, without its newline; NULL if it is longer than 1 MiB,
 * and has not come as a whole by then. When it returns false, `done` gets an error, and
 * the connection is of no more use.
 */
typedef bool pgconn_row_fn(void *owner, size_t copy, const char *line, size_t length);
void pgconn_copy(struct pgconn *conn, const char *sql, pgconn_row_fn *row,
		 pgconn_done_fn *done, void *owner);

/* What is known of the query that failed, within its `done`. */
const struct pg_failure *pgconn_failure(const struct pgconn *conn);

/*
 * Ask the server to end the query, without waiting: its `done` is called all the same,
 * with an error or, if this came too late, without.
 */
void pgconn_cancel(struct pgconn *conn);

/* It is of no use any more: as if it were lost, for that reason. */
void pgconn_give_up(struct pgconn *conn, const struct error *why);

/* Where we are connected to, for people: "database D on host H port P". */
void pgconn_describe(const struct pgconn *conn, char *out, size_t size_bytes);
const char *pgconn_host(const struct pgconn *conn);
const char *pgconn_hostaddr(const struct pgconn *conn); /* "" for a socket */
const char *pgconn_port(const struct pgconn *conn);
const char *pgconn_user(const struct pgconn *conn);
const char *pgconn_dbname(const struct pgconn *conn);

/* libpq's own handle, for the rest of pg/: to ask, never to talk to the server. */
struct pg_conn *pgconn_libpq(const struct pgconn *conn);

/* What to do about a failure to connect, of ours or of a child's: a pooler did not want
 * to pass PGOPTIONS on. NULL: it is another one. */
const char *pg_pooler_hint(const char *message);

/* May this failure to connect pass by itself: no free slot, or the server is just
 * starting? */
bool pg_is_transient(const char *message);

void pgconn_free(struct pgconn *conn);

#endif
