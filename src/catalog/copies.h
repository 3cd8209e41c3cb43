/* SPDX-License-Identifier: PostgreSQL */
/*
 * Many COPY ... TO STDOUT, one after the other, of what belongs to tenants. Any of them
 * may be locked, take forever, fail, or send without end. Then that one is reported as
 * failed, and the others are still read.
 *
 * They run READ ONLY and with row_security = off, in the reader of a session
 * (session_start_reader()), some hundreds in one transaction. What is locked or slow is
 * read at the end, within one time limit for all of it.
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

/* `is_locked`: somebody holds, or waits for, a lock on what it reads. */
void copies_add(struct copies_list *list, const char *sql, bool is_locked);
void copies_release(struct copies_list *list);

struct copies_opts {
	struct session *session;
	/* Of that session; may have been replaced when `done` is called. */
	struct session *reader;
	/* Reading may run code of tenants, which may change settings: set them again
	 * before each statement. */
	bool runs_code;
	uint64_t lock_wait_ms; /* for all locked ones together; 0: no limit */
	/* Row `number`, from 1, of a statement, as COPY writes it; NULL: it is longer
	 * than a megabyte. Returns false if no more rows of this statement are wanted. */
	bool (*row)(void *owner, size_t statement, size_t number, const char *line,
		    size_t length);
	void (*failed)(void *owner, size_t statement, const struct pg_failure *failure,
		       const struct error *err);
	/* Called once; during copies_read() if there is nothing to read. An error means
	 * that the connection was lost. */
	void (*done)(void *owner, const struct error *err);
	void *owner;
};

/* `list` must live until `done`. */
void copies_read(const struct copies_opts *opts, const struct copies_list *list);

#endif
