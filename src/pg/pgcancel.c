/* SPDX-License-Identifier: PostgreSQL */
#include "pg/pgcancel.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include <libpq-fe.h>

#include "base/str.h"

enum { TIMEOUT_S = 3 };

struct pgcancel {
	PGcancel *request;
	sem_t done;
	atomic_int users; /* who lets go last frees */
};

void pgcancel_free(struct pgcancel *c)
{
	if (atomic_fetch_sub(&c->users, 1) > 1)
		return;
	PQfreeCancel(c->request);
	sem_destroy(&c->done);
	free(c);
}

static void *ask(void *arg)
{
	struct pgcancel *c = arg;
	char words[256];

	PQcancel(c->request, words, sizeof(words));
	sem_post(&c->done);
	pgcancel_free(c);
	return NULL;
}

struct pgcancel *pgcancel_start(struct pg_conn *conn)
{
	struct pgcancel *c = xcalloc(1, sizeof(*c));
	pthread_t thread;

	c->request = PQgetCancel(conn);
	sem_init(&c->done, 0, 0);
	c->users = 2;
	if (c->request && !pthread_create(&thread, NULL, ask, c)) {
		pthread_detach(thread);
	} else {
		sem_post(&c->done);
		pgcancel_free(c);
	}
	return c;
}

void pgcancel_wait(struct pgcancel *c)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += TIMEOUT_S;
	while (sem_timedwait(&c->done, &until) < 0 && errno == EINTR)
		;
}
