/* SPDX-License-Identifier: PostgreSQL */
/*
 * Which steps each tenant of a model has been through, by the query `applied`: read as
 * copies.h says, since the tables are the tenants'. With `versions = number` a step is a
 * version.
 */
#ifndef CATALOG_STEPS_H
#define CATALOG_STEPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strvec.h"
#include "pg/session.h"
#include "product/product.h"

enum steps_kind {
	STEPS_MISSING, /* there is no such schema */
	STEPS_READ,
	STEPS_NONE,   /* it has no such table, column or function: `problem` */
	STEPS_BROKEN, /* the query failed otherwise: `problem` */
};

struct tenant_steps {
	char *schema;
	bool is_listed; /* the caller has asked for it */
	enum steps_kind kind;
	uint32_t *steps; /* numbers in steps_found.all, in the order of the rows */
	size_t count;
	char *problem; /* the server's words; NULL: none */
	bool is_forbidden;
};

/* All zero is empty. */
struct steps_found {
	struct strvec all; /* what any has, each once, as they were found */
	struct tenant_steps *list;
	size_t count;
};

/* Ownership: *found is the callee's, steps_release(). On failure it is empty. */
typedef void steps_done_fn(void *owner, struct steps_found *found,
			   const struct error *err);

/*
 * Read the steps of these schemas, in their order; `has_others`: then those of all other
 * schemas but the server's own and the global one.
 * Errors: ERROR_USAGE, with the place in the configuration, if the query is none, or has
 * not one column, or if no schema of those asked for has what it names.
 */
void steps_read(struct session *session, const struct product *product,
		const struct strvec *schemas, bool has_others, uint64_t lock_wait_ms,
		steps_done_fn *done, void *owner);
void steps_release(struct steps_found *found);

#endif
