/* SPDX-License-Identifier: PostgreSQL */
/* What the parts of the farm share: farm.c has nodes and accounts, farm_pg.c fills them
 * for backend Pg, farm_proxy.c for PgFarm. */
#ifndef MODEL_FARM_INTERNAL_H
#define MODEL_FARM_INTERNAL_H

#include "model/farm.h"
#include "pg/conninfo.h"

struct farm_range {
	size_t first, count;
};

struct farm_private {
	struct farm_opts opts;
	struct conninfo info; /* of the configuration */
	struct timer *later;
	bool is_closing;

	struct strvec former; /* Pg: those that are not registered */

	struct node *proxy;        /* PgFarm: while accounts are listed and placed */
	struct strvec wanted;      /* names that are to be placed */
	struct farm_range *ranges; /* a stack: of `wanted`, still to be placed */
	size_t range_count;
	size_t connecting; /* nodes that are not ready and not given up */
};

/* Tell the caller, unless he has gone. */
void farm_ready(struct farm *farm, const struct error *err);

/* The same, when the list of all accounts cannot be had. */
void farm_list_failed(struct farm *farm, const struct error *err);

/* The pointer lives until the next one is added, or all are sorted, each once. */
struct farm_account *farm_add_account(struct farm *farm, const char *name);
void farm_sort_accounts(struct farm *farm);

/* The node of that name, made if there is none. */
struct farm_node *farm_require_node(struct farm *farm, const char *name);

/* Connect to it as the caller wants its sessions; on_ready() is called with the node. */
void farm_connect_node(struct farm_node *node, const struct conninfo *info,
		       void (*on_ready)(void *owner, const struct error *err));

/* Which of the names in the array $1 have a schema? */
extern const char farm_schemas_sql[];

void farm_start_single(struct farm *farm);
void farm_start_proxy(struct farm *farm);

#endif
