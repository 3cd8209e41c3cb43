/* SPDX-License-Identifier: PostgreSQL */
/* What the parts of the farm share: farm.c has nodes and accounts, farm_pg.c fills them
 * for backend Pg, farm_proxy.c for PgFarm. */
#ifndef FARM_INTERNAL_H
#define FARM_INTERNAL_H

#include "farm/farm.h"
#include "pg/conninfo.h"

/* How long a node may be silent, where no connect_timeout is set: all others wait. */
enum { FARM_TIMEOUT_S = 10 };

struct farm_range {
	size_t first, count;
};

struct farm_private {
	struct farm_opts opts;
	struct conninfo info; /* of the configuration */
	struct timer *later;
	bool is_closing;

	struct strvec former; /* Pg: those that are not registered */

	struct session *proxy;     /* PgFarm: while accounts are listed and placed */
	struct strvec wanted;      /* names that are to be placed */
	struct farm_range *ranges; /* a stack: of `wanted`, still to be placed */
	size_t range_count;
	bool is_hurried;      /* the proxy did not answer in time: ask for one by one */
	uint64_t limit_ms;    /* how long it may take over a query */
	uint64_t patience_ms; /* over all queries that it does not answer */
	size_t connecting;    /* nodes that are not ready and not given up */
};

/* Tell the caller, unless he has gone. */
void farm_ready(struct farm *farm, const struct error *err);

/* The first connection could not be had: say how to tell where to. */
void farm_hint_place(const struct farm *farm, struct error *err);

/* The same, when the list of all accounts cannot be had. `sqlstate` says why, "" if no
 * server did. */
void farm_list_failed(struct farm *farm, const char *sqlstate, const struct error *err);

/* The pointer lives until the next one is added, or all are sorted, each once. */
struct farm_account *farm_add_account(struct farm *farm, const char *name);
void farm_sort_accounts(struct farm *farm);

/* The node of that name, made if there is none. */
struct farm_node *farm_require_node(struct farm *farm, const char *name);

/* What a server may take over one query of ours: what an account may, and a lock; 0: any
 * time. */
uint64_t farm_answer_ms(const struct farm *farm);

/* Connect to it as the caller wants its sessions; on_ready() is called with the node. */
void farm_connect_node(struct farm_node *node, const struct conninfo *info,
		       void (*on_ready)(void *owner, const struct error *err));

/* Which of the names in the array $1 have a schema? */
extern const char farm_schemas_sql[];

/*
 * Ask the proxy where the accounts `wanted` are; farm_placed() comes when all are placed,
 * or farm_ready() with an error. It may take over the queries that it does not answer,
 * altogether, about as long as it may take to connect.
 */
void farm_place(struct farm *farm);
void farm_placed(struct farm *farm);

/* Is it among the accounts of the farm, as far as we know? */
bool farm_is_listed(const struct farm *farm, const char *name);

/* It is not, and wanted only if the proxy has a place for it all the same. */
bool farm_is_former(const struct farm *farm, const char *name);

void farm_start_single(struct farm *farm);
void farm_start_proxy(struct farm *farm);

#endif
