/* SPDX-License-Identifier: PostgreSQL */
/*
 * Where the accounts live: the nodes, connected, and which of them each account is on.
 * Backend Pg is a farm of one node; on a PgFarm the proxy is asked.
 *
 * 1. farm_start() finds out which accounts there are and where, and connects to each node
 * that has one of them; each connection as session_start() makes it, with lock and
 * snapshot.
 * 2. `ready` is called once, with or without an error of the whole. A node that cannot be
 * reached is an error of that node only, unless there is no other.
 * 3. When the session of a node ends later by itself, `lost` is called for it.
 * 4. farm_free() at any time, from a callback too: after it no callback is called any
 * more.
 */
#ifndef FARM_FARM_H
#define FARM_FARM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strvec.h"
#include "conf/conf.h"
#include "pg/session.h"
#include "proc/loop.h"

struct farm_node {
	struct farm *farm;
	size_t index; /* in farm->nodes */
	char *name;   /* as the proxy calls it; of its database on backend Pg */
	struct session *session;
	struct error error; /* why it cannot be worked with; ERROR_NONE: it can */
	bool is_lost;       /* it was there; `error` is set */
};

struct farm_account {
	char *name; /* in UTF-8 */
	bool is_global;
	bool is_registered;
	struct farm_node *node; /* NULL: on none */
	char *problem;          /* why a registered one is on none; NULL: it is on one */
	bool is_unknown;        /* on which: the proxy could not say; `problem` is set */
	char *warning;          /* it is on two nodes; NULL: it is not */
};

struct farm_opts {
	struct loop *loop;
	const struct conf *conf;
	const char *program; /* "metamodel save" */
	enum session_lock lock;
	bool has_snapshot;
	bool is_writer; /* as in struct session_opts */
	/* The accounts wanted, each once; empty: all that are registered, and _global. */
	const struct strvec *names;
	/* Accounts to be listed with all of them if they are no longer registered, but
	 * still have a schema, or their place on a farm; may be NULL. */
	const struct strvec *former;
	/* Also for named accounts: who is registered, see farm_is_registered(). */
	bool has_registered;
	/* The steps of tenants are to be read, as in catalog_list_tenants(). */
	bool runs_applied;
	/* As in struct session_opts, but called with `person`. */
	bool (*ask_password)(void *person, char **out);
	void (*waiting)(void *person, const struct error *why, uint64_t pause_ms);
	void *person;
	void (*ready)(void *owner, const struct error *err);
	void (*lost)(void *owner, struct farm_node *node, const struct error *err);
	void *owner;
};

struct farm {
	const char *backend;      /* "Pg" */
	struct farm_node **nodes; /* by their names; none if all accounts that were named
				     are nowhere */
	size_t node_count;
	bool has_all_nodes; /* there are no others */
	bool has_proxy; /* that knows the nodes by their names; else it is one database,
			   which may be anybody's */
	struct farm_account
		*accounts; /* _global first, then by the bytes of their names */
	size_t account_count;
	bool has_accounts_table;  /* _global._accounts is there, or was not asked for */
	struct strvec registered; /* sorted; all names in it */
	struct error registered_error; /* why they are not known; ERROR_NONE: they are */
	struct farm_private *private;
};

/* `opts` is copied; what it points to must live as long as the farm. */
struct farm *farm_start(const struct farm_opts *opts);

/* NULL if it is not among the accounts. */
struct farm_account *farm_find(const struct farm *farm, const char *name);

/* May be asked when the names of all accounts were wanted, or `has_registered`. */
bool farm_is_registered(const struct farm *farm, const char *name);

/* The node of an account, whether that was asked for or not; NULL: on none, or not known.
 */
struct farm_node *farm_node_of(const struct farm *farm, const char *name);

/* Put the name of the node before an error; backend Pg has only one, and no name for it.
 */
void farm_name_error(const struct farm_node *node, struct error *err);

/* Names of the accounts on a node. Ownership: the caller releases *out. */
void farm_list(const struct farm *farm, const struct farm_node *node, struct strvec *out);

/* It cannot be worked with any more: its `error` becomes `err`, with the node's name if
 * it is one of many. Its session goes on. */
void farm_node_failed(struct farm_node *node, const struct error *err);

/* End the session of a node, as farm_disconnect() does with all. */
void farm_node_disconnect(struct farm_node *node);

/*
 * End all sessions: queries that are under way call back with an error during this call,
 * which may also free the farm. Nothing can be asked of it afterwards.
 */
void farm_disconnect(struct farm *farm);
void farm_free(struct farm *farm);

#endif
