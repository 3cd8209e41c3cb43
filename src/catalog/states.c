/* SPDX-License-Identifier: PostgreSQL */
#include "catalog/states.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "catalog/grants.h"
#include "catalog/accounts.h"
#include "catalog/copies.h"
#include "catalog/sql.h"
#include "product/version.h"
#include "product/product.h"

/* A table with more rows is not a table of versions, and a longer value is not a
 * version. */
enum { MOST_ROWS = 1000, MOST_VALUE_BYTES = 1000, MOST_TEXT_BYTES = 100 };

/* A table that holds versions of an account: the only one, or a partition. */
struct source {
	size_t account;
	bool is_padded; /* char(n) */
};

struct reading {
	struct session *session; /* of the node */
	struct session *reader;  /* used for nothing else */
	char *names;             /* as an array */
	struct catalog_states states;
	uint64_t lock_wait_ms;
	struct source *sources; /* of each statement */
	struct copies_list statements;
	catalog_states_fn *done;
	void *owner;
};

void catalog_states_release(struct catalog_states *s)
{
	for (size_t i = 0; i < s->count; i++) {
		free(s->list[i].name);
		free(s->list[i].owner);
		free(s->list[i].version);
		free(s->list[i].problem);
	}
	free(s->list);
	*s = (struct catalog_states){ 0 };
}

static void end(struct reading *r, const struct error *err)
{
	struct error named;

	if (err) {
		named = *err;
		error_prefix(&named, "list the accounts");
		catalog_states_release(&r->states);
	}
	session_end_reader(r->session); /* before `done`, which may free the node */
	r->done(r->owner, &r->states, err ? &named : NULL);
	copies_release(&r->statements);
	free(r->sources);
	free(r->names);
	free(r);
}

/* ---- versions ---- */

/* The rows of _general are received one by one; the largest version counts. */
static void take_row(struct catalog_state *s, const char *version)
{
	uint64_t number;

	if (s->kind == CATALOG_UNREADABLE)
		return;
	s->has_row = true;
	if (!version_parse(version, &number)) {
		if (s->kind == CATALOG_VERSION)
			return;
		free(s->problem);
		s->problem =
			version ? str_format("its " PRODUCT_VERSION_TABLE
					     "." PRODUCT_VERSION_COLUMN " is '%s', which "
					     "is not a version",
					     version)
				: xstrdup("its " PRODUCT_VERSION_TABLE
					  "." PRODUCT_VERSION_COLUMN " is NULL");
		return;
	}
	if (s->kind == CATALOG_VERSION && number <= s->number)
		return;
	free(s->version);
	free(s->problem);
	s->problem = NULL;
	s->kind = CATALOG_VERSION;
	s->version = xstrdup(version);
	s->number = number;
}

static void set_unreadable(struct catalog_state *s, const char *problem)
{
	free(s->problem);
	free(s->version);
	s->version = NULL;
	s->kind = CATALOG_UNREADABLE;
	s->problem = xstrdup(problem);
}

/* Shorten the text, but not in the middle of a character. */
static void cut(char *text)
{
	size_t length = strlen(text);

	if (length <= MOST_TEXT_BYTES)
		return;
	length = MOST_TEXT_BYTES;
	while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80)
		length--;
	text[length] = '\0';
}

static void take_value(struct catalog_state *s, const struct source *source,
		       const char *line, size_t length)
{
	AUTO_FREE char *value = NULL;

	if (source->is_padded)
		while (length > 0 && line[length - 1] == ' ')
			length--;
	if (length > MOST_VALUE_BYTES) {
		take_row(s, "(a long text)");
		return;
	}
	value = catalog_decode_copy(line, length);
	if (value)
		cut(value);
	take_row(s, value);
}

static bool on_row(void *owner, size_t statement, size_t number, const char *line,
		   size_t length)
{
	struct reading *r = owner;
	const struct source *source = &r->sources[statement];
	struct catalog_state *state = &r->states.list[source->account];
	bool is_too_much = !line || number > MOST_ROWS;

	if (is_too_much)
		set_unreadable(state, line ? "its " PRODUCT_VERSION_TABLE
					     " has more than 1000 rows"
					   : "its " PRODUCT_VERSION_TABLE
					     " holds a value of more "
					     "than a megabyte");
	else
		take_value(state, source, line, length);
	return !is_too_much;
}

static void on_failed(void *owner, size_t statement, const struct pg_failure *failure,
		      const struct error *err)
{
	struct reading *r = owner;
	struct catalog_state *state = &r->states.list[r->sources[statement].account];

	set_unreadable(state, err->text);
	state->is_forbidden = !strcmp(failure->sqlstate, CATALOG_FORBIDDEN);
}

static void on_read(void *owner, const struct error *err)
{
	end(owner, err);
}

static void read_versions(struct reading *r)
{
	const struct copies_opts opts = { .session = r->session,
					  .reader = r->reader,
					  .lock_wait_ms = r->lock_wait_ms,
					  .row = on_row,
					  .failed = on_failed,
					  .done = on_read,
					  .owner = r };

	copies_read(&opts, &r->statements);
}

/* ---- accounts ---- */

static void take_account(struct catalog_state *s, const struct pg_result *result, int row)
{
	bool has_general = pgresult_is_true(result, row, 4);
	bool has_column = pgresult_is_true(result, row, 5);
	const char *objection = pgresult_value(result, row, 6);

	s->name = xstrdup(pgresult_value(result, row, 1));
	s->has_schema = pgresult_is_true(result, row, 2);
	s->looks_like_account = pgresult_is_true(result, row, 3);
	s->kind = has_general ? CATALOG_BROKEN : CATALOG_NO_VERSION;
	if (pgresult_value(result, row, 10))
		s->owner = xstrdup(pgresult_value(result, row, 10));
	if (objection)
		set_unreadable(s, objection);
	else if (has_general)
		s->problem =
			xstrdup(has_column ? "its " PRODUCT_VERSION_TABLE " has no row"
					   : "its " PRODUCT_VERSION_TABLE
					     " has no column " PRODUCT_VERSION_COLUMN);
}

/*
 * Whatever has that name when it is read (it is looked up again), no code of its owner is
 * run. A query would run some as soon as it is planned: expressions of indexes and
 * statistics are simplified by calling functions. COPY plans nothing. It refuses views,
 * foreign and partitioned tables and, with row_security = off, tables with policies; and
 * it writes a value by its type alone, without a cast.
 */
static void take_source(struct reading *r, size_t account, const struct pg_result *result,
			int row)
{
	const char *relation = pgresult_value(result, row, 8);
	bool has_column = pgresult_is_true(result, row, 5);
	AUTO_FREE char *sql = NULL;

	if (!relation || !has_column ||
	    r->states.list[account].kind == CATALOG_UNREADABLE)
		return;
	sql = str_format("COPY %s (" PRODUCT_VERSION_COLUMN ") TO STDOUT", relation);
	r->sources = xgrow(r->sources, r->statements.count, sizeof(*r->sources));
	r->sources[r->statements.count] =
		(struct source){ account, pgresult_is_true(result, row, 7) };
	copies_add(&r->statements, sql, pgresult_is_true(result, row, 9));
}

static void on_listed(void *owner, const struct pg_result *result,
		      const struct error *err)
{
	struct reading *r = owner;
	struct catalog_states *states = &r->states;
	size_t count;

	if (err) {
		end(r, err);
		return;
	}
	count = (size_t)pgresult_rows(result);
	states->list = xcalloc(count, sizeof(*states->list));
	for (int i = 0; i < (int)count; i++) {
		if (pgresult_uint(result, i, 0) > states->count)
			take_account(&states->list[states->count++], result, i);
		take_source(r, states->count - 1, result, i);
	}
	read_versions(r);
}

static void list(struct reading *r)
{
	pgconn_query(session_conn(r->reader), sql_states,
		     (const char *const[]){ r->names }, 1, on_listed, r);
}

static void on_reader_ready(void *owner, const struct error *err)
{
	struct reading *r = owner;

	if (err)
		end(r, err);
	else
		list(r);
}

void catalog_read_states(struct session *session, const struct strvec *names,
			 uint64_t lock_wait_ms, catalog_states_fn *done, void *owner)
{
	struct reading *r = xcalloc(1, sizeof(*r));

	*r = (struct reading){ .session = session,
			       .names = catalog_format_array(names),
			       .lock_wait_ms = lock_wait_ms,
			       .done = done,
			       .owner = owner };
	r->reader = session_start_reader(session, on_reader_ready, r);
}

/* ---- statements shown in hints ---- */

static void add_literal(struct strbuf *out, const char *text)
{
	if (strchr(text, '\\'))
		/* independent of standard_conforming_strings */
		strbuf_add_char(out, 'E');
	strbuf_add_char(out, '\'');
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			strbuf_add_char(out, *text);
		strbuf_add_char(out, *text);
	}
	strbuf_add_char(out, '\'');
}

char *catalog_set_version_statement(const struct catalog_state *s, const char *version)
{
	struct strbuf out = { 0 };

	strbuf_add_str(&out, s->has_row ? "UPDATE " : "INSERT INTO ");
	strbuf_add_identifier(&out, s->name, strlen(s->name));
	strbuf_add_format(&out,
			  s->has_row ? "." PRODUCT_VERSION_TABLE
				       " SET " PRODUCT_VERSION_COLUMN " = '%s'"
				     : "." PRODUCT_VERSION_TABLE
				       " (" PRODUCT_VERSION_COLUMN ") VALUES ('%s')",
			  version);
	return strbuf_detach(&out);
}

char *catalog_register_statement(const char *account)
{
	struct strbuf out = { 0 };

	strbuf_add_str(&out, "INSERT INTO " PRODUCT_ACCOUNTS " (" PRODUCT_ACCOUNTS_COLUMN
			     ") VALUES (");
	add_literal(&out, account);
	strbuf_add_str(&out, ");");
	return strbuf_detach(&out);
}

/* ---- look-alikes ---- */

struct lookalikes {
	catalog_lookalikes_fn *done;
	void *owner;
};

static void on_lookalikes(void *owner, const struct pg_result *result,
			  const struct error *err)
{
	struct lookalikes *l = owner;
	AUTO_STRVEC struct strvec names = { 0 };

	for (int i = 0; !err && i < pgresult_rows(result); i++)
		strvec_push(&names, pgresult_value(result, i, 0));
	l->done(l->owner, &names, err);
	free(l);
}

static void list_schemas(struct session *session, const char *sql,
			 catalog_lookalikes_fn *done, void *owner)
{
	struct lookalikes *l = xcalloc(1, sizeof(*l));

	*l = (struct lookalikes){ .done = done, .owner = owner };
	pgconn_query(session_conn(session), sql, NULL, 0, on_lookalikes, l);
}

void catalog_list_lookalikes(struct session *session, catalog_lookalikes_fn *done,
			     void *owner)
{
	list_schemas(session, sql_lookalikes, done, owner);
}

void catalog_list_strangers(struct session *session, catalog_lookalikes_fn *done,
			    void *owner)
{
	list_schemas(session, sql_strangers, done, owner);
}
