/* SPDX-License-Identifier: PostgreSQL */
#include "catalog/structure.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "catalog/columns.h"
#include "catalog/accounts.h"
#include "catalog/sql.h"
#include "catalog/upgrade.h"

/* The number of accounts whose columns are read at once. */
enum { BATCH = 50 };

/* The structure of one version of one level. */
struct shape {
	bool is_needed; /* some account should have it */
	char *digest;   /* NULL: it has no tables */
	struct columns columns;
};

struct comparison {
	struct session *session;
	const struct migrations *migrations;
	const struct catalog_states *states;
	structure_drifted_fn *drifted;
	structure_done_fn *done;
	void *owner;
	struct error error;
	struct shape *shapes[MIGRATION_LEVELS]; /* of each step */
	enum migration_level level;
	size_t step;
	size_t *asked; /* accounts whose digests are compared */
	size_t asked_count;
	size_t *suspects; /* those of them whose digest differs */
	size_t suspect_count, suspect_next;
};

static void comparison_free(struct comparison *c)
{
	for (int level = 0; level < MIGRATION_LEVELS; level++) {
		for (size_t i = 0; i < c->migrations->count; i++) {
			free(c->shapes[level][i].digest);
			columns_release(&c->shapes[level][i].columns);
		}
		free(c->shapes[level]);
	}
	free(c->asked);
	free(c->suspects);
	free(c);
}

static void on_ended(void *owner, const struct pg_result *result, const struct error *err)
{
	struct comparison *c = owner;
	struct error error = c->error.kind == ERROR_NONE && err ? *err : c->error;
	structure_done_fn *done = c->done;
	void *done_owner = c->owner;

	(void)result;
	comparison_free(c); /* `done` may free the states */
	done(done_owner, error.kind != ERROR_NONE ? &error : NULL);
}

/* Works in a transaction, outside one, and after the session was lost. */
static void end(struct comparison *c, const struct error *err)
{
	bool is_lost = err && !pgconn_failure(session_conn(c->session))->sqlstate[0];

	if (err)
		c->error = *err;
	if (is_lost)
		on_ended(c, NULL, NULL);
	else
		pgconn_query(session_conn(c->session), "ROLLBACK", NULL, 0, on_ended, c);
}

/* ---- the accounts ---- */

/* The shape that the account should have; NULL if that is not known. */
static struct shape *shape_of(const struct comparison *c, const struct catalog_state *s)
{
	size_t after = s->kind == CATALOG_VERSION
			       ? migrations_first_after(c->migrations, s->version)
			       : 0;
	bool is_newer = after == c->migrations->count &&
			s->number > c->migrations->steps[after - 1].number;

	return after && !is_newer && s->has_schema
		       ? &c->shapes[catalog_level(s->name)][after - 1]
		       : NULL;
}

static void read_suspects(struct comparison *c);

static void tell(struct comparison *c, size_t index, const struct columns *has)
{
	const struct shape *shape = shape_of(c, &c->states->list[index]);
	AUTO_STRVEC struct strvec differences = { 0 };

	columns_compare(has, &shape->columns, &differences);
	c->drifted(c->owner, index, &differences);
}

static void on_columns(void *owner, const struct pg_result *result,
		       const struct error *err)
{
	struct comparison *c = owner;
	struct columns has[BATCH] = { 0 };

	if (err) {
		end(c, err);
		return;
	}
	for (int row = 0; row < pgresult_rows(result);)
		row = columns_take(result, row, &has[pgresult_uint(result, row, 0) - 1]);
	for (size_t i = 0; i < BATCH && c->suspect_next < c->suspect_count; i++) {
		tell(c, c->suspects[c->suspect_next++], &has[i]);
		columns_release(&has[i]);
	}
	read_suspects(c);
}

/* Their names are their places in $1, from 1. */
static const char named_schemas[] =
	"SELECT n.oid, u.place::text FROM unnest($1::text[]) WITH ORDINALITY u (name, "
	"place)"
	" JOIN pg_catalog.pg_namespace n ON n.nspname = u.name";
static const char temporary_schema[] = "SELECT pg_my_temp_schema(), '1'::text";

static char *fill_schemas(const char *sql, const char *schemas)
{
	return sql_fill(sql, (const char *const[]){ ":schemas", schemas, NULL });
}

static void read_suspects(struct comparison *c)
{
	AUTO_FREE char *sql = fill_schemas(sql_structure_columns, named_schemas);
	AUTO_STRVEC struct strvec names = { 0 };
	AUTO_FREE char *array = NULL;

	for (size_t i = c->suspect_next;
	     i < c->suspect_count && i < c->suspect_next + BATCH; i++)
		strvec_push(&names, c->states->list[c->suspects[i]].name);
	if (!names.count) {
		end(c, NULL);
		return;
	}
	array = catalog_format_array(&names);
	pgconn_query(session_conn(c->session), sql, (const char *const[]){ array }, 1,
		     on_columns, c);
}

static void on_digests(void *owner, const struct pg_result *result,
		       const struct error *err)
{
	struct comparison *c = owner;
	AUTO_FREE bool *is_good = xcalloc(c->asked_count + 1, sizeof(bool));

	if (err) {
		end(c, err);
		return;
	}
	for (int i = 0; i < pgresult_rows(result); i++) {
		size_t place = pgresult_uint(result, i, 0) - 1;
		const struct shape *shape =
			shape_of(c, &c->states->list[c->asked[place]]);

		is_good[place] = shape->digest &&
				 !strcmp(shape->digest, pgresult_value(result, i, 1));
	}
	for (size_t i = 0; i < c->asked_count; i++)
		if (!is_good[i])
			c->suspects[c->suspect_count++] = c->asked[i];
	read_suspects(c);
}

static void read_digests(struct comparison *c)
{
	AUTO_FREE char *sql = fill_schemas(sql_structure_digest, named_schemas);
	AUTO_STRVEC struct strvec names = { 0 };
	AUTO_FREE char *array = NULL;

	c->asked = xcalloc(c->states->count + 1, sizeof(*c->asked));
	c->suspects = xcalloc(c->states->count + 1, sizeof(*c->suspects));
	for (size_t i = 0; i < c->states->count; i++) {
		if (!shape_of(c, &c->states->list[i]))
			continue;
		c->asked[c->asked_count++] = i;
		strvec_push(&names, c->states->list[i].name);
	}
	array = catalog_format_array(&names);
	pgconn_query(session_conn(c->session), sql, (const char *const[]){ array }, 1,
		     on_digests, c);
}

/* ---- the migrations ---- */

static void run_step(struct comparison *c);
static void begin_level(struct comparison *c);

static void on_level_ended(void *owner, const struct pg_result *result,
			   const struct error *err)
{
	struct comparison *c = owner;

	(void)result;
	if (err) {
		end(c, err);
	} else if (++c->level < MIGRATION_LEVELS) {
		begin_level(c);
	} else {
		read_digests(c);
	}
}

static void on_shape_columns(void *owner, const struct pg_result *result,
			     const struct error *err)
{
	struct comparison *c = owner;

	if (err) {
		end(c, err);
		return;
	}
	if (pgresult_rows(result))
		columns_take(result, 0, &c->shapes[c->level][c->step].columns);
	c->step++;
	run_step(c);
}

static void on_shape_digest(void *owner, const struct pg_result *result,
			    const struct error *err)
{
	struct comparison *c = owner;
	AUTO_FREE char *sql = fill_schemas(sql_structure_columns, temporary_schema);

	if (err) {
		end(c, err);
		return;
	}
	if (pgresult_rows(result))
		c->shapes[c->level][c->step].digest =
			xstrdup(pgresult_value(result, 0, 1));
	pgconn_query(session_conn(c->session), sql, NULL, 0, on_shape_columns, c);
}

static void on_step_run(void *owner, const struct pg_result *result,
			const struct error *err)
{
	struct comparison *c = owner;
	AUTO_FREE char *sql = fill_schemas(sql_structure_digest, temporary_schema);

	(void)result;
	if (err) {
		struct error named = *err;

		error_prefix(&named, "%s",
			     c->migrations->steps[c->step].files[c->level].name);
		end(c, &named);
	} else if (!c->shapes[c->level][c->step].is_needed) {
		c->step++;
		run_step(c);
	} else {
		pgconn_query(session_conn(c->session), sql, NULL, 0, on_shape_digest, c);
	}
}

static void run_step(struct comparison *c)
{
	if (c->step < c->migrations->count)
		pgconn_script(session_conn(c->session),
			      c->migrations->steps[c->step].files[c->level].text,
			      on_step_run, c);
	else
		pgconn_query(session_conn(c->session), "ROLLBACK", NULL, 0,
			     on_level_ended, c);
}

static void on_begun(void *owner, const struct pg_result *result, const struct error *err)
{
	struct comparison *c = owner;

	(void)result;
	if (err)
		end(c, err);
	else
		run_step(c);
}

static void begin_level(struct comparison *c)
{
	const char *none = c->migrations->none.text;
	AUTO_FREE char *sql = str_format("BEGIN; SET LOCAL search_path = pg_temp; %s",
					 c->level == MIGRATION_LOCAL && none ? none : "");

	c->step = 0;
	pgconn_script(session_conn(c->session), sql, on_begun, c);
}

void structure_compare(struct session *session, const struct migrations *migrations,
		       const struct catalog_states *states, structure_drifted_fn *drifted,
		       structure_done_fn *done, void *owner)
{
	struct comparison *c = xcalloc(1, sizeof(*c));

	*c = (struct comparison){ .session = session,
				  .migrations = migrations,
				  .states = states,
				  .drifted = drifted,
				  .done = done,
				  .owner = owner };
	for (int level = 0; level < MIGRATION_LEVELS; level++)
		c->shapes[level] = xcalloc(migrations->count, sizeof(struct shape));
	for (size_t i = 0; i < states->count; i++) {
		struct shape *shape = shape_of(c, &states->list[i]);

		if (shape)
			shape->is_needed = true;
	}
	begin_level(c);
}
