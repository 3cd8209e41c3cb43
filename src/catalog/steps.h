/* SPDX-License-Identifier: PostgreSQL */
/*
 * Which steps have been applied to each tenant of a model, according to the query
 * `applied`. It is run as copies.h says, since the tables are the tenants'. With
 * `versions = number` a step is a version.
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
	STEPS_NONE,   /* a table, column or function is missing: `problem` */
	STEPS_BROKEN, /* the query failed in another way: `problem` */
};

struct tenant_steps {
	char *schema;
	bool is_listed; /* the caller asked for it */
	enum steps_kind kind;
	uint32_t *steps; /* indexes into steps_found.all, in the order of the rows */
	size_t count;
	char *problem; /* the server's message; NULL: none */
	bool is_forbidden;
};

/* All zero is empty. */
struct steps_found {
	struct strvec all; /* every step of any schema, once, in the order found */
	struct tenant_steps *list;
	size_t count;
};

/* *found is empty on failure. Ownership: the callback frees it with steps_release(). */
typedef void steps_done_fn(void *owner, struct steps_found *found,
			   const struct error *err);

/*
 * Read the steps of these schemas, in their order; with `has_others`, then those of all
 * other schemas except the server's own and the global one.
 * Errors: ERROR_USAGE, with the place in the configuration, if the query is not valid,
 * does not return exactly one column, or names something that none of these schemas has.
 */
void steps_read(struct session *session, const struct product *product,
		const struct strvec *schemas, bool has_others, uint64_t lock_wait_ms,
		steps_done_fn *done, void *owner);
void steps_release(struct steps_found *found);

/* The query `applied` for one schema. Ownership: the caller frees. */
char *steps_format_query(const struct product *product, const char *schema);

#endif
