/* SPDX-License-Identifier: PostgreSQL */
#include "pg/scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/str.h"
#include "pg/session.h"
#include "pg/pgconn.h"

/* How scratch databases are recognized: by the name and a connection limit so large that
 * nobody else would set it. */
#define NAME_PREFIX "metamodel_verify_"
#define IS_OURS                                        \
	" d.datname ~ '^" NAME_PREFIX "[0-9a-f]{16}$'" \
	" AND d.datconnlimit = " MARK " AND pg_has_role(d.datdba, 'USAGE')"
#define MARK "1836016748"
#define ROLE_MARK "metamodel: stand-in for a role that is missing here; may be dropped"
#define IS_STAND_IN                                                                 \
	" EXISTS (SELECT FROM pg_catalog.pg_shdescription c WHERE c.objoid = r.oid" \
	" AND c.classoid = 'pg_catalog.pg_authid'::regclass"                        \
	" AND c.description = '" ROLE_MARK "')"

enum { ROLE_ATTEMPTS = 5 };

struct scratch {
	struct scratch_opts opts;
	char name[sizeof(NAME_PREFIX) + 16];
	char *application; /* of this program's sessions */
	char *conninfo;
	struct conninfo info;    /* of the server, not of the database */
	struct strvec roles;     /* that must exist, in hexadecimal digits */
	struct session *outside; /* the session on another database; NULL: lost */
	struct session *inside;  /* the session on this one, while it is prepared */
	bool is_closing;
	pgconn_done_fn *step; /* waits for the answer to a query */
	bool is_connected;
	bool is_made;
	bool is_ready;
	unsigned role_attempts;
	struct strvec stand_ins; /* names */
	struct strvec leftovers; /* statements that drop what killed runs left */
	size_t next_leftover;
	struct strvec drops; /* statements that drop roles */
	size_t next_drop;
	void (*dropped)(void *owner, const struct error *err);
	void *drop_owner;
	struct error error; /* of the drop */
};

static void on_answer(void *owner, const struct pg_result *result,
		      const struct error *err)
{
	struct scratch *scratch = owner;

	if (!scratch->is_closing)
		scratch->step(scratch, result, err);
}

/* Only one query at a time. */
static void ask(struct scratch *scratch, struct session *session, const char *sql,
		const char *const *params, unsigned param_count, pgconn_done_fn *step)
{
	scratch->step = step;
	pgconn_query(session_conn(session), sql, params, param_count, on_answer, scratch);
}

static void tell(struct scratch *scratch, struct session *session, const char *sql,
		 pgconn_done_fn *step)
{
	scratch->step = step;
	pgconn_script(session_conn(session), sql, on_answer, scratch);
}

static void make_name(struct scratch *scratch)
{
	uint64_t number;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		abort(); /* never on a running Linux */
	snprintf(scratch->name, sizeof(scratch->name), NAME_PREFIX "%016llx",
		 (unsigned long long)number);
}

static void end_inside(struct scratch *scratch)
{
	session_free(scratch->inside);
	scratch->inside = NULL;
}

static void ready(struct scratch *scratch, const struct error *err)
{
	end_inside(scratch);
	scratch->is_ready = true;
	scratch->opts.ready(scratch->opts.owner, err);
}

static void on_outside_lost(void *owner, const struct error *err)
{
	(void)owner;
	(void)err; /* the next query reports it */
}

static void on_inside_lost(void *owner, const struct error *err)
{
	(void)owner;
	(void)err;
}

static bool ask_password(void *owner, char **out)
{
	struct scratch *scratch = owner;

	return scratch->opts.ask_password(scratch->opts.person, out);
}

static void on_waiting(void *owner, const struct error *why, uint64_t pause_ms)
{
	struct scratch *scratch = owner;

	scratch->opts.waiting(scratch->opts.person, why, pause_ms);
}

static struct session *connect_to(struct scratch *scratch, const struct conninfo *info,
				  void (*done)(void *owner, const struct error *err),
				  void (*lost)(void *owner, const struct error *err))
{
	const struct session_opts opts = { .loop = scratch->opts.loop,
					   .info = info,
					   .program = scratch->application,
					   .is_writer = true,
					   .is_unpooled = true, /* CREATE DATABASE */
					   .ask_password = ask_password,
					   .waiting = on_waiting,
					   .ready = done,
					   .lost = lost,
					   .owner = scratch };

	return session_start(&opts);
}

/* ---- the roles, asked inside: there, names have the database's encoding ---- */

static void ask_for_roles(struct scratch *scratch);

static void on_granted(void *owner, const struct pg_result *result,
		       const struct error *err)
{
	(void)result;
	ready(owner, err);
}

/*
 * Let owners create tables in schemas that exist before a restore, but are new here. Only
 * this program can connect. A superuser does not need this.
 */
static void allow_owners(struct scratch *scratch)
{
	AUTO_STRBUF struct strbuf list = { 0 };
	AUTO_FREE char *sql = NULL;

	for (size_t i = 0; i < scratch->roles.count; i++)
		strbuf_add_format(&list, "%s'%s'", i ? "," : "", scratch->roles.v[i]);
	sql = str_format(
		"DO $scratch$ DECLARE list text; BEGIN"
		" SELECT string_agg(format('%%I', r.rolname), ', ') INTO list"
		" FROM pg_catalog.pg_roles r WHERE NOT r.rolsuper AND r.rolname = ANY "
		"(ARRAY("
		"SELECT convert_from(decode(h, 'hex'), getdatabaseencoding())"
		" FROM unnest(ARRAY[%s]::text[]) h));"
		" IF list IS NOT NULL THEN"
		" EXECUTE 'ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO ' || list;"
		" END IF; END $scratch$",
		list.length ? list.buf : "");
	ask(scratch, scratch->inside, sql, NULL, 0, on_granted);
}

static void on_roles_made(void *owner, const struct pg_result *result,
			  const struct error *err)
{
	struct scratch *scratch = owner;
	const char *state =
		err ? pgconn_failure(session_conn(scratch->inside))->sqlstate : "";
	struct error hinted;

	(void)result;
	if (!err) {
		allow_owners(scratch);
		return;
	}
	/* another run has made it, or dropped it, meanwhile */
	if ((!strcmp(state, "42710") || !strcmp(state, "42704") ||
	     !strcmp(state, "23505") || !strcmp(state, "XX000")) &&
	    ++scratch->role_attempts < ROLE_ATTEMPTS) {
		ask_for_roles(scratch);
		return;
	}
	hinted = *err;
	log_warning(scratch->opts.log,
		    "roles that dumps name do not exist and have no stand-ins: %s; a "
		    "role with CREATEROLE could create them",
		    hinted.text);
	strvec_release(&scratch->stand_ins);
	allow_owners(scratch);
}

static void on_roles(void *owner, const struct pg_result *result, const struct error *err)
{
	struct scratch *scratch = owner;
	AUTO_STRBUF struct strbuf script = { 0 };

	if (err) {
		ready(scratch, err);
		return;
	}
	strvec_release(&scratch->stand_ins);
	for (int i = 0; i < pgresult_rows(result); i++) {
		strvec_push(&scratch->stand_ins, pgresult_value(result, i, 0));
		strbuf_add_format(&script, "%s;", pgresult_value(result, i, 1));
	}
	if (script.length)
		tell(scratch, scratch->inside, script.buf, on_roles_made);
	else
		allow_owners(scratch);
}

/* A privilege on the database keeps other runs from dropping the role while it is
 * needed. */
static void ask_for_roles(struct scratch *scratch)
{
	AUTO_STRBUF struct strbuf list = { 0 };
	AUTO_FREE char *sql = NULL;

	for (size_t i = 0; i < scratch->roles.count; i++)
		strbuf_add_format(&list, "%s'%s'", i ? "," : "", scratch->roles.v[i]);
	sql = str_format(
		"SELECT w.name, CASE WHEN r.oid IS NULL THEN"
		" format('CREATE ROLE %%1$I NOLOGIN; COMMENT ON ROLE %%1$I IS %%2$L;',"
		" w.name, '" ROLE_MARK "') ELSE '' END"
		" || CASE WHEN i.rolsuper THEN '' ELSE"
		" format('GRANT %%I TO CURRENT_USER;', w.name) END"
		" || format('GRANT TEMPORARY ON DATABASE %%I TO %%I', current_database(),"
		" w.name)"
		" FROM (SELECT DISTINCT convert_from(decode(h, 'hex'),"
		" getdatabaseencoding())::name AS name FROM unnest(ARRAY[%s]::text[]) h) "
		"w"
		" LEFT JOIN pg_catalog.pg_roles r ON r.rolname = w.name"
		" JOIN pg_catalog.pg_roles i ON i.rolname = current_user"
		" WHERE r.oid IS NULL OR" IS_STAND_IN " ORDER BY w.name",
		list.length ? list.buf : "");
	ask(scratch, scratch->inside, sql, NULL, 0, on_roles);
}

static void on_inside(void *owner, const struct error *err)
{
	struct scratch *scratch = owner;

	if (err)
		ready(scratch, err);
	else
		ask_for_roles(scratch);
}

/* ---- the database, in the session on another one ---- */

static void on_opened(void *owner, const struct pg_result *result,
		      const struct error *err)
{
	struct scratch *scratch = owner;
	struct conninfo inside;

	(void)result;
	if (err) {
		ready(scratch, err);
		return;
	}
	session_conninfo(scratch->outside, &inside);
	conninfo_set(&inside, "dbname", scratch->name);
	scratch->conninfo = conninfo_format(&inside);
	scratch->inside = connect_to(scratch, &inside, on_inside, on_inside_lost);
	conninfo_release(&inside);
}

static void hint_createdb(const struct scratch *scratch, struct error *err)
{
	const char *user = pgconn_user(session_conn(scratch->outside));
	AUTO_STRBUF struct strbuf role = { 0 };

	strbuf_add_identifier(&role, user, strlen(user));
	error_hint(err,
		   "the role must be able to create databases: ALTER ROLE %s CREATEDB; "
		   "or use another server: --load=CONNINFO",
		   role.buf);
}

static void on_made(void *owner, const struct pg_result *result, const struct error *err)
{
	struct scratch *scratch = owner;
	char now[CLOCK_TEXT_BYTES], host[65] = "?";
	AUTO_FREE char *sql = NULL;
	struct error hinted;

	(void)result;
	if (err) {
		hinted = *err;
		if (!strcmp(pgconn_failure(session_conn(scratch->outside))->sqlstate,
			    "42501"))
			hint_createdb(scratch, &hinted);
		error_prefix(&hinted, "cannot create the scratch database");
		ready(scratch, &hinted);
		return;
	}
	scratch->is_made = true;
	clock_now(now);
	(void)gethostname(host, sizeof(host) - 1);
	for (char *p = host; *p; p++) /* it is put into a literal */
		if (*p == '\'' || *p == '\\' || (unsigned char)*p < 0x20 || *p & 0x80)
			*p = '?';
	sql = str_format(
		"REVOKE ALL ON DATABASE %s FROM PUBLIC; COMMENT ON DATABASE %s IS "
		"'metamodel: a save is loaded here to see whether it can be, by "
		"process %ld on %s since %s; may be dropped'; "
		"ALTER DATABASE %s ALLOW_CONNECTIONS true",
		scratch->name, scratch->name, (long)getpid(), host, now, scratch->name);
	tell(scratch, scratch->outside, sql, on_opened);
}

static void on_statement(void *owner, const struct pg_result *result,
			 const struct error *err)
{
	struct scratch *scratch = owner;

	if (err)
		ready(scratch, err);
	else
		ask(scratch, scratch->outside, pgresult_value(result, 0, 0), NULL, 0,
		    on_made);
}

/*
 * A locale requires an encoding. If the encoding is that of the present database, take
 * its locale, otherwise "C", which allows every encoding. A copy keeps those of its
 * template.
 */
static void make_database(struct scratch *scratch)
{
	const char *params[] = { scratch->name, scratch->opts.encoding,
				 scratch->opts.from };

	ask(scratch, scratch->outside,
	    "SELECT format('CREATE DATABASE %I ALLOW_CONNECTIONS false CONNECTION "
	    "LIMIT " MARK " TEMPLATE %I', $1::text, coalesce($3::text, 'template0'))"
	    " || CASE WHEN $3::text IS NOT NULL OR $2::text = '' THEN ''"
	    " WHEN pg_char_to_encoding($2::text) = d.encoding THEN"
	    " format(' ENCODING %L LC_COLLATE %L LC_CTYPE %L', $2::text, "
	    "d.datcollate,"
	    " d.datctype)"
	    " ELSE format(' ENCODING %L LC_COLLATE ''C'' LC_CTYPE ''C''', $2::text) "
	    "END"
	    " FROM pg_catalog.pg_database d WHERE d.datname = current_database()",
	    params, 3, on_statement);
}

/* ---- leftovers ---- */

static void drop_leftovers(struct scratch *scratch);

static void on_leftover_dropped(void *owner, const struct pg_result *result,
				const struct error *err)
{
	struct scratch *scratch = owner;

	(void)result;
	if (err)
		log_debug(scratch->opts.log,
			  "cannot remove what an earlier run left behind: %s", err->text);
	drop_leftovers(scratch);
}

static void drop_leftovers(struct scratch *scratch)
{
	if (scratch->next_leftover == scratch->leftovers.count)
		make_database(scratch);
	else
		ask(scratch, scratch->outside,
		    scratch->leftovers.v[scratch->next_leftover++], NULL, 0,
		    on_leftover_dropped);
}

static void on_leftovers(void *owner, const struct pg_result *result,
			 const struct error *err)
{
	struct scratch *scratch = owner;

	if (err) {
		ready(scratch, err);
		return;
	}
	for (int i = 0; i < pgresult_rows(result); i++)
		strvec_push(&scratch->leftovers, pgresult_value(result, i, 0));
	if (scratch->leftovers.count)
		log_warning(scratch->opts.log,
			    "an earlier run died: dropping its scratch database");
	drop_leftovers(scratch);
}

static void on_outside(void *owner, const struct error *err)
{
	struct scratch *scratch = owner;

	if (err) {
		ready(scratch, err);
		return;
	}
	scratch->is_connected = true;
	ask(scratch, scratch->outside,
	    "SELECT format('DROP DATABASE %I', d.datname)"
	    " FROM pg_catalog.pg_database d WHERE" IS_OURS
	    " AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity a"
	    " WHERE a.datname = d.datname OR right(a.application_name, "
	    "length(d.datname))"
	    " = d.datname)",
	    NULL, 0, on_leftovers);
}

struct scratch *scratch_start(const struct scratch_opts *opts)
{
	struct scratch *scratch = xcalloc(1, sizeof(*scratch));

	scratch->opts = *opts;
	make_name(scratch);
	scratch->application = str_format("%s %s", opts->program, scratch->name);
	conninfo_copy(&scratch->info, opts->info);
	for (size_t i = 0; i < opts->roles->count; i++) {
		AUTO_STRBUF struct strbuf hex = { 0 };

		for (const char *p = opts->roles->v[i]; *p; p++)
			strbuf_add_format(&hex, "%02x", (unsigned char)*p);
		strvec_push(&scratch->roles, hex.buf);
	}
	scratch->outside =
		connect_to(scratch, &scratch->info, on_outside, on_outside_lost);
	return scratch;
}

bool scratch_is_connected(const struct scratch *scratch)
{
	return scratch->is_connected;
}

const char *scratch_name(const struct scratch *scratch)
{
	return scratch->name;
}

const char *scratch_conninfo(const struct scratch *scratch)
{
	return scratch->conninfo;
}

const struct strvec *scratch_stand_ins(const struct scratch *scratch)
{
	return &scratch->stand_ins;
}

/* ---- drop ---- */

static void drop_roles(struct scratch *scratch);

static void end_drop(struct scratch *scratch)
{
	scratch->dropped(scratch->drop_owner,
			 scratch->error.kind == ERROR_NONE ? NULL : &scratch->error);
}

static void on_role_dropped(void *owner, const struct pg_result *result,
			    const struct error *err)
{
	struct scratch *scratch = owner;
	const char *state =
		err ? pgconn_failure(session_conn(scratch->outside))->sqlstate : "";

	(void)result;
	/* another run needs it or has dropped it */
	if (err && strcmp(state, "2BP01") != 0 && strcmp(state, "42704") != 0)
		log_warning(scratch->opts.log, "cannot drop a stand-in role: %s",
			    err->text);
	drop_roles(scratch);
}

static void drop_roles(struct scratch *scratch)
{
	if (scratch->next_drop == scratch->drops.count)
		end_drop(scratch);
	else
		ask(scratch, scratch->outside, scratch->drops.v[scratch->next_drop++],
		    NULL, 0, on_role_dropped);
}

static void on_stand_ins(void *owner, const struct pg_result *result,
			 const struct error *err)
{
	struct scratch *scratch = owner;

	for (int i = 0; !err && i < pgresult_rows(result); i++)
		strvec_push(&scratch->drops, pgresult_value(result, i, 0));
	drop_roles(scratch);
}

static void on_dropped(void *owner, const struct pg_result *result,
		       const struct error *err)
{
	struct scratch *scratch = owner;

	(void)result;
	if (err) {
		scratch->error = *err;
		error_prefix(&scratch->error, "scratch database %s still exists",
			     scratch->name);
		error_hint(&scratch->error,
			   "the next metamodel verify --load drops it when it "
			   "is no longer in use");
		end_drop(scratch);
		return;
	}
	/* also those of killed runs */
	ask(scratch, scratch->outside,
	    "SELECT format('DROP ROLE %I', r.rolname) FROM pg_catalog.pg_roles r"
	    " WHERE" IS_STAND_IN " AND NOT r.rolcanlogin",
	    NULL, 0, on_stand_ins);
}

static void on_drop_tried(void *owner, const struct pg_result *result,
			  const struct error *err)
{
	struct scratch *scratch = owner;
	AUTO_FREE char *sql = str_format("DROP DATABASE %s WITH (FORCE)", scratch->name);

	if (err &&
	    !strcmp(pgconn_failure(session_conn(scratch->outside))->sqlstate, "55006"))
		ask(scratch, scratch->outside, sql, NULL, 0, on_dropped);
	else
		on_dropped(scratch, result, err);
}

/*
 * This run has created the database; if the name had been taken, creating it would have
 * failed. The server waits 5 s for sessions of this program that are about to end; then
 * they are terminated.
 */
static void drop(struct scratch *scratch)
{
	AUTO_FREE char *sql = str_format("DROP DATABASE %s", scratch->name);

	ask(scratch, scratch->outside, sql, NULL, 0, on_drop_tried);
}

static void on_outside_again(void *owner, const struct error *err)
{
	struct scratch *scratch = owner;

	if (err)
		on_dropped(scratch, NULL, err);
	else
		drop(scratch);
}

/* Is the session still alive? The load may have taken hours. */
static void on_alive(void *owner, const struct pg_result *result, const struct error *err)
{
	struct scratch *scratch = owner;

	(void)result;
	if (!err) {
		drop(scratch);
		return;
	}
	session_free(scratch->outside);
	scratch->outside =
		connect_to(scratch, &scratch->info, on_outside_again, on_outside_lost);
}

void scratch_drop(struct scratch *scratch,
		  void (*done)(void *owner, const struct error *err), void *owner)
{
	scratch->dropped = done;
	scratch->drop_owner = owner;
	if (scratch->is_made)
		ask(scratch, scratch->outside, "SELECT 1", NULL, 0, on_alive);
	else
		end_drop(scratch);
}

void scratch_free(struct scratch *scratch)
{
	if (!scratch)
		return;
	scratch->is_closing = true;
	end_inside(scratch);
	session_free(scratch->outside);
	conninfo_release(&scratch->info);
	strvec_release(&scratch->roles);
	strvec_release(&scratch->stand_ins);
	strvec_release(&scratch->leftovers);
	strvec_release(&scratch->drops);
	free(scratch->application);
	free(scratch->conninfo);
	free(scratch);
}
