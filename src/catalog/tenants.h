/* SPDX-License-Identifier: PostgreSQL */
/*
 * The list of tenants of a model, by the operator's query or by a regular expression for
 * the names of schemas.
 *
 * It is read in the reader of the session, READ ONLY and within ten seconds. The query
 * may run code that the owners of its tables have defined, with the session's privileges.
 * So a superuser's session runs it only if superusers own everything, or with
 * --as-superuser.
 */
#ifndef CATALOG_TENANTS_H
#define CATALOG_TENANTS_H

#include <stdbool.h>

#include "base/error.h"
#include "base/strvec.h"
#include "pg/session.h"
#include "product/product.h"

/* `names` is without the global schema and without duplicates, in no order. It is valid
 * only during the call. */
typedef void catalog_tenants_fn(void *owner, const struct strvec *names,
				const struct error *err);

/*
 * List the tenants of `product`, which is a model and must live until `done`.
 * `runs_applied`: its query `applied` will be run, too.
 * Errors: ERROR_USAGE, with the place in the configuration, for a mistake in the query,
 * the expression or a row. ERROR_DATA if a superuser may not run the query.
 */
void catalog_list_tenants(struct session *session, const struct product *product,
			  bool runs_applied, bool as_superuser, catalog_tenants_fn *done,
			  void *owner);

/* For catalog/: what stands around a query of the operator's, so that it is one query
 * without side effects. */
#define TENANTS_QUERY_BEGIN "(\n"
#define TENANTS_QUERY_END "\n)"
#define TENANTS_LIMITS "SET LOCAL row_security = off; SET LOCAL statement_timeout = '10s'"

/* For catalog/: describe an error of a query that began after `offset` characters. The
 * place is left out if the query does not cause the error. */
void tenants_describe_failure(const struct located *query, size_t offset,
			      const struct pg_failure *failure, struct error *err);

#endif
