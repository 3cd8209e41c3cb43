/* SPDX-License-Identifier: PostgreSQL */
/*
 * The session that holds the advisory lock of a database, and does nothing else: nobody
 * can delay it, and when it ends, the lock is free. The lock is that of a transaction
 * which stays open, so that it goes with us behind a pooler, too. It has no snapshot, and
 * holds back no vacuum.
 *
 * 1. holder_start(); `ready` is called once, with or without an error. ERROR_BUSY:
 * another run holds the lock, and the error says who.
 * 2. When the session ends later by itself, `lost` is called once.
 * 3. holder_free() at any time, from a callback too: after it no callback is called any
 * more.
 */
#ifndef PG_HOLDER_H
#define PG_HOLDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/error.h"
#include "pg/conninfo.h"
#include "proc/loop.h"

struct holder;

struct holder_opts {
	struct loop *loop;
	const struct conninfo *info; /* only read during holder_start() */
	unsigned timeout_s;          /* see struct pgconn_opts */
	uint64_t answer_ms;          /* the same */
	const char *settings;        /* see settings_format(); only read as above */
	bool is_exclusive;
	void (*ready)(void *owner, const struct error *err);
	void (*lost)(void *owner, const struct error *err);
	void *owner;
};

/* Errors: as pgconn_start(); then *out is NULL, and no callback is called. */
MUST_CHECK bool holder_start(const struct holder_opts *opts, struct holder **out,
			     struct error *err);

/* Its process in the server. */
uint64_t holder_pid(const struct holder *holder);

/* What is added to the name of the program for its session. */
#define HOLDER_SUFFIX " (lock)"

void holder_free(struct holder *holder);

#endif
