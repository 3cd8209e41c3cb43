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

/* The names, and the number, which is a limit of connections that nobody reaches. */
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
	char *application; /* of our sessions */
	char *conninfo;
	struct conninfo info;    /* of the server, not of the database */
	struct strvec roles;     /* that are wanted, in hex */
	struct session *outside; /* our session on another database; NULL: lost */
	struct session *inside;  /* on this one, while it is prepared */
	bool is_closing;
	pgconn_done_fn *step; /* that waits for an answer */
	bool is_connected;
	bool is_made;
	bool is_ready;
	unsigned role_attempts;
	struct strvec stand_ins; /* names */
	struct strvec leftovers; /* statements that drop them */
	size_t next_leftover;
	struct strvec drops; /* of roles */
	size_t next_drop;
	void (*dropped)(void *owner, const struct error *err);
	void *drop_owner;
	struct error error; /* of the drop */
};

static void on_answer(void *owner, const struct pg_result *result,
		      const struct error *err)
{
	struct scratch *s = owner;

	if (!s->is_closing)
		s->step(s, result, err);
}

/* One at a time. */
static void ask(struct scratch *s, struct session *session, const char *sql,
		const char *const *params, unsigned param_count, pgconn_done_fn *step)
{
	s->step = step;
	pgconn_query(session_conn(session), sql, params, param_count, on_answer, s);
}

static void tell(struct scratch *s, struct session *session, const char *sql,
		 pgconn_done_fn *step)
{
	s->step = step;
	pgconn_script(session_conn(session), sql, on_answer, s);
}

static void make_name(struct scratch *s)
{
	uint64_t number;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		abort(); /* never on Linux once it has booted */
	snprintf(s->name, sizeof(s->name), NAME_PREFIX "%016llx",
		 (unsigned long long)number);
}

static void end_inside(struct scratch *s)
{
	session_free(s->inside);
	s->inside = NULL;
}

static void ready(struct scratch *s, const struct error *err)
{
	end_inside(s);
	s->is_ready = true;
	s->opts.ready(s->opts.owner, err);
}

static void on_outside_lost(void *owner, const struct error *err)
{
	(void)owner;
	(void)err; /* the next query says so */
}

static void on_inside_lost(void *owner, const struct error *err)
{
	(void)owner;
	(void)err;
}

static bool ask_password(void *owner, char **out)
{
	struct scratch *s = owner;

	return s->opts.ask_password(s->opts.person, out);
}

static void on_waiting(void *owner, const struct error *why, uint64_t pause_ms)
{
	struct scratch *s = owner;

	s->opts.waiting(s->opts.person, why, pause_ms);
}

static struct session *connect_to(struct scratch *s, const struct conninfo *info,
				  void (*done)(void *owner, const struct error *err),
				  void (*lost)(void *owner, const struct error *err))
{
	const struct session_opts opts = { .loop = s->opts.loop,
					   .info = info,
					   .program = s->application,
					   .is_writer = true,
					   .is_unpooled = true, /* CREATE DATABASE */
					   .ask_password = ask_password,
					   .waiting = on_waiting,
					   .ready = done,
					   .lost = lost,
					   .owner = s };

	return session_start(&opts);
}

/* ---- the roles, from within: there names are in its encoding ---- */

static void ask_for_roles(struct scratch *s);

static void on_granted(void *owner, const struct pg_result *result,
		       const struct error *err)
{
	(void)result;
	ready(owner, err);
}

/*
 * Owners make their tables in schemas that a restore finds, but that are new here. Nobody
 * but us can connect. As a superuser it is of no need.
 */
static void allow_owners(struct scratch *s)
{
	AUTO_STRBUF struct strbuf list = { 0 };
	AUTO_FREE char *sql = NULL;

	for (size_t i = 0; i < s->roles.count; i++)
		strbuf_add_format(&list, "%s'%s'", i ? "," : "", s->roles.v[i]);
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
	ask(s, s->inside, sql, NULL, 0, on_granted);
}

static void on_roles_made(void *owner, const struct pg_result *result,
			  const struct error *err)
{
	struct scratch *s = owner;
	const char *state = err ? pgconn_failure(session_conn(s->inside))->sqlstate : "";
	struct error hinted;

	(void)result;
	if (!err) {
		allow_owners(s);
		return;
	}
	/* another run made it, or dropped it, meanwhile */
	if ((!strcmp(state, "42710") || !strcmp(state, "42704") ||
	     !strcmp(state, "23505") || !strcmp(state, "XX000")) &&
	    ++s->role_attempts < ROLE_ATTEMPTS) {
		ask_for_roles(s);
		return;
	}
	hinted = *err;
	log_warning(s->opts.log,
		    "roles that dumps name do not exist and have no stand-ins: %s; a "
		    "role with CREATEROLE could create them",
		    hinted.text);
	strvec_release(&s->stand_ins);
	allow_owners(s);
}

static void on_roles(void *owner, const struct pg_result *result, const struct error *err)
{
	struct scratch *s = owner;
	AUTO_STRBUF struct strbuf script = { 0 };

	if (err) {
		ready(s, err);
		return;
	}
	strvec_release(&s->stand_ins);
	for (int i = 0; i < pgresult_rows(result); i++) {
		strvec_push(&s->stand_ins, pgresult_value(result, i, 0));
		strbuf_add_format(&script, "%s;", pgresult_value(result, i, 1));
	}
	if (script.length)
		tell(s, s->inside, script.buf, on_roles_made);
	else
		allow_owners(s);
}

/* A right on the database keeps another run from dropping the role as long as we need it.
 */
static void ask_for_roles(struct scratch *s)
{
	AUTO_STRBUF struct strbuf list = { 0 };
	AUTO_FREE char *sql = NULL;

	for (size_t i = 0; i < s->roles.count; i++)
		strbuf_add_format(&list, "%s'%s'", i ? "," : "", s->roles.v[i]);
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
	ask(s, s->inside, sql, NULL, 0, on_roles);
}

static void on_inside(void *owner, const struct error *err)
{
	struct scratch *s = owner;

	if (err)
		ready(s, err);
	else
		ask_for_roles(s);
}

/* ---- the database, from outside ---- */

static void on_opened(void *owner, const struct pg_result *result,
		      const struct error *err)
{
	struct scratch *s = owner;
	struct conninfo inside;

	(void)result;
	if (err) {
		ready(s, err);
		return;
	}
	session_conninfo(s->outside, &inside);
	conninfo_set(&inside, "dbname", s->name);
	s->conninfo = conninfo_format(&inside);
	s->inside = connect_to(s, &inside, on_inside, on_inside_lost);
	conninfo_release(&inside);
}

static void hint_createdb(const struct scratch *s, struct error *err)
{
	const char *user = pgconn_user(session_conn(s->outside));
	AUTO_STRBUF struct strbuf role = { 0 };

	strbuf_add_identifier(&role, user, strlen(user));
	error_hint(err,
		   "the role must be able to create databases: ALTER ROLE %s CREATEDB; "
		   "or use another server: --load=CONNINFO",
		   role.buf);
}

static void on_made(void *owner, const struct pg_result *result, const struct error *err)
{
	struct scratch *s = owner;
	char now[CLOCK_TEXT_BYTES], host[65] = "?";
	AUTO_FREE char *sql = NULL;
	struct error hinted;

	(void)result;
	if (err) {
		hinted = *err;
		if (!strcmp(pgconn_failure(session_conn(s->outside))->sqlstate, "42501"))
			hint_createdb(s, &hinted);
		error_prefix(&hinted, "cannot create the scratch database");
		ready(s, &hinted);
		return;
	}
	s->is_made = true;
	clock_now(now);
	(void)gethostname(host, sizeof(host) - 1);
	for (char *p = host; *p; p++) /* it goes into a literal */
		if (*p == '\'' || *p == '\\' || (unsigned char)*p < 0x20 || *p & 0x80)
			*p = '?';
	sql = str_format(
		"REVOKE ALL ON DATABASE %s FROM PUBLIC; COMMENT ON DATABASE %s IS "
		"'metamodel: a save is loaded here to see whether it can be, by "
		"process %ld on %s since %s; may be dropped'; "
		"ALTER DATABASE %s ALLOW_CONNECTIONS true",
		s->name, s->name, (long)getpid(), host, now, s->name);
	tell(s, s->outside, sql, on_opened);
}

static void on_statement(void *owner, const struct pg_result *result,
			 const struct error *err)
{
	struct scratch *s = owner;

	if (err)
		ready(s, err);
	else
		ask(s, s->outside, pgresult_value(result, 0, 0), NULL, 0, on_made);
}

/*
 * A locale goes with an encoding: that of the database that we are connected to if it is
 * the same, else "C", which goes with all. A copy has what it is a copy of.
 */
static void make_database(struct scratch *s)
{
	const char *params[] = { s->name, s->opts.encoding, s->opts.from };

	ask(s, s->outside,
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

static void drop_leftovers(struct scratch *s);

static void on_leftover_dropped(void *owner, const struct pg_result *result,
				const struct error *err)
{
	struct scratch *s = owner;

	(void)result;
	if (err)
		log_debug(s->opts.log,
			  "cannot remove what an earlier run left behind: %s", err->text);
	drop_leftovers(s);
}

static void drop_leftovers(struct scratch *s)
{
	if (s->next_leftover == s->leftovers.count)
		make_database(s);
	else
		ask(s, s->outside, s->leftovers.v[s->next_leftover++], NULL, 0,
		    on_leftover_dropped);
}

static void on_leftovers(void *owner, const struct pg_result *result,
			 const struct error *err)
{
	struct scratch *s = owner;

	if (err) {
		ready(s, err);
		return;
	}
	for (int i = 0; i < pgresult_rows(result); i++)
		strvec_push(&s->leftovers, pgresult_value(result, i, 0));
	if (s->leftovers.count)
		log_warning(s->opts.log,
			    "an earlier run died: dropping its scratch database");
	drop_leftovers(s);
}

static void on_outside(void *owner, const struct error *err)
{
	struct scratch *s = owner;

	if (err) {
		ready(s, err);
		return;
	}
	s->is_connected = true;
	ask(s, s->outside,
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
	struct scratch *s = xcalloc(1, sizeof(*s));

	s->opts = *opts;
	make_name(s);
	s->application = str_format("%s %s", opts->program, s->name);
	conninfo_copy(&s->info, opts->info);
	for (size_t i = 0; i < opts->roles->count; i++) {
		AUTO_STRBUF struct strbuf hex = { 0 };

		for (const char *p = opts->roles->v[i]; *p; p++)
			strbuf_add_format(&hex, "%02x", (unsigned char)*p);
		strvec_push(&s->roles, hex.buf);
	}
	s->outside = connect_to(s, &s->info, on_outside, on_outside_lost);
	return s;
}

bool scratch_is_connected(const struct scratch *s)
{
	return s->is_connected;
}

const char *scratch_name(const struct scratch *s)
{
	return s->name;
}

const char *scratch_conninfo(const struct scratch *s)
{
	return s->conninfo;
}

const struct strvec *scratch_stand_ins(const struct scratch *s)
{
	return &s->stand_ins;
}

/* ---- drop ---- */

static void drop_roles(struct scratch *s);

static void end_drop(struct scratch *s)
{
	s->dropped(s->drop_owner, s->error.kind == ERROR_NONE ? NULL : &s->error);
}

static void on_role_dropped(void *owner, const struct pg_result *result,
			    const struct error *err)
{
	struct scratch *s = owner;
	const char *state = err ? pgconn_failure(session_conn(s->outside))->sqlstate : "";

	(void)result;
	/* another run needs it, or dropped it */
	if (err && strcmp(state, "2BP01") != 0 && strcmp(state, "42704") != 0)
		log_warning(s->opts.log, "cannot drop a stand-in role: %s", err->text);
	drop_roles(s);
}

static void drop_roles(struct scratch *s)
{
	if (s->next_drop == s->drops.count)
		end_drop(s);
	else
		ask(s, s->outside, s->drops.v[s->next_drop++], NULL, 0, on_role_dropped);
}

static void on_stand_ins(void *owner, const struct pg_result *result,
			 const struct error *err)
{
	struct scratch *s = owner;

	for (int i = 0; !err && i < pgresult_rows(result); i++)
		strvec_push(&s->drops, pgresult_value(result, i, 0));
	drop_roles(s);
}

static void on_dropped(void *owner, const struct pg_result *result,
		       const struct error *err)
{
	struct scratch *s = owner;

	(void)result;
	if (err) {
		s->error = *err;
		error_prefix(&s->error, "scratch database %s still exists", s->name);
		error_hint(&s->error, "the next metamodel verify --load drops it when it "
				      "is no longer in use");
		end_drop(s);
		return;
	}
	/* those of killed runs, too */
	ask(s, s->outside,
	    "SELECT format('DROP ROLE %I', r.rolname) FROM pg_catalog.pg_roles r"
	    " WHERE" IS_STAND_IN " AND NOT r.rolcanlogin",
	    NULL, 0, on_stand_ins);
}

static void on_drop_tried(void *owner, const struct pg_result *result,
			  const struct error *err)
{
	struct scratch *s = owner;
	AUTO_FREE char *sql = str_format("DROP DATABASE %s WITH (FORCE)", s->name);

	if (err && !strcmp(pgconn_failure(session_conn(s->outside))->sqlstate, "55006"))
		ask(s, s->outside, sql, NULL, 0, on_dropped);
	else
		on_dropped(s, result, err);
}

/*
 * It is of our making: whoever had one of the same name has kept it. Sessions of ours
 * that are about to end are waited for, for 5 s, by the server; those that do not end are
 * ended.
 */
static void drop(struct scratch *s)
{
	AUTO_FREE char *sql = str_format("DROP DATABASE %s", s->name);

	ask(s, s->outside, sql, NULL, 0, on_drop_tried);
}

static void on_outside_again(void *owner, const struct error *err)
{
	struct scratch *s = owner;

	if (err)
		on_dropped(s, NULL, err);
	else
		drop(s);
}

/* Is our session still there? The load may have taken hours. */
static void on_alive(void *owner, const struct pg_result *result, const struct error *err)
{
	struct scratch *s = owner;

	(void)result;
	if (!err) {
		drop(s);
		return;
	}
	session_free(s->outside);
	s->outside = connect_to(s, &s->info, on_outside_again, on_outside_lost);
}

void scratch_drop(struct scratch *s, void (*done)(void *owner, const struct error *err),
		  void *owner)
{
	s->dropped = done;
	s->drop_owner = owner;
	if (s->is_made)
		ask(s, s->outside, "SELECT 1", NULL, 0, on_alive);
	else
		end_drop(s);
}

void scratch_free(struct scratch *s)
{
	if (!s)
		return;
	s->is_closing = true;
	end_inside(s);
	session_free(s->outside);
	conninfo_release(&s->info);
	strvec_release(&s->roles);
	strvec_release(&s->stand_ins);
	strvec_release(&s->leftovers);
	strvec_release(&s->drops);
	free(s->application);
	free(s->conninfo);
	free(s);
}
