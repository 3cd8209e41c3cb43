/* SPDX-License-Identifier: PostgreSQL */
/*
 * Schemas that a restore has put aside. Such a schema is ours if its name is ours, with
 * its own number, and so is its comment, which says which tenant's it was. It is that
 * tenant as it was before, and can be given its name back as long as it is there.
 */
#ifndef CATALOG_ASIDES_H
#define CATALOG_ASIDES_H

#include <stdint.h>

#include "base/error.h"
#include "pg/session.h"

/* How its name begins, before the number. */
#define CATALOG_ASIDE "metamodel_aside_"

/* How its comment begins, before the tenant's name as JSON has it; a line later the
 * comment that it had before. */
#define CATALOG_ASIDE_COMMENT "metamodel: put aside by a restore of "

/* For catalog/: words of sql_fill(). */
#define CATALOG_ASIDE_WORDS \
	":aside_comment", CATALOG_ASIDE_COMMENT, ":aside", CATALOG_ASIDE

struct catalog_aside {
	uint64_t oid;
	const char *tenant; /* that is there now; NULL: none is */
	const char *former; /* its name in the comment, for people */
};
typedef void catalog_aside_fn(void *owner, const struct catalog_aside *aside);
typedef void catalog_aside_done_fn(void *owner, const struct error *err);

/* `found` for each, then `done` once. */
void catalog_list_asides(struct session *session, catalog_aside_fn *found,
			 catalog_aside_done_fn *done, void *owner);

/*
 * Drop one, in a transaction of its own. `outsiders`: what may go with it, as in struct
 * catalog_plan. Waits for no lock longer than `lock_wait_ms`.
 */
void catalog_drop_aside(struct session *session, uint64_t oid, const char *outsiders,
			uint64_t lock_wait_ms, catalog_aside_done_fn *done, void *owner);

#endif
