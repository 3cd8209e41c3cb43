/* SPDX-License-Identifier: PostgreSQL */
/*
 * A database that is made to try something in, and dropped: with roles that take the
 * place of those that are missing on its server.
 *
 * 1. scratch_start() connects to another database of the server, drops what killed runs
 * left behind, and makes one. Nobody else may connect to it but superusers.
 * 2. `ready` is called once, with or without an error.
 * 3. scratch_drop() at any time after that, also when it failed: drops both, and calls
 * its `done` once.
 * 4. scratch_free() then.
 *
 * It is known as ours by its name together with a number that it is made with, so there
 * is no moment in which a run that is killed leaves one that the next run does not know;
 * it is in use as long as a session has its name in application_name. A role is known by
 * its comment, and in use as long as it has a right on one of these databases.
 */
#ifndef PG_SCRATCH_H
#define PG_SCRATCH_H

#include <stdbool.h>

#include "base/error.h"
#include "base/log.h"
#include "base/strvec.h"
#include "pg/conninfo.h"
#include "proc/loop.h"

struct scratch;

struct scratch_opts {
	struct loop *loop;
	const struct log *log; /* for what is in the way, but does not matter */
	const struct conninfo *info;
	const char *program;        /* "metamodel verify" */
	const char *encoding;       /* "": the server's */
	const char *from;           /* copy this database; NULL: it is empty */
	const struct strvec *roles; /* that have to be there, in the encoding */
	bool (*ask_password)(void *person, char **out);
	void (*waiting)(void *person, const struct error *why, uint64_t pause_ms);
	void *person;
	void (*ready)(void *owner, const struct error *err);
	void *owner;
};

/* What `opts` points to must live until `ready`, `log` until the end. */
struct scratch *scratch_start(const struct scratch_opts *opts);

/* Is there a session that will make the database? If not, `ready` need not be waited for.
 */
bool scratch_is_connected(const struct scratch *scratch);

const char *scratch_name(const struct scratch *scratch);

/* How to reach it, for libpq. After `ready`. */
const char *scratch_conninfo(const struct scratch *scratch);

/* The roles that were missing, in UTF-8. After `ready`. */
const struct strvec *scratch_stand_ins(const struct scratch *scratch);

/* `err`: it is still there, and the next run drops it. Not from within `ready`. */
void scratch_drop(struct scratch *scratch,
		  void (*done)(void *owner, const struct error *err), void *owner);
void scratch_free(struct scratch *scratch);

#endif
