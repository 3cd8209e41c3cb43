/* SPDX-License-Identifier: PostgreSQL */
#include "pg/pgcancel.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <libpq-fe.h>

#include "base/str.h"

struct pgcancel {
	PGcancel *request;
	atomic_bool is_done;
	atomic_int users; /* who lets go last frees */
};

void pgcancel_free(struct pgcancel *c)
{
	if (atomic_fetch_sub(&c->users, 1) > 1)
		return;
	PQfreeCancel(c->request);
	free(c);
}

static void *ask(void *arg)
{
	struct pgcancel *c = arg;
	char words[256];

	PQcancel(c->request, words, sizeof(words));
	c->is_done = true;
	pgcancel_free(c);
	return NULL;
}

struct pgcancel *pgcancel_start(struct pg_conn *conn)
{
	struct pgcancel *c = xcalloc(1, sizeof(*c));
	pthread_t thread;

	c->request = PQgetCancel(conn);
	c->users = 2;
	if (c->request && !pthread_create(&thread, NULL, ask, c)) {
		pthread_detach(thread);
	} else {
		c->is_done = true;
		pgcancel_free(c);
	}
	return c;
}

bool pgcancel_is_done(const struct pgcancel *c)
{
	return c->is_done;
}
