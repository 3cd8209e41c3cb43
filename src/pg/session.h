/* SPDX-License-Identifier: PostgreSQL */
/*
 * Our session on a database that holds accounts: connected, locked, and (for a
 * save) with an exported snapshot that lives as long as the session.
 *
 * 1. session_start() connects, with growing pauses while the server has no slot or is
 * starting; reads what it has to know of the server; takes the advisory lock, in a
 * session of its own; exports the snapshot.
 * 2. `ready` is called once, with or without an error. ERROR_BUSY: another run holds the
 * lock, and the error says who.
 * 3. When the session, or that of the lock, ends later by itself, `lost` is called once.
 * 4. session_free() at any time, from a callback too: after it no callback is called any
 * more.
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
	bool is_unpooled;      /* settings hold for the session: what is asked of it may
				  not be part of a transaction */
	bool has_identity;     /* ask which server it is */
	bool is_writer;        /* something will be changed: a standby is an error */
	uint64_t lock_wait_ms; /* of the session, for the lock of a table; 0: no limit */
	bool is_impatient;     /* what may pass is an error at once */
	/*
	 * Ask a person for the password; NULL or false: there is nobody to ask. Called
	 * when the server wants one that it was not given. The caller of ask_password
	 * frees *out.
	 */
	bool (*ask_password)(void *owner, char **out);
	/* A pause before connecting again, and why; may be NULL. */
	void (*waiting)(void *owner, const struct error *why, uint64_t pause_ms);
	void (*ready)(void *owner, const struct error *err);
	void (*lost)(void *owner, const struct error *err);
	void (*warning)(void *owner, const char *text); /* see struct pgconn_opts */
	void *owner;
};

/* What session_start() found out; all of it is set when `ready` was called without an
 * error.
 */
struct session_facts {
	char *dbname;                /* the node's name, too */
	char *server_version;        /* "15.20 (Debian 15.20-0+deb12u1)" */
	unsigned server_version_num; /* 150020 */
	char *encoding;              /* of the database: "UTF8" */
	char *snapshot; /* what pg_export_snapshot() gave, NULL without has_snapshot */
	char snapshot_at[CLOCK_TEXT_BYTES]; /* its moment */
	uint64_t free_connections;          /* when asked, without the reserved ones */
	/* Which database it is, whatever host and name it has: both are kept by a copy of
	 * the server's files, and by no other copy. */
	char *system_identifier; /* NULL without has_identity, or where it is denied */
	uint64_t database_oid;
	bool is_pooled; /* each transaction may be in another session of the server; asked
			   only where there is a lock */
	bool can_check_client; /* it has client_connection_check_interval */
};

struct session *session_start(const struct session_opts *opts);
const struct session_facts *session_facts(const struct session *session);

/* The major version: 15; 9 for 9.6. */
unsigned session_server_major(const struct session *session);

/*
 * What a tenant can delay or overflow is never asked in this session: its snapshot would
 * be held for as long, or it would be lost. session_start_reader() connects another one,
 * to the same server, without lock and snapshot; `ready` is called once, when
 * session_free() comes first with an error. One at a time. session_end_reader() may be
 * called at any time, whether there is one or not; session_free() does so, too.
 */
struct session *session_start_reader(struct session *session,
				     void (*ready)(void *owner, const struct error *err),
				     void *owner);
void session_end_reader(struct session *session);

/* The connection, for queries of one's own between `ready` and the end. */
struct pgconn *session_conn(const struct session *session);

/*
 * From here on its queries have the search_path of the role, not pg_catalog, and may take
 * no longer than that.
 */
void session_use_role_path(struct session *session, uint64_t statement_ms);

/*
 * Forget whatever the session was used for, and make it as it was when it was `ready`,
 * which is called again. For one without lock and snapshot, with no query under way.
 */
void session_reset(struct session *session);

/*
 * How to reach the very server that it is connected to, with the password that was
 * asked for. Ownership: the caller releases *out.
 */
void session_conninfo(const struct session *session, struct conninfo *out);

void session_free(struct session *session);

/*
 * The pause before attempt number `attempt` (from 1) of something that failed in a way
 * that may pass (pg_is_transient): 250 ms, doubled up to 8 s. 0: do not try again.
 */
uint64_t session_retry_pause_ms(unsigned attempt);

#endif
