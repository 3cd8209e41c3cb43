/* SPDX-License-Identifier: PostgreSQL */
/*
 * One connection to a server, driven by the loop. Hides libpq.
 *
 * 1. pgconn_start(); `ready` is called once, with or without an error.
 * 2. pgconn_query(), one at a time; `done` is called once for each.
 * 3. If the connection ends while no query is running, `lost` is called once.
 * 4. pgconn_free() may be called at any time, also from a callback. No callback is called
 *    after it.
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
	unsigned timeout_s;          /* to connect, if no connect_timeout is set; 0: 30 */
	/* A server that does not answer a query within this time is considered lost; 0:
	 * no limit. */
	uint64_t answer_ms;
	void (*ready)(void *owner, const struct error *err); /* err is NULL on success */
	void (*lost)(void *owner, const struct error *err);
	/* A warning from the server, without its newline; may be NULL. */
	void (*warning)(void *owner, const char *text);
	void *owner;
};

/*
 * Start to connect. A host name lookup blocks (libpq has no other way). The timeout is
 * libpq's connect_timeout.
 * Errors: ERROR_SERVER; then no callback is called.
 */
MUST_CHECK bool pgconn_start(const struct pgconn_opts *opts, struct pgconn **out,
			     struct error *err);

/* That timeout. */
uint64_t pgconn_connect_timeout_ms(const struct pgconn *conn);

/* Did the host not answer in time? To be called after `ready` failed. */
bool pgconn_is_timed_out(const struct pgconn *conn);

/* Did the server require a password, and none was given? To be called after `ready`
 * failed. */
bool pgconn_needs_password(const struct pgconn *conn);

/*
 * Statements, each with its semicolon, to run at the start of every transaction, as
 * part of it: SET LOCAL, as made by settings_format(). They are copied; NULL: none.
 */
void pgconn_set_prologue(struct pgconn *conn, const char *sql);

/* `result` is valid during the call; it is NULL if `err` is set (ERROR_SERVER). */
typedef void pgconn_done_fn(void *owner, const struct pg_result *result,
			    const struct error *err);

/*
 * Send one statement with text parameters (NULL is NULL). The connection must be ready
 * and idle. A failure to send is also reported through `done`, later.
 */
void pgconn_query(struct pgconn *conn, const char *sql, const char *const *params,
		  unsigned param_count, pgconn_done_fn *done, void *owner);

/*
 * Send statements, separated by semicolons, all at once. They run in order until one
 * fails. `result` is that of the last one. Otherwise as pgconn_query().
 */
void pgconn_script(struct pgconn *conn, const char *sql, pgconn_done_fn *done,
		   void *owner);

/*
 * The same for a script in which some statements are COPY ... TO STDOUT: `row` is
 * called with each line of each COPY, without its newline; `copy` counts the COPYs from
 * 0. The line is NULL if it is longer than 1 MiB and has not arrived completely. If
 * `row` returns false, `done` gets an error, and the connection can no longer be used.
 */
typedef bool pgconn_row_fn(void *owner, size_t copy, const char *line, size_t length);
void pgconn_copy(struct pgconn *conn, const char *sql, pgconn_row_fn *row,
		 pgconn_done_fn *done, void *owner);

/* Details of the query that failed, during its `done`. */
const struct pg_failure *pgconn_failure(const struct pgconn *conn);

/*
 * Ask the server to cancel the query, without waiting: `done` is still called, with an
 * error or, if the request was too late, without.
 */
void pgconn_cancel(struct pgconn *conn);

/* Treat the connection as lost, for this reason. */
void pgconn_give_up(struct pgconn *conn, const struct error *why);

/* What it is connected to, for people: "database D on host H port P". */
void pgconn_describe(const struct pgconn *conn, char *out, size_t size_bytes);
const char *pgconn_host(const struct pgconn *conn);
const char *pgconn_hostaddr(const struct pgconn *conn); /* "" for a socket */
const char *pgconn_port(const struct pgconn *conn);
const char *pgconn_user(const struct pgconn *conn);
const char *pgconn_dbname(const struct pgconn *conn);

/* libpq's own handle, for the rest of pg/: to query its state, not to talk to the
 * server. */
struct pg_conn *pgconn_libpq(const struct pgconn *conn);

/* What to do if a connection, of this process or of a child, failed because a pooler
 * refused PGOPTIONS. NULL: it failed for another reason. */
const char *pg_pooler_hint(const char *message);

/* Is this failure to connect temporary: no free slot, or the server is just starting?
 */
bool pg_is_transient(const char *message);

void pgconn_free(struct pgconn *conn);

#endif
