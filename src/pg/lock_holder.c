/* SPDX-License-Identifier: PostgreSQL */
#include "pg/lock_holder.h"

#include <stdlib.h>

#include "base/str.h"
#include "pg/pgconn.h"

/* The key of the advisory locks, two integers as pg_locks shows them: "meta", "modl". */
#define LOCK_CLASS "1835365473"
#define LOCK_OBJECT "1836016748"

/* READ ONLY, since it may be a standby. READ COMMITTED, since a snapshot then lasts only
 * for one statement. */
#define TRY_LOCK(MODE)                                                     \
	"BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY;"                  \
	" SELECT pg_catalog.pg_try_advisory_xact_lock" MODE "(" LOCK_CLASS \
	", " LOCK_OBJECT "), pg_catalog.pg_backend_pid()"

/* Details of the other session that the role may not see are left out. */
static const char other_sql[] =
	"SELECT concat(coalesce(nullif(replace(a.application_name, '" HOLDER_SUFFIX
	"', ''), ''), 'a session'),"
	" ', server process ', l.pid, ', from ' || host(a.client_addr),"
	" to_char(a.backend_start AT TIME ZONE 'UTC',"
	"  '\", since \"YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'))"
	" FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a USING (pid)"
	" WHERE l.locktype = 'advisory' AND l.classid = " LOCK_CLASS
	" AND l.objid = " LOCK_OBJECT
	" AND l.database = (SELECT oid FROM pg_catalog.pg_database"
	"  WHERE datname = current_database()) AND l.granted AND l.pid <> "
	"pg_backend_pid()"
	" ORDER BY l.pid LIMIT 1";

struct lock_holder {
	struct lock_holder_opts opts;
	struct pgconn *conn;
	char *settings;
	uint64_t pid;
};

static void on_other(void *owner, const struct pg_result *result, const struct error *err)
{
	struct lock_holder *holder = owner;
	struct error busy;

	/* it has ended meanwhile, or the role may not see it */
	if (err || !pgresult_rows(result))
		error_set(&busy, ERROR_BUSY, "another run holds the lock");
	else
		error_set(&busy, ERROR_BUSY, "another run holds the lock: %s",
			  pgresult_value(result, 0, 0));
	error_hint(&busy, "wait until it ends, or stop it");
	holder->opts.ready(holder->opts.owner, &busy);
}

static void on_lock(void *owner, const struct pg_result *result, const struct error *err)
{
	struct lock_holder *holder = owner;

	if (err) {
		holder->opts.ready(holder->opts.owner, err);
	} else if (pgresult_is_true(result, 0, 0)) {
		holder->pid = pgresult_uint(result, 0, 1);
		holder->opts.ready(holder->opts.owner, NULL);
	} else {
		pgconn_query(holder->conn, other_sql, NULL, 0, on_other, holder);
	}
}

static void on_connected(void *owner, const struct error *err)
{
	struct lock_holder *holder = owner;

	if (err) {
		holder->opts.ready(holder->opts.owner, err);
		return;
	}
	pgconn_set_prologue(holder->conn, holder->settings);
	pgconn_script(holder->conn,
		      holder->opts.is_exclusive ? TRY_LOCK("") : TRY_LOCK("_shared"),
		      on_lock, holder);
}

static void on_lost(void *owner, const struct error *err)
{
	struct lock_holder *holder = owner;

	holder->opts.lost(holder->opts.owner, err);
}

bool lock_holder_start(const struct lock_holder_opts *opts, struct lock_holder **out,
		       struct error *err)
{
	struct lock_holder *holder = xcalloc(1, sizeof(*holder));
	const struct pgconn_opts conn = { .loop = opts->loop,
					  .info = opts->info,
					  .timeout_s = opts->timeout_s,
					  .answer_ms = opts->answer_ms,
					  .ready = on_connected,
					  .lost = on_lost,
					  .owner = holder };

	holder->opts = *opts;
	holder->opts.info = NULL;
	holder->opts.settings = NULL;
	holder->settings = xstrdup(opts->settings);
	if (!pgconn_start(&conn, &holder->conn, err)) {
		lock_holder_free(holder);
		return false;
	}
	*out = holder;
	return true;
}

uint64_t lock_holder_pid(const struct lock_holder *holder)
{
	return holder->pid;
}

void lock_holder_free(struct lock_holder *holder)
{
	if (!holder)
		return;
	pgconn_free(holder->conn);
	free(holder->settings);
	free(holder);
}
