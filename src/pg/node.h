/* SPDX-License-Identifier: PostgreSQL */
/*
 * One database that holds accounts, and our session on it: connected, locked, and (for a
 * save) with an exported snapshot that lives as long as the session.
 *
 * 1. node_start() connects, with growing pauses while the server has no slot or is
 * starting; reads what it has to know of the server; takes the advisory lock; exports the
 * snapshot.
 * 2. `ready` is called once, with or without an error. ERROR_BUSY: another run holds the
 * lock, and the error says who.
 * 3. When the session ends later by itself, `lost` is called once.
 * 4. node_free() at any time, from a callback too: after it no callback is called any
 * more.
 */
#ifndef PG_NODE_H
#define PG_NODE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "pg/conninfo.h"
#include "pg/pgconn.h"
#include "proc/loop.h"

enum node_lock { NODE_LOCK_NONE, NODE_LOCK_SHARED, NODE_LOCK_EXCLUSIVE };

struct node;

struct node_opts {
	struct loop *loop;
	const struct conninfo *info; /* copied */
	unsigned timeout_s;          /* see struct pgconn_opts */
	uint64_t answer_ms;          /* the same */
	const char *program; /* shown to others as application_name: "metamodel save" */
	enum node_lock lock;
	bool has_snapshot;     /* export one */
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

/* What node_start() found out; all of it is set when `ready` was called without an error.
 */
struct node_facts {
	char *dbname;                /* the node's name, too */
	char *server_version;        /* "15.20 (Debian 15.20-0+deb12u1)" */
	unsigned server_version_num; /* 150020 */
	char *encoding;              /* of the database: "UTF8" */
	char *snapshot; /* what pg_export_snapshot() gave, NULL without has_snapshot */
	char snapshot_at[CLOCK_TEXT_BYTES]; /* its moment */
	uint64_t free_connections;          /* when asked, without the reserved ones */
};

struct node *node_start(const struct node_opts *opts);
const struct node_facts *node_facts(const struct node *node);

/* The major version: 15; 9 for 9.6. */
unsigned node_server_major(const struct node *node);

/* The connection, for queries of one's own between `ready` and the end. */
struct pgconn *node_conn(const struct node *node);

/*
 * Forget whatever the session was used for, and make it as it was when it was `ready`,
 * which is called again. For a node without lock and snapshot, with no query under way.
 */
void node_reset(struct node *node);

/*
 * How to reach the very server that a node is connected to, with the password that was
 * asked for. Ownership: the caller releases *out.
 */
void node_conninfo(const struct node *node, struct conninfo *out);

void node_free(struct node *node);

/*
 * The pause before attempt number `attempt` (from 1) of something that failed in a way
 * that may pass (pg_is_transient): 250 ms, doubled up to 8 s. 0: do not try again.
 */
uint64_t node_retry_pause_ms(unsigned attempt);

#endif
