/* SPDX-License-Identifier: PostgreSQL */
/*
 * Find the real pg_dump or psql that serves a server.
 *
 * Debian's /usr/bin/pg_dump is a Perl wrapper that costs 20 ms a start; it is resolved
 * away, once.
 */
#ifndef PG_PGTOOL_H
#define PG_PGTOOL_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/error.h"
#include "proc/loop.h"

struct pgtool {
	char *path;
	char *version_text; /* what --version prints, one line */
	unsigned major;     /* 15; 9 for the 9.x */
	unsigned minor;     /* 20 */
};

typedef void pgtool_done_fn(void *owner, const struct pgtool *tool,
			    const struct error *err);

/*
 * Find the program `name` for a server: in `bindir` if it is given; otherwise the first
 * one of the server's own major version in PATH, or where packages install it
 * (/usr/lib/postgresql/N/bin and the like). If there is none, take the nearest newer one;
 * the caller warns then, since a newer pg_dump may write what the server does not
 * understand. An older one is never taken.
 *
 * Each candidate is asked for its --version, so `done` is called later, once, from the
 * loop.
 * Ownership: *tool is valid during the call of `done`; see pgtool_copy(). `name` and
 * `bindir` must live until then.
 * Errors: `tool` is NULL; ERROR_CHILD if none is as new as `server_major`, ERROR_SYSTEM
 * if none can be started.
 */
struct pgtool_search *pgtool_find(struct loop *loop, const char *name, const char *bindir,
				  unsigned server_major, pgtool_done_fn *done,
				  void *owner);

/* End the search; `done` still comes, with an error. Not after `done`. */
void pgtool_cancel(struct pgtool_search *search);

/* Ownership: the caller releases *out. */
void pgtool_copy(struct pgtool *out, const struct pgtool *tool);
void pgtool_release(struct pgtool *tool);

#endif
