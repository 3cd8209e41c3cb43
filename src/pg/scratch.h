/* SPDX-License-Identifier: PostgreSQL */
/*
 * A database that is created to try something, and dropped, with stand-ins for roles that
 * do not exist on its server.
 *
 * 1. scratch_start() connects to another database of the server, drops what killed runs
 *    left behind, and creates one. Only superusers and this role may connect to it.
 * 2. `ready` is called once, with or without an error.
 * 3. scratch_drop() may be called at any time after that, also if it failed: it drops the
 *    database and the roles, and calls its `done` once.
 * 4. Then call scratch_free().
 *
 * A scratch database is recognized by its name together with a number that is set when
 * it is created, so at no moment can a killed run leave one that the next run does not
 * recognize. It is in use as long as a session has its name in application_name. A role
 * is recognized by its comment, and is in use as long as it has a privilege on one of
 * these databases.
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
	const struct log *log; /* for problems that do not matter */
	const struct conninfo *info;
	const char *program;        /* "metamodel verify" */
	const char *encoding;       /* "": the server's */
	const char *from;           /* copy this database; NULL: create an empty one */
	const struct strvec *roles; /* that must exist, in the encoding */
	bool (*ask_password)(void *person, char **out);
	void (*waiting)(void *person, const struct error *why, uint64_t pause_ms);
	void *person;
	void (*ready)(void *owner, const struct error *err);
	void *owner;
};

/* What `opts` points to must live until `ready`, `log` until the end. */
struct scratch *scratch_start(const struct scratch_opts *opts);

/* Is there a session that will create the database? If not, do not wait for `ready`. */
bool scratch_is_connected(const struct scratch *scratch);

const char *scratch_name(const struct scratch *scratch);

/* How to reach it, for libpq. After `ready`. */
const char *scratch_conninfo(const struct scratch *scratch);

/* The roles that were missing, in UTF-8. After `ready`. */
const struct strvec *scratch_stand_ins(const struct scratch *scratch);

/* `err`: it still exists, and the next run drops it. Not during `ready`. */
void scratch_drop(struct scratch *scratch,
		  void (*done)(void *owner, const struct error *err), void *owner);
void scratch_free(struct scratch *scratch);

#endif
