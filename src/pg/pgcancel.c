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
	atomic_int users; /* the last one to release it frees it */
};

void pgcancel_free(struct pgcancel *cancel)
{
	if (atomic_fetch_sub(&cancel->users, 1) > 1)
		return;
	PQfreeCancel(cancel->request);
	free(cancel);
}

static void *ask(void *arg)
{
	struct pgcancel *cancel = arg;
	char words[256];

	PQcancel(cancel->request, words, sizeof(words));
	cancel->is_done = true;
	pgcancel_free(cancel);
	return NULL;
}

struct pgcancel *pgcancel_start(struct pg_conn *conn)
{
	struct pgcancel *cancel = xcalloc(1, sizeof(*cancel));
	pthread_t thread;

	cancel->request = PQgetCancel(conn);
	cancel->users = 2;
	if (cancel->request && !pthread_create(&thread, NULL, ask, cancel)) {
		pthread_detach(thread);
	} else {
		cancel->is_done = true;
		pgcancel_free(cancel);
	}
	return cancel;
}

bool pgcancel_is_done(const struct pgcancel *cancel)
{
	return cancel->is_done;
}
