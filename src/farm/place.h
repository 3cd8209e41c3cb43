/* SPDX-License-Identifier: PostgreSQL */
/*
 * On which node of a PgFarm is each account? Only the proxy is asked. An account that it
 * cannot place is added as a problem.
 */
#ifndef FARM_PLACE_H
#define FARM_PLACE_H

#include <stdbool.h>

#include "farm/members.h"
#include "farm/private.h"
#include "pg/session.h"

struct farm_place;

/* Ownership: the caller frees it, from `done` on, or once the session has ended. */
struct farm_place *farm_place_new(struct farm *farm, struct session *proxy,
				  farm_listed_fn *done);

/* Before the start: this account is to be placed. */
void farm_place_add(struct farm_place *place, const char *name);

/*
 * Add the accounts, with their nodes, to the farm; `done` is called once, unless the farm
 * is closed. The proxy may take over the queries that it does not answer, altogether,
 * about as long as it may take to connect.
 */
void farm_place_start(struct farm_place *place);
void farm_place_free(struct farm_place *place);

/* Is it not among the accounts of the farm, as far as we know, and wanted only if the
 * proxy has a place for it all the same? */
bool farm_is_former(const struct farm *farm, const char *name);

#endif
