/* SPDX-License-Identifier: PostgreSQL */
/*
 * The session that holds the advisory lock of a database and does nothing else, so that
 * nobody can delay it. When it ends, the lock is released. A transaction that stays
 * open holds the lock, so this also works through a pooler. The transaction has no
 * snapshot and does not hold back vacuum.
 *
 * 1. lock_holder_start(); `ready` is called once, with or without an error. ERROR_BUSY:
 *    another run holds the lock; the error names it.
 * 2. If the session ends later by itself, `lost` is called once.
 * 3. lock_holder_free() may be called at any time, also from a callback. No callback is called
 *    after it.
 */
#ifndef PG_LOCK_HOLDER_H
#define PG_LOCK_HOLDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/error.h"
#include "pg/conninfo.h"
#include "proc/loop.h"

struct lock_holder;

struct lock_holder_opts {
	struct loop *loop;
	const struct conninfo *info; /* only read during lock_holder_start() */
	unsigned timeout_s;          /* see struct pgconn_opts */
	uint64_t answer_ms;          /* the same */
	const char *settings;        /* see settings_format(); only read as above */
	bool is_exclusive;
	void (*ready)(void *owner, const struct error *err);
	void (*lost)(void *owner, const struct error *err);
	void *owner;
};

/* Errors: as pgconn_start(); then *out is NULL, and no callback is called. */
MUST_CHECK bool lock_holder_start(const struct lock_holder_opts *opts,
				  struct lock_holder **out, struct error *err);

/* The PID of its server process. */
uint64_t lock_holder_pid(const struct lock_holder *holder);

/* Added to the application_name of its session. */
#define HOLDER_SUFFIX " (lock)"

void lock_holder_free(struct lock_holder *holder);

#endif
