/* SPDX-License-Identifier: PostgreSQL */
/*
 * Many COPY ... TO STDOUT, one after the other, of what belongs to tenants. Any of these
 * may be locked, may take forever, may fail, or may send without end: that is known of
 * this one, and the others are read all the same.
 *
 * They run READ ONLY and with row_security = off, in the reader of a session
 * (session_start_reader()), some hundreds in one transaction. What is locked or takes
 * long has its turn at the end, when all of these share one patience.
 */
#ifndef CATALOG_COPIES_H
#define CATALOG_COPIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "pg/session.h"

/* The statements, numbered from 0. All zero is empty. */
struct copies_list {
	struct copies_statement *list;
	size_t count;
};

/* `is_locked`: somebody holds a lock on what it reads, or waits for one. */
void copies_add(struct copies_list *list, const char *sql, bool is_locked);
void copies_release(struct copies_list *list);

struct copies_opts {
	struct session *session;
	struct session *reader; /* of that session; it may be another one when `done` is
				   called */
	/* Reading may run what tenants have defined, which may change settings: what was
	 * set is set again for each statement. */
	bool runs_code;
	uint64_t lock_wait_ms; /* for all that are locked together; 0: no limit */
	/* Row `number`, from 1, of a statement, as COPY writes it; NULL: it has more than
	 * a megabyte. False: no more is wanted of this statement. */
	bool (*row)(void *owner, size_t statement, size_t number, const char *line,
		    size_t length);
	void (*failed)(void *owner, size_t statement, const struct pg_failure *failure,
		       const struct error *err);
	/* Once; at once where there is nothing to read. An error: the connection was
	 * lost. */
	void (*done)(void *owner, const struct error *err);
	void *owner;
};

/* `list` must live until `done`. */
void copies_read(const struct copies_opts *opts, const struct copies_list *list);

#endif
