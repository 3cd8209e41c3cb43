/* SPDX-License-Identifier: PostgreSQL */
/*
 * What a farm consists of, its nodes and accounts: add, sort, find. It asks no server.
 *
 * The backend that lists the accounts adds them, and the nodes they are on, and then sorts
 * both once. From then on they are found.
 */
#ifndef FARM_MEMBERS_H
#define FARM_MEMBERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/strvec.h"
#include "pg/session.h"

struct farm_node {
	struct farm *farm;
	size_t index;            /* in farm->nodes */
	char *name;              /* the proxy's for it; of its database on backend Pg */
	struct session *session; /* NULL: none */
	struct error error;      /* why it cannot be worked with; ERROR_NONE: it can */
	bool is_lost;            /* it was there; `error` is set */
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

struct farm {
	const char *backend; /* "Pg" */
	const char *global;  /* the name of the account that comes first; "": none does */
	/* By their names; none if all accounts that were named are nowhere. */
	struct farm_node **nodes;
	size_t node_count;
	bool has_all_nodes; /* there are no others */
	/* It knows the nodes by their names; else it is one database, which may be
	 * anybody's. */
	bool has_proxy;
	/* The global one first, then by the bytes of their names. */
	struct farm_account *accounts;
	size_t account_count;
	bool has_accounts_table;  /* _global._accounts is there, or was not asked for */
	struct strvec registered; /* sorted; all names in it */
	struct error registered_error; /* why they are not known; ERROR_NONE: they are */
	struct farm_private *private;
};

/* The pointer lives until the next one is added, or all are sorted. */
struct farm_account *farm_add_account(struct farm *farm, const char *name);

/* Each name is there once afterwards. */
void farm_sort_accounts(struct farm *farm);

/* NULL if it is not among the accounts. */
struct farm_account *farm_find(const struct farm *farm, const char *name);

/* May be asked when the names of all accounts were wanted, or `has_registered`. */
bool farm_is_registered(const struct farm *farm, const char *name);

/* The node of an account, whether that was asked for or not; NULL: on none, or not
 * known. */
struct farm_node *farm_node_of(const struct farm *farm, const char *name);

/* Names of the accounts on a node. Ownership: the caller releases *out. */
void farm_list(const struct farm *farm, const struct farm_node *node, struct strvec *out);

/* The node of that name, made if there is none. */
struct farm_node *farm_require_node(struct farm *farm, const char *name);
void farm_sort_nodes(struct farm *farm);

/* Put the name of the node before an error; backend Pg has only one, and no name for
 * it. */
void farm_name_error(const struct farm_node *node, struct error *err);

/* It cannot be worked with any more: its `error` becomes `err`, with the node's name if
 * it is one of many. Its session goes on. */
void farm_node_failed(struct farm_node *node, const struct error *err);

/* Free nodes and accounts. The nodes' sessions have ended. */
void farm_release_members(struct farm *farm);

#endif
