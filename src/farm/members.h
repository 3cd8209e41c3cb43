/* SPDX-License-Identifier: PostgreSQL */
/*
 * What a farm consists of, its nodes and accounts: add, sort, find. No server is asked.
 *
 * The backend adds the accounts and their nodes, then sorts both once. Only after that
 * can they be found.
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
	size_t index; /* in farm->nodes */
	char *name;   /* the proxy's name for it; the database's with backend Pg */
	struct session *session; /* NULL: none */
	struct error error;      /* why it is unusable; ERROR_NONE: it is usable */
	bool is_lost;            /* its session was lost; `error` is set */
};

struct farm_account {
	char *name; /* in UTF-8 */
	bool is_global;
	bool is_registered;
	struct farm_node *node; /* NULL: on no node */
	char *problem;   /* why a registered account is on no node; NULL: it is on one */
	bool is_unknown; /* the proxy could not say where it is; `problem` is set */
	char *warning;   /* it is on two nodes; NULL: it is not */
};

struct farm {
	const char *backend; /* "Pg" */
	const char *global;  /* the account that comes first; "": none */
	/* Sorted by name. There are none if all the named accounts are nowhere. */
	struct farm_node **nodes;
	size_t node_count;
	bool has_all_nodes; /* the farm has no other nodes */
	/* The nodes are known by name. Otherwise the farm is one database, which may be
	 * anybody's. */
	bool has_proxy;
	/* The global one first, then sorted by the bytes of their names. */
	struct farm_account *accounts;
	size_t account_count;
	bool has_accounts_table;  /* _global._accounts exists, or was not asked for */
	struct strvec registered; /* all names in it, sorted */
	struct error registered_error; /* why they are not known; ERROR_NONE: they are */
	struct farm_private *private;
};

/* The pointer is valid until another account is added or all are sorted. */
struct farm_account *farm_add_account(struct farm *farm, const char *name);

/* Afterwards there are no duplicates. */
void farm_sort_accounts(struct farm *farm);

/* NULL if it is not among the accounts. */
struct farm_account *farm_find(const struct farm *farm, const char *name);

/* Only if all accounts were wanted, or with `has_registered`. */
bool farm_is_registered(const struct farm *farm, const char *name);

/* The node of an account, wanted or not; NULL if it is on none or that is not known. */
struct farm_node *farm_node_of(const struct farm *farm, const char *name);

/* The names of the accounts on a node. Ownership: the caller releases *out. */
void farm_list(const struct farm *farm, const struct farm_node *node, struct strvec *out);

/* The node with this name, added if there is none. */
struct farm_node *farm_require_node(struct farm *farm, const char *name);
void farm_sort_nodes(struct farm *farm);

/* Put the name of the node before an error. With backend Pg there is only one node, so
 * nothing is added. */
void farm_name_error(const struct farm_node *node, struct error *err);

/* Mark the node as unusable: its `error` becomes `err`, with the node's name if there are
 * several. Its session stays open. */
void farm_node_failed(struct farm_node *node, const struct error *err);

/* Free nodes and accounts. All sessions must have ended. */
void farm_release_members(struct farm *farm);

#endif
