/* SPDX-License-Identifier: PostgreSQL */
/* What the files of farm/ share and nobody else sees. */
#ifndef FARM_PRIVATE_H
#define FARM_PRIVATE_H

#include <stdbool.h>

#include "farm/opts.h"
#include "pg/conninfo.h"
#include "proc/loop.h"

struct farm_private {
	struct farm_opts opts;
	struct conninfo info; /* from the configuration */
	struct timer *later;
	bool is_closing;           /* sessions are ending, and so are their queries */
	struct farm_pg *single;    /* NULL: not backend Pg */
	struct farm_pgfarm *proxy; /* NULL: not backend PgFarm */
};

/* All accounts have been added, or `err` says why not. */
typedef void farm_listed_fn(struct farm *farm, const struct error *err);

#endif
