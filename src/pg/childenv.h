/* SPDX-License-Identifier: PostgreSQL */
/* The environment in which a child process reaches the server of an open connection. */
#ifndef PG_CHILDENV_H
#define PG_CHILDENV_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/strvec.h"
#include "pg/pgconn.h"

struct childenv {
	struct strvec env; /* the whole environment; the only place that holds secrets */
	char *dbname; /* a connection string for what libpq has no variable for; or NULL
		       */
};

/*
 * Same server (by address, since the name may have several), same user, database and
 * TLS settings. Every connection variable of this process's environment is replaced.
 * `options` is added to PGOPTIONS.
 * Ownership: the caller releases *out.
 * Errors: ERROR_USAGE for a setting that cannot be passed on without revealing a secret.
 */
MUST_CHECK bool childenv_init(struct childenv *out, const struct pgconn *conn,
			      const char *options, struct error *err);
void childenv_release(struct childenv *env);

#endif
