/* SPDX-License-Identifier: PostgreSQL */
/* How a child process reaches the server that one of our connections is connected to. */
#ifndef PG_CHILDENV_H
#define PG_CHILDENV_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/strvec.h"
#include "pg/pgconn.h"

struct childenv {
	struct strvec env; /* the whole environment; the only place where secrets are */
	char *dbname; /* a connection string for what libpq has no variable for; or NULL
		       */
};

/*
 * Same server (by its address, should the name have several), same user, database and TLS
 * settings. Every connection variable of our own environment is replaced. `options` is
 * added to PGOPTIONS. Ownership: the caller releases *out. Errors: ERROR_USAGE for a
 * setting that cannot be handed on without showing a secret.
 */
MUST_CHECK bool childenv_init(struct childenv *out, const struct pgconn *conn,
			      const char *options, struct error *err);
void childenv_release(struct childenv *env);

#endif
