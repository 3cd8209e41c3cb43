/* SPDX-License-Identifier: PostgreSQL */
/*
 * On which node of a PgFarm is each account? Only the proxy is asked. An account that it
 * cannot place is added with a `problem`.
 */
#ifndef FARM_PLACE_H
#define FARM_PLACE_H

#include <stdbool.h>

#include "farm/members.h"
#include "farm/private.h"
#include "pg/session.h"

struct farm_place;

/* Ownership: the caller frees it, in or after `done`, or after the session has ended. */
struct farm_place *farm_place_new(struct farm *farm, struct session *proxy,
				  farm_listed_fn *done);

/* Before farm_place_start(): place this account, too. */
void farm_place_add(struct farm_place *place, const char *name);

/*
 * Add the accounts, with their nodes, to the farm; `done` is called once, unless the farm
 * is closed first. Queries that the proxy does not answer may take, all together, about
 * as long as connecting to it may take.
 */
void farm_place_start(struct farm_place *place);
void farm_place_free(struct farm_place *place);

/* Is the account not among those of the farm, as far as is known, and therefore wanted
 * only if the proxy has a place for it? */
bool farm_is_former(const struct farm *farm, const char *name);

#endif
