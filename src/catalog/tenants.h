/* SPDX-License-Identifier: PostgreSQL */
/*
 * The list of tenants as a model has it: by a query of the operator's, or by a regular
 * expression on the names of schemas.
 *
 * It is read READ ONLY and within ten seconds, in the reader of the session. The query
 * may run what the owners of its tables have defined, with the rights of the session. So
 * a superuser's runs it only where everything is superusers', or when he says so.
 */
#ifndef CATALOG_TENANTS_H
#define CATALOG_TENANTS_H

#include <stdbool.h>

#include "base/error.h"
#include "base/strvec.h"
#include "pg/session.h"
#include "product/product.h"

/* `names` without the global schema, in no order; each is there once. It lives as long as
 * the call. */
typedef void catalog_tenants_fn(void *owner, const struct strvec *names,
				const struct error *err);

/*
 * `product` is a model, and must live until `done`. `runs_applied`: its query of that
 * name is to be run, too.
 * Errors: ERROR_USAGE for what is wrong with the query or the expression, or with a row,
 * with the place in the configuration. ERROR_DATA where a superuser may not run it.
 */
void catalog_list_tenants(struct session *session, const struct product *product,
			  bool runs_applied, bool as_superuser, catalog_tenants_fn *done,
			  void *owner);

/* For catalog/: what comes before and behind a query of the operator's, so that it is one
 * query without side effects. */
#define TENANTS_QUERY_BEGIN "(\n"
#define TENANTS_QUERY_END "\n)"
#define TENANTS_LIMITS "SET LOCAL row_security = off; SET LOCAL statement_timeout = '10s'"

/* For catalog/: what the server said of a query that stood behind `offset` characters.
 * Without a place where it has nothing to do with the query. */
void tenants_describe_failure(const struct located *query, size_t offset,
			      const struct pg_failure *failure, struct error *err);

#endif
