/* SPDX-License-Identifier: PostgreSQL */
/*
 * Our session on a database that holds accounts: connected, locked, and (for a
 * save) with an exported snapshot that lives as long as the session.
 *
 * 1. session_start() connects, retrying with growing pauses while the server has no
 *    slot or is starting; reads facts about the server; takes the advisory lock, in a
 *    separate session; exports the snapshot.
 * 2. `ready` is called once, with or without an error. ERROR_BUSY: another run holds the
 *    lock; the error names it.
 * 3. If the session, or that of the lock, ends later by itself, `lost` is called once.
 * 4. session_free() may be called at any time, also from a callback. No callback is
 *    called after it.
 */
#ifndef PG_SESSION_H
#define PG_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "pg/conninfo.h"
#include "pg/pgconn.h"
#include "proc/loop.h"

enum session_lock { SESSION_LOCK_NONE, SESSION_LOCK_SHARED, SESSION_LOCK_EXCLUSIVE };

struct session;

struct session_opts {
	struct loop *loop;
	const struct conninfo *info; /* copied */
	unsigned timeout_s;          /* see struct pgconn_opts */
	uint64_t answer_ms;          /* the same */
	const char *program; /* shown to others as application_name: "metamodel save" */
	enum session_lock lock;
	bool has_snapshot;     /* export one */
	bool is_unpooled;      /* settings are made for the session: it runs statements
				  that cannot be part of a transaction */
	bool has_identity;     /* find out which server it is */
	bool is_writer;        /* something will be changed: a standby is an error */
	uint64_t lock_wait_ms; /* of the session, for the lock of a table; 0: no limit */
	bool is_impatient;     /* do not retry after temporary failures */
	/*
	 * Prompt for the password; NULL or false: nobody can be asked. Called if the
	 * server requires one and none was given. The caller of ask_password frees *out.
	 */
	bool (*ask_password)(void *owner, char **out);
	/* Called before a pause and another attempt to connect; may be NULL. */
	void (*waiting)(void *owner, const struct error *why, uint64_t pause_ms);
	void (*ready)(void *owner, const struct error *err);
	void (*lost)(void *owner, const struct error *err);
	void (*warning)(void *owner, const char *text); /* see struct pgconn_opts */
	void *owner;
};

/* What session_start() found out, complete once `ready` was called without an error. */
struct session_facts {
	char *dbname;                /* the node's name, too */
	char *server_version;        /* "15.20 (Debian 15.20-0+deb12u1)" */
	unsigned server_version_num; /* 150020 */
	char *encoding;              /* of the database: "UTF8" */
	char *snapshot; /* what pg_export_snapshot() gave, NULL without has_snapshot */
	char snapshot_at[CLOCK_TEXT_BYTES]; /* its time */
	uint64_t free_connections;          /* when queried, without the reserved ones */
	/* Which database it is, whatever its host and name: a copy of the server's files
	 * keeps both, no other copy does. */
	char *system_identifier; /* NULL without has_identity, or where it is denied */
	uint64_t database_oid;
	bool is_pooled; /* each transaction may be in another session of the server; set
			   only if there is a lock */
	bool can_check_client; /* it has client_connection_check_interval */
};

struct session *session_start(const struct session_opts *opts);
const struct session_facts *session_facts(const struct session *session);

/* The major version: 15; 9 for 9.6. */
unsigned session_server_major(const struct session *session);

/*
 * Never run a query in this session that a tenant can delay or overflow: the snapshot
 * would be held for as long, or the session would be lost. session_start_reader()
 * connects another session to the same server, without lock and snapshot, one at a
 * time. `ready` is called once, with an error if session_free() is called first.
 * session_end_reader() may be called at any time, with or without a reader;
 * session_free() calls it, too.
 */
struct session *session_start_reader(struct session *session,
				     void (*ready)(void *owner, const struct error *err),
				     void *owner);
void session_end_reader(struct session *session);

/* The connection, for the caller's queries between `ready` and the end. */
struct pgconn *session_conn(const struct session *session);

/*
 * From now on its queries have the search_path of the role instead of pg_catalog, and may
 * take at most `statement_ms`.
 */
void session_use_role_path(struct session *session, uint64_t statement_ms);

/*
 * Reset the session to its state when `ready` was called, and call `ready` again. Only
 * for a session without lock and snapshot, and with no query in progress.
 */
void session_reset(struct session *session);

/*
 * How to reach the server that it is connected to, including a password that was entered.
 * Ownership: the caller releases *out.
 */
void session_conninfo(const struct session *session, struct conninfo *out);

void session_free(struct session *session);

/*
 * The pause before attempt number `attempt` (from 1) after a temporary failure
 * (pg_is_transient): 250 ms, doubled up to 8 s. 0: do not retry.
 */
uint64_t session_retry_pause_ms(unsigned attempt);

#endif
